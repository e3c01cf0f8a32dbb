#include "app/belongings.h"

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/crypto/key_file.h"
#include "platform/io/scope.h"
#include "platform/sql/store_facts.h"
#include "server/tickets/promise.h"

namespace molecule::app {
namespace {

namespace fs = std::filesystem;

// Names and values of facts in the store.
constexpr std::string_view admin_fact = "admin_token";
constexpr std::string_view sealing_fact = "sealing_key";
constexpr std::string_view in_file = "file";
constexpr std::string_view by_setting = "setting";

constexpr std::string_view how_to_restore =
    "\"Back up and restore\" in docs/guides/operate.md has the steps";

}  // namespace

Belongings::Belongings(const Config& config)
    : data_(config.text("data")),
      database_url_(config.text("database-url")),
      platform_key_(config.text("platform-key")),
      attachments_(config.text("attachments-dir")),
      begin_anew_(config.flag("begin-anew")),
      admin_token_set_(!config.text("admin-token").empty()),
      sealing_key_set_(!config.text("secrets-encryption-key").empty()) {}

bool Belongings::left_behind() const {
  return fs::exists(mark()) || fs::exists(admin_token()) || fs::exists(sealing_key()) ||
         fs::exists(platform_key());
}

sql::Settings Belongings::store() const {
  sql::Settings found;
  found.url = database_url_;
  found.path = database().string();
  found.mark = mark().string();
  found.create = false;
  return found;
}

sql::Settings Belongings::own_store() const {
  sql::Settings found = store();
  found.sole_writer = true;
  found.create = begin_anew_ || !left_behind();
  return found;
}

std::unique_ptr<sql::Database> Belongings::open(metrics::Registry& registry) const {
  try {
    return sql::open(own_store(), registry);
  } catch (const Fault& fault) {
    if (fault.code() != "store_missing") throw;
    std::string here;
    for (const fs::path& file : {mark(), admin_token(), sealing_key(), platform_key()}) {
      if (fs::exists(file)) here += (here.empty() ? "" : ", ") + file.string();
    }
    throw conflict(
        "store_missing",
        fmt::format("{}, but files of the platform that used it are still here: {}. Put the "
                    "database back from your backup and start again ({}). To begin anew with an "
                    "empty database and these keys, start once with --begin-anew; it deletes "
                    "nothing",
                    fault.text(), here, how_to_restore));
  }
}

std::optional<crypto::SigningKey> Belongings::found_key() const {
  if (!platform_key_.empty()) {
    auto key = crypto::signing_key_from(platform_key_);
    if (!key)
      throw bad_request("platform_key_invalid",
                        "MOLECULE_PLATFORM_KEY must be the base64 text of 32 bytes");
    return key;
  }
  if (!crypto::key_file_exists(platform_key())) return std::nullopt;
  return crypto::load_signing_key(platform_key());
}

crypto::SigningKey Belongings::own_key(io::Random& random) const {
  if (auto key = found_key()) return *key;
  return crypto::load_or_create_signing_key(platform_key(), random);
}

// Another key would be a stranger to every agent that was given a ticket.
void Belongings::require_own_key(const std::optional<std::string>& promised) const {
  if (!promised) return;
  const auto key = found_key();
  if (key && crypto::fingerprint(key->public_key()) == *promised) return;
  const std::string what =
      key ? fmt::format(
                "{} holds another key than the one by which agents know the platform whose "
                "database is here ({})",
                platform_key_.empty() ? platform_key().string() : "MOLECULE_PLATFORM_KEY",
                *promised)
          : fmt::format(
                "{} is missing, the key by which agents know the platform whose database "
                "is here",
                platform_key().string());
  throw conflict(
      "key_missing",
      fmt::format("{}. Put it back from your backup, with mode 0600, or set MOLECULE_PLATFORM_KEY "
                  "({}). To go on with {} key, start once with --begin-anew; agents that joined by "
                  "ticket will refuse this platform until each of them is given a new ticket",
                  what, how_to_restore, key ? "this" : "a new"));
}

void Belongings::require_keys(sql::Database& db) const {
  if (begin_anew_) return;
  io::Loop loop;
  const auto fact = [&](std::string_view name) {
    auto read = [name](sql::Read& r) { return r.optional(sql::read_fact, std::string(name)); };
    return io::run(loop, db.read(read));
  };
  // A store that a version before these facts has used needs both files; one without facts that is
  // known already is from a first start that did not get as far as making them.
  const bool of_old = !db.found_empty() && !fact(sql::fact::id);
  const auto admin = fact(admin_fact);
  if (!admin_token_set_ && !fs::exists(admin_token()) && (of_old || admin == in_file)) {
    throw conflict(
        "key_missing",
        fmt::format("{} is missing, the administrator's token of the platform whose database is "
                    "here. Put it back from your backup, with mode 0600, or set ADMIN_TOKEN ({}). "
                    "To have a new token made, start once with --begin-anew",
                    admin_token().string(), how_to_restore));
  }
  require_own_key(fact(tickets::promised_fact));
  const auto sealing = fact(sealing_fact);
  if (sealing_key_set_ || fs::exists(sealing_key()) || !(of_old || sealing)) return;
  const std::string what =
      sealing == by_setting
          ? std::string(
                "SECRETS_ENCRYPTION_KEY is not set, the key that sealed the secrets of the "
                "platform whose database is here. Set it again")
          : fmt::format(
                "{} is missing, the key that sealed the secrets of the platform whose "
                "database is here. Put it back from your backup, with mode 0600",
                sealing_key().string());
  throw conflict("key_missing",
                 fmt::format("{} ({}). To go on with a new key, start once with --begin-anew; "
                             "secrets that were sealed with the old one stay unreadable",
                             what, how_to_restore));
}

io::Task<void> Belongings::note_keys(sql::Database& db, const crypto::PublicKey& own) const {
  const std::string admin(admin_token_set_ ? by_setting : in_file);
  const std::string sealing(sealing_key_set_ ? by_setting : in_file);
  auto change = [admin, sealing, print = crypto::fingerprint(own)](sql::Tx& tx) {
    tx.run(sql::write_fact, std::string(admin_fact), admin);
    tx.run(sql::write_fact, std::string(sealing_fact), sealing);
    // What was promised under a key that was given up is promised under this one.
    if (tx.optional(sql::read_fact, std::string(tickets::promised_fact)))
      tx.run(sql::write_fact, std::string(tickets::promised_fact), print);
  };
  co_await db.write(std::move(change));
}

}  // namespace molecule::app
