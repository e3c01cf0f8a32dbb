#include "server/workspaces/workspaces.h"

namespace molecule::workspaces {

Delivery effective_delivery(const Row& row) {
  return effective_delivery(row.delivery, row.runtime, row.url);
}

}  // namespace molecule::workspaces
