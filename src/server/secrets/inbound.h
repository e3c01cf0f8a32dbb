// The other direction of proof: what the platform shows to an agent when it calls the agent's own
// address, so that the agent can tell the platform from anybody who found that address. Each
// workspace has one, made when its agent first registers and told to that agent alone. Sealed at
// rest; opened once at start and kept in memory, so that carrying a message asks no store.
#pragma once

#include <span>
#include <unordered_map>

#include "platform/io/clock.h"
#include "platform/io/guarded.h"
#include "server/facts/record.h"
#include "server/secrets/vault.h"
#include "server/workspaces/workspaces.h"

namespace molecule::secrets {

class Inbound final : public workspaces::InboundSecrets,
                      public workspaces::Departure,
                      public facts::Projection {
 public:
  // One that cannot be opened when it is loaded is logged by its workspace and made anew at that
  // agent's next registration.
  Inbound(const io::Clock& clock, io::Random& random, Vault& vault, facts::Record& record)
      : clock_(clock), random_(random), vault_(vault), record_(record) {}

  Secret ensure(sql::Tx& tx, WorkspaceId id) override;
  Secret of(WorkspaceId id) const override;

  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override;
  void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override { removed(tx, ids); }

 private:
  std::span<const facts::Kind> applies() const override;
  Place load(sql::Statements& statements) override;
  void apply(const facts::Fact& fact) override;
  using Known = std::unordered_map<WorkspaceId, Secret>;
  void know(Known& known, WorkspaceId id, crypto::Bytes sealed) const;

  const io::Clock& clock_;
  io::Random& random_;
  Vault& vault_;
  facts::Record& record_;
  io::Guarded<Known> known_;
};

}  // namespace molecule::secrets
