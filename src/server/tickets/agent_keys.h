// Which key belongs to which workspace: whoever acts as that workspace over its own connection has
// to hold it, so a token alone is worth nothing there. Pinned when a ticket is redeemed; a token
// that is made anew changes nothing about it. In memory a projection of the log.
#pragma once

#include <optional>
#include <span>
#include <unordered_map>

#include "base/id.h"
#include "base/instant.h"
#include "platform/crypto/sign.h"
#include "platform/io/guarded.h"
#include "server/events/log.h"
#include "server/workspaces/workspaces.h"

namespace molecule::tickets {

class AgentKeys final : public facts::Projection, public workspaces::Departure {
 public:
  explicit AgentKeys(events::Log& log) : log_(log) {}

  // Any thread, in memory.
  std::optional<crypto::PublicKey> pinned_key(WorkspaceId workspace) const;

  // In the transaction of the redemption, whose event tells memory of it.
  void pin(sql::Tx& tx, WorkspaceId workspace, const crypto::PublicKey& key, Instant now);
  bool is_pinned(sql::Tx& tx, WorkspaceId workspace, const crypto::PublicKey& key) const;
  // False when none is pinned.
  bool remove(sql::Tx& tx, WorkspaceId workspace);

  // With its workspace goes its key.
  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override;
  void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override { removed(tx, ids); }

 private:
  std::span<const facts::Kind> applies() const override;
  Place load(sql::Statements& statements) override;
  void apply(const facts::Fact& fact) override;

  using Known = std::unordered_map<WorkspaceId, crypto::PublicKey>;
  events::Log& log_;
  io::Guarded<Known> known_;
};

}  // namespace molecule::tickets
