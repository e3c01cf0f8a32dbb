#include "server/secrets/vault.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/key_file.h"
#include "platform/io/loop.h"
#include "platform/log/log.h"
#include "platform/sql/store_facts.h"
#include "server/secrets/secrets_store.h"

namespace molecule::secrets {
namespace {

constexpr std::int64_t batch_rows = 100;  // Sealed again in one transaction.
// How long writes that were under way when the key changed may take.
constexpr std::chrono::milliseconds settle_step{5};
constexpr int settle_steps = 2000;

// Of the store: the keys that were let go of, in hex.
constexpr std::string_view given_up_fact = "sealing_keys_given_up";

class Running {
 public:
  explicit Running(std::atomic<bool>& flag) : flag_(flag) {
    if (flag_.exchange(true))
      throw conflict("rotation_running", "the sealing key is being rotated already");
  }
  ~Running() { flag_ = false; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::atomic<bool>& flag_;
};

}  // namespace

std::string global_place(std::string_view key) {
  return crypto::associated_data({"global_secrets", "", key});
}

std::string workspace_place(WorkspaceId workspace, std::string_view key) {
  return crypto::associated_data({"workspace_secrets", workspace.text(), key});
}

std::string inbound_place(WorkspaceId workspace) {
  return crypto::associated_data({"inbound_secrets", workspace.text(), ""});
}

std::string kept_place(std::string_view place) {
  return crypto::associated_data({"sealed_values", place, ""});
}

Vault::Vault(sql::Database& db, io::Random& random, crypto::Keyring ring, KeySettings settings)
    : db_(db),
      random_(random),
      ring_(std::make_shared<const crypto::Keyring>(std::move(ring))),
      settings_(std::move(settings)) {}

crypto::Sealed Vault::seal(sql::Tx& tx, std::string_view plain, std::string_view place) {
  RingPtr held = ring();
  crypto::Sealed sealed = held->seal(random_, plain, place);
  tx.after_commit([held = std::move(held)] {});
  return sealed;
}

Secret Vault::open(crypto::Bytes sealed, std::string_view place) const {
  return ring()->open(sealed, place);
}

io::Task<void> Vault::require_keys(bool give_up) {
  RingPtr held = ring();
  auto find = [held](sql::Read& read) {
    std::string given_up = read.optional(sql::read_fact, std::string(given_up_fact)).value_or("");
    std::vector<std::string> ids;
    for (const sql::Bytes& id : read.all(store::sealing_keys)) {
      const auto is_it = [&](const crypto::SealingKey& key) {
        return std::ranges::equal(key.id(), id);
      };
      if (std::ranges::any_of(held->keys(), is_it)) continue;
      std::string hex = crypto::hex_encode(id);
      if (given_up.find(hex) == std::string::npos) ids.push_back(std::move(hex));
    }
    return ids;
  };
  auto missing = co_await db_.read(std::move(find));
  if (missing.empty()) co_return;
  if (!give_up) {
    throw conflict(
        "key_missing",
        fmt::format("secrets in the database are sealed with another key than those that are here "
                    "(SECRETS_ENCRYPTION_KEY, {}). Put the key back with which they were sealed "
                    "(\"Back up and restore\" in docs/guides/operate.md has the steps). To go on "
                    "without them, start once with --begin-anew; they stay unreadable",
                    settings_.file.string()));
  }
  log::warn("secrets under keys that are gone stay unreadable", log::field("keys", missing.size()));
  auto let_go = [missing](sql::Tx& tx) {
    std::string all = tx.optional(sql::read_fact, std::string(given_up_fact)).value_or("");
    for (const std::string& id : missing) all += (all.empty() ? "" : " ") + id;
    tx.run(sql::write_fact, std::string(given_up_fact), all);
  };
  co_await db_.write(std::move(let_go));
}

io::Task<Vault::Resealed> Vault::rotate() {
  Running running(rotating_);
  std::weak_ptr<const crypto::Keyring> before = ring();
  crypto::Keyring fresh = *ring();
  if (!settings_.from_environment) {
    // The file has the new key before any value is sealed with it.
    fresh.add(crypto::SealingKey::random(random_));
    crypto::save_keys(settings_.file, fresh);
  }
  ring_.write([&](RingPtr& ring) { ring = std::make_shared<const crypto::Keyring>(fresh); });
  co_await wait_until_unused(before);
  Resealed counts;
  co_await reseal_globals(counts);
  co_await reseal_workspaces(counts);
  co_await reseal_inbound(counts);
  co_await reseal_kept(counts);
  if (!settings_.from_environment && counts.unreadable == 0) {
    crypto::Keyring only;
    only.add(fresh.sealing());
    crypto::save_keys(settings_.file, only);
    ring_.write(
        [&](RingPtr& ring) { ring = std::make_shared<const crypto::Keyring>(std::move(only)); });
  }
  log::info("sealing key rotated", log::field("resealed", counts.resealed),
            log::field("unreadable", counts.unreadable));
  co_return counts;
}

io::Task<void> Vault::wait_until_unused(std::weak_ptr<const crypto::Keyring> ring) {
  for (int step = 0; !ring.expired(); ++step) {
    if (step == settle_steps) {
      throw unavailable("writes under the old key are still under way; rotate again shortly");
    }
    co_await io::sleep(settle_step);
  }
}

std::optional<crypto::Sealed> Vault::reseal(const crypto::Keyring& ring, const sql::Bytes& sealed,
                                            const std::string& place, Resealed& counts) {
  if (!ring.stale(sealed)) return std::nullopt;
  try {
    Secret plain = ring.open(sealed, place);
    return ring.seal(random_, plain.reveal(), place);
  } catch (const Fault&) {
    ++counts.unreadable;
    return std::nullopt;
  }
}

io::Task<void> Vault::reseal_globals(Resealed& counts) {
  struct Step {
    Resealed counts;
    std::optional<std::string> last;
  };
  RingPtr held = ring();
  for (std::optional<std::string> after = std::string(); after;) {
    auto work = [this, held, from = *after](sql::Tx& tx) {
      Step done;
      auto rows = tx.all(store::page_global, from, batch_rows);
      for (const store::Row& row : rows) {
        auto sealed = reseal(*held, row.sealed, global_place(row.key), done.counts);
        if (!sealed) continue;
        done.counts.resealed += tx.run(store::reseal_global, row.key, sql::BytesView(row.sealed),
                                       sql::BytesView(*sealed));
      }
      if (static_cast<std::int64_t>(rows.size()) == batch_rows) done.last = rows.back().key;
      return done;
    };
    Step step = co_await db_.write(work);
    counts.resealed += step.counts.resealed;
    counts.unreadable += step.counts.unreadable;
    after = std::move(step.last);
  }
}

io::Task<void> Vault::reseal_workspaces(Resealed& counts) {
  using Place = std::pair<WorkspaceId, std::string>;
  struct Step {
    Resealed counts;
    std::optional<Place> last;
  };
  RingPtr held = ring();
  for (std::optional<Place> after = Place(); after;) {
    auto work = [this, held, from = *after](sql::Tx& tx) {
      Step done;
      auto rows = tx.all(store::page_of, from.first, from.second, batch_rows);
      for (const store::PlacedRow& row : rows) {
        auto sealed =
            reseal(*held, row.sealed, workspace_place(row.workspace_id, row.key), done.counts);
        if (!sealed) continue;
        done.counts.resealed += tx.run(store::reseal_of, row.workspace_id, row.key,
                                       sql::BytesView(row.sealed), sql::BytesView(*sealed));
      }
      if (static_cast<std::int64_t>(rows.size()) == batch_rows) {
        done.last = Place(rows.back().workspace_id, rows.back().key);
      }
      return done;
    };
    Step step = co_await db_.write(work);
    counts.resealed += step.counts.resealed;
    counts.unreadable += step.counts.unreadable;
    after = std::move(step.last);
  }
}

io::Task<void> Vault::reseal_kept(Resealed& counts) {
  struct Step {
    Resealed counts;
    std::optional<std::string> last;
  };
  RingPtr held = ring();
  for (std::optional<std::string> after = std::string(); after;) {
    auto work = [this, held, from = *after](sql::Tx& tx) {
      Step done;
      auto rows = tx.all(store::page_kept, std::string_view(from), batch_rows);
      for (const store::KeptRow& row : rows) {
        auto sealed = reseal(*held, row.sealed, kept_place(row.place), done.counts);
        if (!sealed) continue;
        done.counts.resealed += tx.run(store::reseal_kept, std::string_view(row.place),
                                       sql::BytesView(row.sealed), sql::BytesView(*sealed));
      }
      if (static_cast<std::int64_t>(rows.size()) == batch_rows) done.last = rows.back().place;
      return done;
    };
    Step step = co_await db_.write(work);
    counts.resealed += step.counts.resealed;
    counts.unreadable += step.counts.unreadable;
    after = std::move(step.last);
  }
}

io::Task<void> Vault::reseal_inbound(Resealed& counts) {
  struct Step {
    Resealed counts;
    std::optional<WorkspaceId> last;
  };
  RingPtr held = ring();
  for (std::optional<WorkspaceId> after = WorkspaceId(); after;) {
    auto work = [this, held, from = *after](sql::Tx& tx) {
      Step done;
      auto rows = tx.all(store::page_inbound, from, batch_rows);
      for (const store::InboundRow& row : rows) {
        auto sealed = reseal(*held, row.sealed, inbound_place(row.workspace_id), done.counts);
        if (!sealed) continue;
        done.counts.resealed += tx.run(store::reseal_inbound, row.workspace_id,
                                       sql::BytesView(row.sealed), sql::BytesView(*sealed));
      }
      if (static_cast<std::int64_t>(rows.size()) == batch_rows)
        done.last = rows.back().workspace_id;
      return done;
    };
    Step step = co_await db_.write(work);
    counts.resealed += step.counts.resealed;
    counts.unreadable += step.counts.unreadable;
    after = std::move(step.last);
  }
}

}  // namespace molecule::secrets
