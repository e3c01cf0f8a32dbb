#include "platform/sql/postgres_owner.h"

#include <array>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "platform/log/log.h"
#include "platform/sql/store_facts.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {
namespace {

// The server ends the session of a process that was killed as soon as it notices, which takes as
// long as what that session was doing.
constexpr std::chrono::seconds first_patience{5};
constexpr std::chrono::milliseconds first_pause{100};

// Who is asked for later, and how soon the server notices that a machine is gone. Sessions over a
// local socket ignore the latter.
constexpr Query<std::int64_t(std::string)> introduce{"postgres.introduce", R"(
    SELECT CAST(length(set_config('application_name', $1, false)
        || set_config('tcp_keepalives_idle', '10', false)
        || set_config('tcp_keepalives_interval', '5', false)
        || set_config('tcp_keepalives_count', '3', false)
        || set_config('tcp_user_timeout', '25000', false)) AS BIGINT))"};
// One lock a schema: two platforms may share a database under schemas of their own.
constexpr Query<bool()> lock{"postgres.lock_store", R"(
    SELECT pg_try_advisory_lock(1836018789, CAST(COALESCE(
      (SELECT oid FROM pg_namespace WHERE nspname = current_schema()), 0) AS INTEGER)))"};
constexpr Query<std::int64_t()> own_backend{"postgres.own_backend", R"(
    SELECT CAST(pg_backend_pid() AS BIGINT))"};
constexpr std::string_view find_holder = R"(
    SELECT CAST(a.pid AS BIGINT), COALESCE(a.application_name, ''),
           COALESCE(host(a.client_addr), 'this machine'),
           COALESCE(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), 'unknown')
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 1836018789 AND l.objsubid = 2
       AND l.objid = COALESCE((SELECT oid FROM pg_namespace WHERE nspname = current_schema()), 0)
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
constexpr Query<bool(std::int64_t)> end_session{"postgres.end_own_session", R"(
    SELECT pg_terminate_backend(CAST($1 AS INTEGER)))"};
constexpr std::string_view find_run = "SELECT value FROM store_facts WHERE name = 'run'";

std::string own_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  // The server cuts names at 63 bytes.
  return fmt::format("molecule pid {} on {:.40}", ::getpid(), host.data());
}

template <class OnRow>
void ask(PostgresConnection& connection, std::string_view name, std::string_view text,
         std::span<const Value> values, OnRow&& on_row) {
  connection.fetch(name, text, values, RowSink(on_row));
  if (connection.finish()) return;
  const std::string message = connection.failure()->message;
  connection.recover();
  throw StoreLost{fmt::format("{}: {}", name, message)};
}

std::int64_t number(PostgresConnection& connection, std::string_view name, std::string_view text,
                    std::span<const Value> values = {}) {
  std::int64_t found = 0;
  ask(connection, name, text, values, [&](const Columns& row) { found = row.integer(0); });
  return found;
}

}  // namespace

bool PostgresOwner::try_lock(PostgresConnection& connection) {
  const std::string name = own_name();
  const Value values[] = {std::string_view(name)};
  number(connection, introduce.name, introduce.text, values);
  if (number(connection, lock.name, lock.text) == 0) return false;
  backend_ = number(connection, own_backend.name, own_backend.text);
  return true;
}

// In words. Ends the session when it is one of this process, left behind by a connection that broke
// on the way: the server would keep it until it notices.
std::string PostgresOwner::holder(PostgresConnection& connection) {
  std::string words = "another process";
  std::int64_t stale = 0;
  ask(connection, "postgres.find_holder", find_holder, {}, [&](const Columns& row) {
    const std::string_view name = row.text(1);
    if (row.integer(0) == backend_ && name == own_name()) stale = backend_;
    words = fmt::format("{} (database session {} from {}, since {})",
                        name.empty() ? "a session without a name" : name, row.integer(0),
                        row.text(2), row.text(3));
  });
  if (stale != 0) {
    const Value values[] = {stale};
    number(connection, end_session.name, end_session.text, values);
  }
  return words;
}

void PostgresOwner::take_first(PostgresConnection& connection) {
  const auto give_up = std::chrono::steady_clock::now() + first_patience;
  try {
    while (!try_lock(connection)) {
      if (std::chrono::steady_clock::now() >= give_up) {
        throw conflict(
            "store_in_use",
            fmt::format("the PostgreSQL store is used by another platform: {}. Stop that "
                        "one, or give this one a database or schema of its own",
                        holder(connection)));
      }
      std::this_thread::sleep_for(first_pause);
    }
  } catch (const StoreLost& loss) {
    throw unavailable(fmt::format("cannot use PostgreSQL: {}", loss.cause));
  } catch (const ConnectionLost& lost) {
    throw unavailable(fmt::format("cannot use PostgreSQL: {}", lost.cause));
  }
}

void PostgresOwner::take_again(PostgresConnection& connection) {
  constexpr std::string_view usurped =
      "another platform has used the store meanwhile; start this one again once that has stopped";
  if (taken_over_) throw StoreLost{std::string(usurped)};
  // With the lock nobody else takes the store over after this was asked; without it somebody may
  // have done so and serve.
  const bool locked = try_lock(connection);
  std::string run = std::to_string(run_);
  if (run_ != 0) {
    ask(connection, "postgres.find_run", find_run, {},
        [&](const Columns& row) { run = row.text(0); });
  }
  if (run == std::to_string(run_)) {
    if (locked) return;
    throw StoreLost{fmt::format("the store is held by {}", holder(connection))};
  }
  taken_over_ = true;
  log::error("the store was taken over", log::field("advice", usurped));
  throw StoreLost{std::string(usurped)};
}

}  // namespace molecule::sql
