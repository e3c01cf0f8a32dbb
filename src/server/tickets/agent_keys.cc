#include "server/tickets/agent_keys.h"

#include <array>

#include "base/fault.h"
#include "server/tickets/tickets_store.h"

namespace molecule::tickets {
namespace {

constexpr std::array<facts::Kind, 4> kinds{
    events::Type::TICKET_REDEEMED, events::Type::AGENT_KEY_REMOVED, events::Type::WORKSPACE_REMOVED,
    facts::Internal::WORKSPACES_PURGED};

crypto::PublicKey key_from(const sql::Bytes& bytes) {
  auto key = crypto::public_key_from(crypto::Bytes(bytes));
  if (!key) throw internal("a stored agent key is no key");
  return *key;
}

}  // namespace

std::span<const facts::Kind> AgentKeys::applies() const { return kinds; }

AgentKeys::Place AgentKeys::load(sql::Statements& statements) {
  Known read;
  for (const store::KeyRow& row : statements.all(store::all_keys))
    read.emplace(row.workspace_id, key_from(row.public_key));
  return [this, read = std::move(read)]() mutable {
    known_.write([&](Known& known) { known = std::move(read); });
  };
}

void AgentKeys::apply(const facts::Fact& fact) {
  if (fact.kind == facts::Kind(events::Type::TICKET_REDEEMED)) {
    auto key = crypto::public_key_from(fact.read<events::TicketSpent>().agent_key);
    if (!key) throw internal("the log names an agent key that is none");
    known_.write([&](Known& known) { known.insert_or_assign(fact.workspace, *key); });
  } else if (fact.kind == facts::Kind(facts::Internal::WORKSPACES_PURGED)) {
    const auto gone = fact.read<facts::WorkspacesPurged>();
    known_.write([&](Known& known) {
      for (WorkspaceId id : gone.ids) known.erase(id);
    });
  } else {
    known_.write([&](Known& known) { known.erase(fact.workspace); });
  }
}

std::optional<crypto::PublicKey> AgentKeys::pinned_key(WorkspaceId workspace) const {
  return known_.read([&](const Known& known) -> std::optional<crypto::PublicKey> {
    auto it = known.find(workspace);
    if (it == known.end()) return std::nullopt;
    return it->second;
  });
}

void AgentKeys::pin(sql::Tx& tx, WorkspaceId workspace, const crypto::PublicKey& key, Instant now) {
  tx.run(store::pin_key, workspace, sql::BytesView(key.bytes), now);
}

bool AgentKeys::is_pinned(sql::Tx& tx, WorkspaceId workspace, const crypto::PublicKey& key) const {
  auto row = tx.optional(store::find_key, workspace);
  return row && key_from(row->public_key) == key;
}

bool AgentKeys::remove(sql::Tx& tx, WorkspaceId workspace) {
  auto row = tx.optional(store::find_key, workspace);
  if (!row) return false;
  tx.run(store::forget_key, workspace);
  events::AgentKeyForgotten forgotten{crypto::text_of(key_from(row->public_key))};
  log_.append(tx, events::event<events::Type::AGENT_KEY_REMOVED>(workspace, forgotten));
  return true;
}

// The removal itself is on the log; memory follows that.
void AgentKeys::removed(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  for (WorkspaceId id : ids) tx.run(store::forget_key, id);
}

}  // namespace molecule::tickets
