// Sealing and opening of secrets, and the change from one key to the next. The ring of keys lives
// in a file outside the database (or in SECRETS_ENCRYPTION_KEY) and, while the platform runs, here.
//
// A value is bound to its place: table, workspace and name are sealed in with it.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/secret.h"
#include "platform/crypto/seal.h"
#include "platform/io/clock.h"
#include "platform/io/guarded.h"
#include "platform/io/task.h"
#include "platform/sql/database.h"

namespace molecule::secrets {

using RingPtr = std::shared_ptr<const crypto::Keyring>;

struct KeySettings {
  std::filesystem::path file;  // <data>/sealing_key
  bool from_environment =
      false;  // The sealing key is the environment's: rotation makes no new one.
};

class Vault {
 public:
  Vault(sql::Database& db, io::Random& random, crypto::Keyring ring, KeySettings settings);

  // Inside a write: seals with the ring of this moment and holds that ring until the write is
  // durable or undone, so that a rotation knows when the last value under the old key has arrived.
  crypto::Sealed seal(sql::Tx& tx, std::string_view plain, std::string_view place);
  // Throws Fault internal when bytes, place or key do not belong together. Any thread.
  Secret open(crypto::Bytes sealed, std::string_view place) const;

  // Makes a new key (unless the key is the environment's), seals every value again under it, and
  // then removes the old ones from the file. Old keys stay until all is done: a crash in between
  // costs nothing, the next rotation completes it. A value that cannot be opened is left as it is,
  // and then so are the old keys. Throws Fault conflict `rotation_running`. Briefly blocks the
  // calling loop to write the key file.
  struct Resealed {
    std::int64_t resealed = 0;
    std::int64_t unreadable = 0;
  };
  io::Task<Resealed> rotate();

  // At start. Throws Fault conflict `key_missing` when values are sealed with a key that is not on
  // the ring; `give_up` lets go of such keys, now and at later starts.
  io::Task<void> require_keys(bool give_up);

  std::size_t keys() const { return ring()->size(); }

 private:
  RingPtr ring() const {
    return ring_.read([](const RingPtr& ring) { return ring; });
  }
  io::Task<void> wait_until_unused(std::weak_ptr<const crypto::Keyring> ring);
  // The same value under the ring's sealing key; empty when it is so already or cannot be opened.
  std::optional<crypto::Sealed> reseal(const crypto::Keyring& ring, const sql::Bytes& sealed,
                                       const std::string& place, Resealed& counts);
  io::Task<void> reseal_globals(Resealed& counts);
  io::Task<void> reseal_workspaces(Resealed& counts);
  io::Task<void> reseal_inbound(Resealed& counts);
  io::Task<void> reseal_kept(Resealed& counts);

  sql::Database& db_;
  io::Random& random_;
  io::Guarded<RingPtr> ring_;
  KeySettings settings_;
  std::atomic<bool> rotating_{false};
};

std::string global_place(std::string_view key);
std::string workspace_place(WorkspaceId workspace, std::string_view key);
std::string inbound_place(WorkspaceId workspace);
std::string kept_place(std::string_view place);

}  // namespace molecule::secrets
