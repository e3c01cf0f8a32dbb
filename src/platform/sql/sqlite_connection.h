// One SQLite connection: opening, prepared statements by query, binding, rows, and what a result
// code means. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/sql/database.h"
#include "platform/sql/sqlite_log.h"
#include "platform/sql/store_mark.h"

struct sqlite3;
struct sqlite3_stmt;

namespace molecule::sql {

class SqliteConnection {
 public:
  enum class Create { yes, no };

  // `path` is a file, a file: URI or ":memory:". Throws Fault with SQLite's reason and the next
  // step.
  SqliteConnection(const std::string& path, Create create, int cache_kib);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // A prepared statement of this connection, kept for the next use of the same text.
  class Statement {
   public:
    bool writes() const { return writes_; }

   private:
    friend class SqliteConnection;
    struct Finalize {
      void operator()(sqlite3_stmt* handle) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    std::string text_;
    std::vector<std::uint16_t> argument_of_;  // By position: which $n stands there, from 0.
    bool writes_ = false;
  };

  // Throw StoreLost when the store failed, ConstraintViolation, and Fault internal (logged with the
  // query's name) for everything else.
  Statement& prepare(std::string_view name, std::string_view text);
  void query(Statement& statement, std::string_view name, std::span<const Value> values,
             RowSink on_row);
  std::int64_t run(Statement& statement, std::string_view name,
                   std::span<const Value> values);  // Rows changed.
  template <class... Args>
  std::int64_t run(const Query<void(Args...)>& query, const std::type_identity_t<Args>&... args) {
    const Value values[] = {to_value(args)..., Value{}};
    return run(prepare(query.name, query.text), query.name, std::span(values, sizeof...(Args)));
  }

  void execute(
      const std::string& statements);  // Without parameters; may be several. Throws as above.
  void execute_unchecked(
      const char* statement) noexcept;  // For rolling back what may be rolled back.

  bool in_transaction() const;
  std::string last_message() const;  // SQLite's words for the failure before; for operators only.
  // Moves the log into the file as far as readers allow, without waiting. True when nothing is
  // left.
  bool checkpoint() noexcept;
  // Moves all of it, waiting for others, and empties it. False when others stand in the way.
  bool checkpoint_whole() noexcept;
  // Closing the last connection leaves the log as it is, instead of moving it into the file.
  void leave_log_at_close() noexcept;
  // As the file has it now, which may be behind the log.
  FileHeader header() const;
  LogCondition log_condition(LogPart part) {
    return sql::log_condition(handle_.get(), part, log_seen_);
  }
  std::size_t log_pages() const {
    return log_pages_;
  }  // Length of the log at the last commit here.

 private:
  static constexpr std::size_t statements_max = 512;  // Beyond it the cache starts anew.

  [[noreturn]] void fail(int code, std::string_view name);
  void bind(Statement& statement, std::string_view name, std::span<const Value> values);

  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<const char*, Statement> statements_;
  LogSeen log_seen_;
  std::size_t log_pages_ = 0;
};

}  // namespace molecule::sql
