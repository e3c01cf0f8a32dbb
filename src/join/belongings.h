// What is kept on this machine for one workspace: its token, our key, and the platform's
// fingerprint. A directory that only its owner may enter.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/secret.h"
#include "platform/crypto/sign.h"
#include "platform/process/environment.h"

namespace molecule::join {

class Belongings {
 public:
  // Below `state`; nobody else may use it while this lives: Fault conflict says who does.
  Belongings(const std::filesystem::path& state, WorkspaceId workspace);

  std::optional<Secret> token() const;
  void keep_token(const Secret& token);
  std::optional<crypto::SigningKey> key() const;
  void keep_key(const crypto::SigningKey& key);
  std::optional<std::string> fingerprint() const;
  void keep_fingerprint(const std::string& fingerprint);
  const std::filesystem::path& directory() const { return directory_; }

  // MOLECULE_STATE_DIR, XDG_STATE_HOME/molecule, ~/.local/state/molecule.
  static std::filesystem::path default_state();

 private:
  std::filesystem::path directory_;
  std::optional<process::DirectoryLock> lock_;
};

}  // namespace molecule::join
