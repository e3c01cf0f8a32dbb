#include "server/secrets/inbound.h"

#include <array>

#include "base/fault.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/token.h"
#include "platform/log/log.h"
#include "server/secrets/secrets_store.h"

namespace molecule::secrets {

namespace {

constexpr std::array<facts::Kind, 2> kinds{facts::Internal::INBOUND_SECRET_MADE,
                                           facts::Internal::INBOUND_SECRETS_GONE};

}  // namespace

std::span<const facts::Kind> Inbound::applies() const { return kinds; }

void Inbound::know(Known& known, WorkspaceId id, crypto::Bytes sealed) const {
  try {
    known.insert_or_assign(id, vault_.open(sealed, inbound_place(id)));
  } catch (const Fault& fault) {
    log::error("an inbound secret cannot be opened", log::field("workspace", id),
               log::field("code", fault.code()));
  }
}

Inbound::Place Inbound::load(sql::Statements& statements) {
  auto rows = statements.all(store::all_inbound);
  return [this, rows = std::move(rows)] {
    Known known;
    for (const store::InboundRow& row : rows) know(known, row.workspace_id, row.sealed);
    known_.write([&](Known& all) { all = std::move(known); });
  };
}

void Inbound::apply(const facts::Fact& fact) {
  if (fact.kind == facts::Kind(facts::Internal::INBOUND_SECRET_MADE)) {
    const std::string text = fact.read<facts::InboundSecretMade>().sealed;
    const auto sealed = crypto::base64_decode(text).value_or(std::vector<std::uint8_t>{});
    known_.write([&](Known& known) { know(known, fact.workspace, sealed); });
    return;
  }
  const auto gone = fact.read<facts::InboundSecretsGone>();
  known_.write([&](Known& known) {
    for (WorkspaceId id : gone.ids) known.erase(id);
  });
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
  record_.note<facts::Internal::INBOUND_SECRET_MADE>(tx, id, {crypto::base64_encode(sealed)});
  return secret;
}

Secret Inbound::of(WorkspaceId id) const {
  return known_.read([&](const auto& map) {
    auto it = map.find(id);
    return it == map.end() ? Secret() : it->second;
  });
}

void Inbound::removed(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  facts::InboundSecretsGone gone;
  for (WorkspaceId id : ids) {
    if (tx.run(store::forget_inbound, id) > 0) gone.ids.push_back(id);
  }
  if (!gone.ids.empty()) record_.note<facts::Internal::INBOUND_SECRETS_GONE>(tx, {}, gone);
}

}  // namespace molecule::secrets
