// One PostgreSQL connection in pipeline mode: statements are sent without waiting, answers are read
// in order when somebody needs one. The first failure stays until recover(); the server skips what
// was sent behind it. Used by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "platform/sql/database.h"
#include "platform/sql/libpq.h"

namespace molecule::sql {

// The connection is gone, or the server stopped answering. Nothing on it can be trusted any more.
struct ConnectionLost {
  std::string cause;
  bool silent = false;  // It did not answer in time.
};

// A statement the server refused.
struct StatementFailure {
  enum class Meaning {
    constraint,  // ConstraintViolation for the one who asked.
    again,       // Serialisation or deadlock: running the transaction again may succeed.
    lost,        // The server cannot work: disk full, shutting down, became read-only.
    defect,      // A wrong statement.
  };
  Meaning meaning = Meaning::defect;
  std::string state;    // SQLSTATE
  std::string message;  // For the log.
  std::string subject;  // Table and constraint, or column.
  std::string_view query;
  std::size_t owner = 0;  // Who sent it, as set_owner said.

  // As the exception for the closure; logs a defect.
  [[noreturn]] void raise() const;
};

class PostgresConnection {
 public:
  // Throws Fault with libpq's reason, which names host and user but no password.
  explicit PostgresConnection(const Settings& settings);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  void set_owner(std::size_t owner) { owner_ = owner; }

  // How long each answer from now on may take; Settings::answer_max until it is said.
  void answer_within(std::chrono::milliseconds limit) { answer_max_ = limit; }

  // Sends without waiting. Throw ConnectionLost.
  void send(std::string_view name, std::string_view text, std::span<const Value> values);
  void send(const Query<void()>& query) { send(query.name, query.text, {}); }

  // Sends, then reads everything up to its answer. Rows changed, or none when it or one before it
  // failed: see failure(). Throw ConnectionLost.
  std::optional<std::int64_t> fetch(std::string_view name, std::string_view text,
                                    std::span<const Value> values, RowSink on_row);

  // Ends the pipeline up to here and reads every answer. False when something failed.
  bool finish();
  // As finish(), but leaves the answers for the next use of the connection.
  void finish_later();

  const std::optional<StatementFailure>& failure() const { return failure_; }
  // Reads what is left behind a failure and forgets it; the transaction is still aborted.
  void recover();

 private:
  static constexpr std::size_t statements_max = 512;  // Beyond it the cache starts anew.
  static constexpr std::size_t pending_max = 4096;    // Answers not read; beyond it sending waits.

  struct Pending {
    enum class Kind { prepare, statement, sync } kind;
    std::string_view query;
    std::size_t owner = 0;
    const char* prepared = nullptr;  // The cache key of a statement being prepared.
  };
  struct Statement {
    std::string name;
    std::string text;
  };
  using Result = Libpq::Result;

  [[noreturn]] void lose();
  const Statement& prepare(std::string_view name, std::string_view text);
  Result next_result();
  std::optional<std::int64_t> read_one(const RowSink* on_row);
  void read_all();
  void note_failure(const Pending& pending, PGresult* result);
  void require_sent(int sent);

  const Libpq& pq_;
  std::chrono::milliseconds answer_max_;
  Libpq::Connection handle_;
  std::unordered_map<const char*, Statement> statements_;
  std::uint64_t names_given_ = 0;
  std::deque<Pending> pending_;
  std::optional<StatementFailure> failure_;
  std::size_t owner_ = 0;
};

StatementFailure::Meaning meaning_of(std::string_view sqlstate);

}  // namespace molecule::sql
