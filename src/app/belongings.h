// What belongs to one platform: its store, and the key files beside it in the data directory. A
// part that is missing is never made anew in silence, for an empty store forgets everybody and a
// new key opens nothing that was sealed: the platform refuses to start and says what to put back,
// unless it is told to begin anew. Nothing is ever deleted.
#pragma once

#include <filesystem>
#include <memory>

#include "app/config.h"
#include "platform/crypto/sign.h"
#include "platform/io/clock.h"
#include "platform/io/task.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"

namespace molecule::app {

class Belongings {
 public:
  explicit Belongings(const Config& config);

  std::filesystem::path database() const { return data_ / "molecule.db"; }
  std::filesystem::path mark() const { return data_ / "store_mark"; }
  std::filesystem::path admin_token() const { return data_ / "admin_token"; }
  std::filesystem::path sealing_key() const { return data_ / "sealing_key"; }
  std::filesystem::path platform_key() const { return data_ / "platform_key"; }
  // The bytes of files that went up.
  std::filesystem::path attachments() const {
    return attachments_.empty() ? data_ / "attachments" : std::filesystem::path(attachments_);
  }

  // For a verb that works on the store of a platform, whether that runs or not: it begins none.
  sql::Settings store() const;
  // For the platform itself.
  sql::Settings own_store() const;

  // Opens the platform's own store. Throws Fault conflict `store_missing`, which names what is here
  // without it.
  std::unique_ptr<sql::Database> open(metrics::Registry& registry) const;
  // The platform's own key, if there is one yet. Throws Fault where what is there is none.
  std::optional<crypto::SigningKey> found_key() const;
  // Made where there is none yet.
  crypto::SigningKey own_key(io::Random& random) const;
  // After migrate() and before take_over(). Throws Fault conflict `key_missing`.
  void require_keys(sql::Database& db) const;
  // Once there are keys: a later start knows what it needs.
  io::Task<void> note_keys(sql::Database& db, const crypto::PublicKey& own) const;

 private:
  bool left_behind() const;
  void require_own_key(const std::optional<std::string>& promised) const;

  std::filesystem::path data_;
  std::string database_url_;
  std::string platform_key_;  // As it was set.
  std::string attachments_;   // The same.
  bool begin_anew_;
  bool admin_token_set_;
  bool sealing_key_set_;
};

}  // namespace molecule::app
