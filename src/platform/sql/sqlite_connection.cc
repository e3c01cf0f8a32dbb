#include "platform/sql/sqlite_connection.h"

#include <array>
#include <charconv>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include "platform/files/descriptor.h"
#include "platform/log/log.h"
#include "platform/sql/file_header.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {
namespace {

constexpr int busy_timeout_ms = 5'000;  // For another process, such as an admin verb, that writes.
constexpr int log_kept_bytes = 64 << 20;  // A longer log is cut back when it starts over.

constexpr std::string_view damaged_advice =
    "Put the database back from your backup: \"Back up and restore\" in docs/guides/operate.md has the "
    "steps";

bool means_damaged(int code) {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

void configure_once() {
  static std::once_flag done;
  // Memory statistics would take a process-wide lock at every allocation.
  std::call_once(done, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

// SQLite would make the file readable by everyone.
void create_private(const std::string& path) {
  if (path.starts_with(":memory:") || path.starts_with("file:")) return;
  const files::Descriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

class SqliteRow final : public Columns {
 public:
  explicit SqliteRow(sqlite3_stmt* handle) : handle_(handle) {}

  std::size_t count() const override {
    return static_cast<std::size_t>(sqlite3_column_count(handle_));
  }
  bool null(std::size_t i) const override { return type(i) == SQLITE_NULL; }
  std::int64_t integer(std::size_t i) const override {
    if (type(i) != SQLITE_INTEGER) column_mismatch(i, "an integer");
    return sqlite3_column_int64(handle_, at(i));
  }
  double real(std::size_t i) const override {
    if (type(i) != SQLITE_FLOAT && type(i) != SQLITE_INTEGER) column_mismatch(i, "a number");
    return sqlite3_column_double(handle_, at(i));
  }
  std::string_view text(std::size_t i) const override {
    if (type(i) != SQLITE_TEXT) column_mismatch(i, "text");
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, at(i)));
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(handle_, at(i)))};
  }
  BytesView bytes(std::size_t i) const override {
    if (type(i) != SQLITE_BLOB) column_mismatch(i, "bytes");
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, at(i)));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, at(i)))};
  }

 private:
  static int at(std::size_t i) { return static_cast<int>(i); }
  int type(std::size_t i) const {
    if (i >= count()) column_mismatch(i, "a column");
    return sqlite3_column_type(handle_, at(i));
  }
  sqlite3_stmt* handle_;
};

// Resets a statement however its use ends, so that it holds no lock and can be used again.
struct Resetting {
  sqlite3_stmt* handle;
  ~Resetting() { sqlite3_reset(handle); }
};

ConstraintViolation::Rule rule_of(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return ConstraintViolation::Rule::unique;
    case SQLITE_CONSTRAINT_FOREIGNKEY: return ConstraintViolation::Rule::foreign_key;
    case SQLITE_CONSTRAINT_CHECK: return ConstraintViolation::Rule::check;
    case SQLITE_CONSTRAINT_NOTNULL: return ConstraintViolation::Rule::not_null;
    default: return ConstraintViolation::Rule::other;
  }
}

bool means_lost(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_NOTADB: return true;
    default: return false;
  }
}

// After these the connection knows the state before the failed transaction, and its next commit
// overwrites what the failed one left in the log. Opening the file again would read those remains
// and could find in them a transaction that nobody was promised.
bool transient(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_IOERR:
    case SQLITE_FULL: return true;
    default: return false;
  }
}

}  // namespace

void SqliteConnection::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
void SqliteConnection::Statement::Finalize::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

SqliteConnection::SqliteConnection(const std::string& path, Create create, int cache_kib) {
  configure_once();
  if (create == Create::yes) create_private(path);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI;
  if (create == Create::yes) flags |= SQLITE_OPEN_CREATE;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  handle_.reset(opened);
  const auto refuse = [&](std::string_view reason) {
    if (means_damaged(sqlite3_errcode(opened))) throw unavailable(std::string(reason));
    throw unavailable(fmt::format(
        "cannot open the store at {}: {}. Check that the directory exists, has space and "
        "belongs to this user",
        path, reason));
  };
  if (code != SQLITE_OK) refuse(opened ? sqlite3_errmsg(opened) : "out of memory");
  sqlite3_busy_timeout(opened, busy_timeout_ms);
  // Takes the place of checkpoints inside commits, which SqliteCheckpointer runs elsewhere.
  sqlite3_wal_hook(
      opened,
      [](void* pages, sqlite3*, const char*, int count) {
        *static_cast<std::size_t*>(pages) = static_cast<std::size_t>(count);
        return SQLITE_OK;
      },
      &log_pages_);
  try {
    // No memory mapping: a failing disk would then be a signal that ends the process instead of an
    // error that one batch gets.
    execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; "
        "PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF");
    execute(fmt::format("PRAGMA cache_size=-{}; PRAGMA journal_size_limit={}", cache_kib,
                        log_kept_bytes));
  } catch (const StoreLost& loss) {
    refuse(loss.cause);
  }
}

SqliteConnection::~SqliteConnection() = default;

void SqliteConnection::fail(int code, std::string_view name) {
  const int extended = sqlite3_extended_errcode(handle_.get());
  const std::string message = sqlite3_errmsg(handle_.get());
  if (means_damaged(code)) {
    const char* file = sqlite3_db_filename(handle_.get(), "main");
    throw StoreLost{fmt::format("{} is damaged: {} ({}). {}", file ? file : "the store", message,
                                extended, damaged_advice)};
  }
  if (means_lost(code))
    throw StoreLost{fmt::format("{} ({})", message, extended), !transient(code),
                    (code & 0xff) == SQLITE_IOERR};
  if ((code & 0xff) == SQLITE_CONSTRAINT) {
    const auto colon = message.find(": ");
    throw ConstraintViolation(rule_of(extended),
                              colon == std::string::npos ? "" : message.substr(colon + 2), message);
  }
  log::error("statement failed", log::field("query", name), log::field("cause", message));
  throw internal(fmt::format("the statement {} failed", name));
}

SqliteConnection::Statement& SqliteConnection::prepare(std::string_view name,
                                                       std::string_view text) {
  // Query texts are constants, so the address finds them; the comparison guards against texts that
  // are not.
  const auto found = statements_.find(text.data());
  if (found != statements_.end() && found->second.text_ == text) return found->second;
  if (found != statements_.end()) statements_.erase(found);
  if (statements_.size() >= statements_max) statements_.clear();

  Statement statement;
  statement.text_ = text;
  sqlite3_stmt* handle = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), statement.text_.data(),
                                      static_cast<int>(statement.text_.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, &rest);
  statement.handle_.reset(handle);
  if (code != SQLITE_OK) fail(code, name);
  if (!handle) throw internal(fmt::format("the query {} is empty", name));
  statement.writes_ = sqlite3_stmt_readonly(handle) == 0;
  // SQLite numbers $2 before $1 when it stands first; the number in the name decides here.
  for (int position = 1; position <= sqlite3_bind_parameter_count(handle); ++position) {
    const char* spelled = sqlite3_bind_parameter_name(handle, position);
    const std::string_view parameter = spelled ? std::string_view(spelled) : std::string_view();
    std::uint16_t number = 0;
    const char* end = parameter.data() + parameter.size();
    if (!parameter.starts_with('$') ||
        std::from_chars(parameter.data() + 1, end, number).ptr != end || number == 0) {
      throw internal(
          fmt::format("the query {} has the parameter \"{}\"; write $1, $2 …", name, parameter));
    }
    statement.argument_of_.push_back(static_cast<std::uint16_t>(number - 1));
  }
  return statements_.emplace(text.data(), std::move(statement)).first->second;
}

void SqliteConnection::bind(Statement& statement, std::string_view name,
                            std::span<const Value> values) {
  refuse_nul(values);
  sqlite3_stmt* handle = statement.handle_.get();
  int position = 0;
  for (std::uint16_t argument : statement.argument_of_) {
    ++position;
    if (argument >= values.size())
      throw internal(fmt::format("the query {} has no argument ${}", name, argument + 1));
    const Value& value = values[argument];
    int code = SQLITE_OK;
    // The values outlive the run, so nothing is copied. A null pointer would bind NULL, not
    // emptiness.
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(handle, position, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      code = sqlite3_bind_text64(handle, position, text->data() ? text->data() : "", text->size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* bytes = std::get_if<BytesView>(&value)) {
      const void* data = bytes->data() ? static_cast<const void*>(bytes->data()) : "";
      code = sqlite3_bind_blob64(handle, position, data, bytes->size(), SQLITE_STATIC);
    } else if (const auto* real = std::get_if<double>(&value)) {
      code = sqlite3_bind_double(handle, position, *real);
    } else {
      code = sqlite3_bind_null(handle, position);
    }
    if (code != SQLITE_OK) fail(code, name);
  }
}

void SqliteConnection::query(Statement& statement, std::string_view name,
                             std::span<const Value> values, RowSink on_row) {
  sqlite3_stmt* handle = statement.handle_.get();
  bind(statement, name, values);
  Resetting resetting{handle};
  const SqliteRow row(handle);
  int code = sqlite3_step(handle);
  for (; code == SQLITE_ROW; code = sqlite3_step(handle)) on_row(row);
  if (code != SQLITE_DONE) fail(code, name);
}

std::int64_t SqliteConnection::run(Statement& statement, std::string_view name,
                                   std::span<const Value> values) {
  sqlite3_stmt* handle = statement.handle_.get();
  bind(statement, name, values);
  Resetting resetting{handle};
  int code = sqlite3_step(handle);
  while (code == SQLITE_ROW) code = sqlite3_step(handle);
  if (code != SQLITE_DONE) fail(code, name);
  return statement.writes_ ? sqlite3_changes64(handle_.get()) : 0;
}

void SqliteConnection::execute(const std::string& statements) {
  const int code = sqlite3_exec(handle_.get(), statements.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, "sqlite.execute");
}

void SqliteConnection::execute_unchecked(const char* statement) noexcept {
  sqlite3_exec(handle_.get(), statement, nullptr, nullptr, nullptr);
}

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

std::string SqliteConnection::last_message() const { return sqlite3_errmsg(handle_.get()); }

bool SqliteConnection::checkpoint() noexcept {
  int all = 0, moved = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(handle_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, &all, &moved);
  return code == SQLITE_OK && all == moved;
}

bool SqliteConnection::checkpoint_whole() noexcept {
  return sqlite3_wal_checkpoint_v2(handle_.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                                   nullptr) == SQLITE_OK;
}

void SqliteConnection::leave_log_at_close() noexcept {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

FileHeader SqliteConnection::header() const {
  // By SQLite's own descriptor: closing another one would give up the locks it holds on the file.
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  std::array<std::uint8_t, header_bytes> bytes{};
  if (file && file->pMethods)
    file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), 0);
  return header_in(bytes);
}

}  // namespace molecule::sql
