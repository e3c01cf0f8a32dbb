// Secrets that other slices keep, sealed at rest like the platform's own: each under the place that
// its slice names, to which it is bound. A change of the sealing key seals them anew.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/secrets/vault.h"

namespace molecule::secrets {

class Kept {
 public:
  explicit Kept(Vault& vault) : vault_(vault) {}

  void put(sql::Tx& tx, const std::string& place, std::string_view plain);
  // Nothing when there is none. Throws Fault internal when it cannot be opened.
  std::optional<Secret> find(sql::Statements& statements, const std::string& place) const;
  void forget(sql::Tx& tx, const std::string& place);

 private:
  Vault& vault_;
};

}  // namespace molecule::secrets
