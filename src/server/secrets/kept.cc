#include "server/secrets/kept.h"

#include "server/secrets/secrets_store.h"

namespace molecule::secrets {

void Kept::put(sql::Tx& tx, const std::string& place, std::string_view plain) {
  const crypto::Sealed sealed = vault_.seal(tx, plain, kept_place(place));
  tx.run(store::put_kept, std::string_view(place), sql::BytesView(sealed));
}

std::optional<Secret> Kept::find(sql::Statements& statements, const std::string& place) const {
  auto row = statements.optional(store::find_kept, std::string_view(place));
  if (!row) return std::nullopt;
  return vault_.open(row->sealed, kept_place(place));
}

void Kept::forget(sql::Tx& tx, const std::string& place) {
  tx.post(store::forget_kept, std::string_view(place));
}

}  // namespace molecule::secrets
