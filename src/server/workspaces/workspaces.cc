#include "server/workspaces/workspaces.h"

namespace molecule::workspaces {

Delivery effective_delivery(const Row& row) {
  return effective_delivery(row.delivery, row.runtime, row.url);
}

Entry entry_of(const Row& row) {
  Entry entry;
  entry.id = row.id;
  entry.parent = row.parent;
  entry.name = row.name;
  entry.role = row.role;
  entry.tier = row.tier;
  entry.runtime = row.runtime;
  entry.status = row.status;
  entry.chosen = row.delivery;
  entry.delivery = effective_delivery(row);
  entry.url = row.url;
  entry.show_card(row.agent_card);
  entry.max_concurrent_tasks = row.max_concurrent_tasks;
  entry.budget_limit = row.budget_limit;
  entry.removed_at = row.removed_at;
  entry.created_at = row.created_at;
  return entry;
}

}  // namespace molecule::workspaces
