// The other direction of proof: what the platform shows to an agent when it calls the agent's own
// address, so that the agent can tell the platform from anybody who found that address. Each
// workspace has one, made when its agent first registers and told to that agent alone. Sealed at
// rest; opened once at start and kept in memory, so that carrying a message asks no store.
#pragma once

#include <span>
#include <unordered_map>

#include "platform/io/clock.h"
#include "platform/io/guarded.h"
#include "server/secrets/vault.h"
#include "server/workspaces/workspaces.h"

namespace molecule::secrets {

class Inbound final : public workspaces::InboundSecrets, public workspaces::Departure {
 public:
  Inbound(sql::Database& db, const io::Clock& clock, io::Random& random, Vault& vault)
      : db_(db), clock_(clock), random_(random), vault_(vault) {}

  // Opens all of them. Once, at start; one that cannot be opened is logged by its workspace and
  // made anew at that agent's next registration.
  io::Task<void> load();

  Secret ensure(sql::Tx& tx, WorkspaceId id) override;
  Secret of(WorkspaceId id) const override;

  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override;
  void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override { removed(tx, ids); }

 private:
  sql::Database& db_;
  const io::Clock& clock_;
  io::Random& random_;
  Vault& vault_;
  io::Guarded<std::unordered_map<WorkspaceId, Secret>> known_;
};

}  // namespace molecule::secrets
