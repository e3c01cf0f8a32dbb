// The noun: a workspace as it is stored, and what other slices must supply to it (ports).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "base/secret.h"
#include "platform/io/task.h"
#include "platform/sql/database.h"
#include "server/workspaces/directory.h"

namespace molecule::workspaces {

using Access = api::WorkspaceAccess;

// One row, column by column.
struct Row {
  WorkspaceId id;
  std::optional<WorkspaceId> parent;
  std::string name;
  std::string role;
  int tier = 3;
  Status status = Status::provisioning;
  std::string runtime;
  std::string url;                   // Empty when the agent has none.
  RawJson agent_card;                // Empty until registered.
  std::optional<Delivery> delivery;  // Empty until somebody chose.
  std::optional<std::string> workspace_dir;
  Access workspace_access = Access::none;
  std::optional<std::int64_t> budget_limit;
  int max_concurrent_tasks = 1;
  double x = 0;
  double y = 0;
  bool collapsed = false;
  std::string model;
  std::string template_name;
  std::string failure;  // Why it could not be provisioned; shown as last_sample_error.
  Instant created_at;
  Instant updated_at;
  std::optional<Instant> removed_at;
  std::optional<Instant> claim_until;    // Until when its agent may register without a credential.
  std::optional<Instant> registered_at;  // First registration.
  std::optional<Instant> last_outbound_at;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (id, parent, name, role, tier, status, runtime, url, agent_card, delivery,
                       workspace_dir, workspace_access, budget_limit, max_concurrent_tasks, x, y,
                       collapsed, model, template_name, failure, created_at, updated_at, removed_at,
                       claim_until, registered_at, last_outbound_at))

Delivery effective_delivery(const Row& row);

// What an agent last said about itself.
struct Vitals {
  std::optional<Instant> last_heartbeat_at;
  std::int64_t active_tasks = 0;
  std::int64_t uptime_seconds = 0;
  double error_rate = 0;
  std::string sample_error;
  std::string current_task;
  std::int64_t monthly_spend = 0;
  bool late = false;   // Two beats were missed.
  bool fresh = false;  // Heard within the limit after which it counts as gone.
};

// Ports, fulfilled by the root.

class VitalSigns {  // presence
 public:
  virtual ~VitalSigns() = default;
  virtual Vitals of(WorkspaceId id) const = 0;  // Any thread, in memory.
  // A workspace was made, is counted as alive from `at` on, and must prove it. After commit.
  virtual void expect(WorkspaceId id, Instant at) = 0;
};

class UrlCheck {  // net: refuses addresses that point inward
 public:
  virtual ~UrlCheck() = default;
  // Throws Fault bad_request "url_not_allowed" with the reason.
  virtual io::Task<void> check(std::string url) = 0;
};

class SecretStore {  // secrets
 public:
  virtual ~SecretStore() = default;
  virtual void put(sql::Tx& tx, WorkspaceId id, std::string_view key, const Secret& value) = 0;
};

class InboundSecrets {  // secrets: what the platform shows to an agent when it calls the agent
 public:
  virtual ~InboundSecrets() = default;
  // Made at the first call, the same at every later one. For the agent itself only.
  virtual Secret ensure(sql::Tx& tx, WorkspaceId id) = 0;
  virtual Secret of(WorkspaceId id) const = 0;  // Any thread, in memory; empty when none was made.
};

// Others that keep something about workspaces. Called inside the transaction that removes or
// purges.
class Departure {
 public:
  virtual ~Departure() = default;
  virtual void removed(sql::Tx&, std::span<const WorkspaceId>) {}
  virtual void purged(sql::Tx&, std::span<const WorkspaceId>) {}
};

}  // namespace molecule::workspaces
