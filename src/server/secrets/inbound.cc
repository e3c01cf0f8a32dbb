#include "server/secrets/inbound.h"

#include "base/fault.h"
#include "platform/crypto/token.h"
#include "platform/log/log.h"
#include "server/secrets/secrets_store.h"

namespace molecule::secrets {

io::Task<void> Inbound::load() {
  auto query = [](sql::Read& read) { return read.all(store::all_inbound); };
  std::vector<store::InboundRow> rows = co_await db_.read(query);
  for (const store::InboundRow& row : rows) {
    try {
      Secret secret = vault_.open(row.sealed, inbound_place(row.workspace_id));
      known_.write([&](auto& map) { map.insert_or_assign(row.workspace_id, std::move(secret)); });
    } catch (const Fault& fault) {
      log::error("an inbound secret cannot be opened", log::field("workspace", row.workspace_id),
                 log::field("code", fault.code()));
    }
  }
}

Secret Inbound::ensure(sql::Tx& tx, WorkspaceId id) {
  if (auto row = tx.optional(store::find_inbound, id)) {
    try {
      return vault_.open(row->sealed, inbound_place(id));
    } catch (const Fault&) {
      // Its key is lost, so nobody can have a use for it any more; a new one takes its place.
    }
  }
  Secret secret = crypto::make_token(random_);
  crypto::Sealed sealed = vault_.seal(tx, secret.reveal(), inbound_place(id));
  tx.run(store::put_inbound, id, sql::BytesView(sealed), clock_.now());
  tx.after_commit(
      [this, id, secret] { known_.write([&](auto& map) { map.insert_or_assign(id, secret); }); });
  return secret;
}

Secret Inbound::of(WorkspaceId id) const {
  return known_.read([&](const auto& map) {
    auto it = map.find(id);
    return it == map.end() ? Secret() : it->second;
  });
}

void Inbound::removed(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  for (WorkspaceId id : ids) {
    tx.run(store::forget_inbound, id);
    tx.after_commit([this, id] { known_.write([&](auto& map) { map.erase(id); }); });
  }
}

}  // namespace molecule::secrets
