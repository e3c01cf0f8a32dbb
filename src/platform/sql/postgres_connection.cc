#include "platform/sql/postgres_connection.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "platform/log/log.h"

namespace molecule::sql {
namespace {

// Object ids of the built-in types, from the server's catalogue; they never change.
constexpr Oid type_bool = 16, type_bytea = 17, type_name = 19, type_int8 = 20, type_int2 = 21,
              type_int4 = 23, type_text = 25, type_float4 = 700, type_float8 = 701,
              type_unknown = 705, type_bpchar = 1042, type_varchar = 1043;

constexpr Query<void()> forget_statements{"postgres.forget", "DEALLOCATE ALL"};

// Answers are asked for in binary: numbers need no parsing and bytes no unescaping.
class PostgresRow final : public Columns {
 public:
  PostgresRow(const Libpq& pq, const PGresult* result) : pq_(pq), result_(result) {}
  void go_to(int row) { row_ = row; }

  std::size_t count() const override { return static_cast<std::size_t>(pq_.columns(result_)); }
  bool null(std::size_t i) const override {
    if (i >= count()) column_mismatch(i, "a column");
    return pq_.is_null(result_, row_, static_cast<int>(i)) != 0;
  }
  std::int64_t integer(std::size_t i) const override {
    const Oid type = type_of(i);
    if (type == type_int8) return big_endian<std::int64_t>(i);
    if (type == type_int4) return big_endian<std::int32_t>(i);
    if (type == type_int2) return big_endian<std::int16_t>(i);
    if (type == type_bool) return *raw(i).data();
    column_mismatch(i, "an integer");
  }
  double real(std::size_t i) const override {
    const Oid type = type_of(i);
    if (type == type_float8) return std::bit_cast<double>(big_endian<std::int64_t>(i));
    if (type == type_float4)
      return static_cast<double>(std::bit_cast<float>(big_endian<std::int32_t>(i)));
    return static_cast<double>(integer(i));
  }
  std::string_view text(std::size_t i) const override {
    const Oid type = type_of(i);
    if (type != type_text && type != type_varchar && type != type_bpchar && type != type_name &&
        type != type_unknown) {
      column_mismatch(i, "text");
    }
    return raw(i);
  }
  BytesView bytes(std::size_t i) const override {
    if (type_of(i) != type_bytea) column_mismatch(i, "bytes");
    const std::string_view data = raw(i);
    return {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()};
  }

 private:
  std::string_view raw(std::size_t i) const {
    const int at = static_cast<int>(i);
    return {pq_.value(result_, row_, at), static_cast<std::size_t>(pq_.length(result_, row_, at))};
  }
  Oid type_of(std::size_t i) const {
    if (null(i)) column_mismatch(i, "a value: it is null");
    return pq_.type(result_, static_cast<int>(i));
  }
  template <class Number>
  Number big_endian(std::size_t i) const {
    const std::string_view data = raw(i);
    if (data.size() != sizeof(Number)) column_mismatch(i, "a number of its size");
    Number value = 0;
    std::memcpy(&value, data.data(), sizeof(Number));
    if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
    return value;
  }

  const Libpq& pq_;
  const PGresult* result_;
  int row_ = 0;
};

// Parameters as libpq takes them. Text and bytes go as they lie in memory (binary form, no copy);
// numbers as text, because the server decides whether a parameter is BIGINT, INTEGER or DOUBLE.
struct Parameters {
  explicit Parameters(std::span<const Value> values) {
    numbers.reserve(values.size());
    for (const Value& value : values) {
      if (const auto* text = std::get_if<std::string_view>(&value)) {
        add(text->data() ? text->data() : "", text->size(), 1);
      } else if (const auto* bytes = std::get_if<BytesView>(&value)) {
        add(bytes->data() ? reinterpret_cast<const char*>(bytes->data()) : "", bytes->size(), 1);
      } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        add_number(*integer);
      } else if (const auto* real = std::get_if<double>(&value)) {
        add_number(*real);
      } else {
        add(nullptr, 0, 0);
      }
    }
  }
  int count() const { return static_cast<int>(data.size()); }

  std::vector<const char*> data;
  std::vector<int> lengths;
  std::vector<int> formats;

 private:
  void add(const char* at, std::size_t length, int format) {
    data.push_back(at);
    lengths.push_back(static_cast<int>(length));
    formats.push_back(format);
  }
  template <class Number>
  void add_number(Number number) {
    auto& spelled = numbers.emplace_back();
    const auto end = std::to_chars(spelled.data(), spelled.data() + spelled.size() - 1, number);
    *end.ptr = '\0';
    add(spelled.data(), static_cast<std::size_t>(end.ptr - spelled.data()), 0);
  }

  std::vector<std::array<char, 32>> numbers;
};

ConstraintViolation::Rule rule_of(std::string_view state) {
  if (state == "23505") return ConstraintViolation::Rule::unique;
  if (state == "23503") return ConstraintViolation::Rule::foreign_key;
  if (state == "23514") return ConstraintViolation::Rule::check;
  if (state == "23502") return ConstraintViolation::Rule::not_null;
  return ConstraintViolation::Rule::other;
}

// Anything else turns away part of what people write, or keeps bytes that it takes for text.
void require_encoding(const Libpq& pq, PGconn* handle) {
  const char* encoding = pq.parameter_status(handle, "server_encoding");
  if (!encoding || std::string_view(encoding) == "UTF8") return;
  throw conflict(
      "database_encoding",
      fmt::format("the database {0} is encoded as {1}, which cannot hold all text. Make one that "
                  "can, `createdb --encoding=UTF8 --template=template0 NAME`, move the data there "
                  "with pg_dump, and name it in DATABASE_URL",
                  pq.database(handle), encoding));
}

}  // namespace

StatementFailure::Meaning meaning_of(std::string_view state) {
  using Meaning = StatementFailure::Meaning;
  if (state.starts_with("23")) return Meaning::constraint;
  if (state == "40001" || state == "40P01") return Meaning::again;
  // Connection, resources (disk, memory, connections), operator intervention and time limits, locks
  // not granted, system and internal errors, a server that became a standby.
  for (std::string_view lost : {"08", "53", "57", "58", "XX", "55P03", "25006"}) {
    if (state.starts_with(lost)) return Meaning::lost;
  }
  return Meaning::defect;
}

void StatementFailure::raise() const {
  if (meaning == Meaning::constraint) throw ConstraintViolation(rule_of(state), subject, message);
  log::error("statement failed", log::field("query", query), log::field("cause", message),
             log::field("sqlstate", state));
  throw internal(fmt::format("the statement {} failed", query));
}

PostgresConnection::PostgresConnection(const Settings& settings)
    : pq_(Libpq::get()),
      answer_max_(settings.answer_max),
      handle_(pq_.connect(settings.url, settings.connect_max)) {
  PGconn* handle = handle_.get();
  pq_.set_notice_receiver(handle, [](void*, const PGresult*) {}, nullptr);
  require_encoding(pq_, handle);
  // An acknowledged write is on disk even where the server's default is asynchronous commit. The
  // server gives a statement up while its answer is still waited for.
  const std::string prologue = fmt::format(
      "SET synchronous_commit = on; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; "
      "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = '60s'",
      settings.answer_max.count() * 4 / 5);
  const Result answer = pq_.execute(handle, prologue.c_str(),
                                    std::chrono::steady_clock::now() + settings.connect_max);
  if (!answer) throw unavailable("cannot use PostgreSQL: it accepts connections but is silent");
  if (pq_.result_status(answer.get()) != PGRES_COMMAND_OK || pq_.set_nonblocking(handle, 1) != 0 ||
      pq_.enter_pipeline(handle) != 1) {
    throw unavailable(fmt::format("cannot use PostgreSQL: {}", pq_.error_message(handle)));
  }
}

PostgresConnection::~PostgresConnection() = default;

void PostgresConnection::lose() {
  std::string reason = pq_.error_message(handle_.get());
  while (reason.ends_with('\n')) reason.pop_back();
  throw ConnectionLost{reason.empty() ? "the connection ended" : reason};
}

void PostgresConnection::require_sent(int sent) {
  if (sent != 1) lose();
}

const PostgresConnection::Statement& PostgresConnection::prepare(std::string_view name,
                                                                 std::string_view text) {
  const auto found = statements_.find(text.data());
  if (found != statements_.end() && found->second.text == text) return found->second;
  if (found != statements_.end()) statements_.erase(found);

  Statement statement{fmt::format("q{}", ++names_given_), std::string(text)};
  require_sent(
      pq_.send_prepare(handle_.get(), statement.name.c_str(), statement.text.c_str(), 0, nullptr));
  pending_.push_back({Pending::Kind::prepare, name, owner_, text.data()});
  return statements_.emplace(text.data(), std::move(statement)).first->second;
}

void PostgresConnection::send(std::string_view name, std::string_view text,
                              std::span<const Value> values) {
  if (pending_.size() >= pending_max) {
    require_sent(pq_.send_flush_request(handle_.get()));
    read_all();
  }
  if (statements_.size() >= statements_max && text.data() != forget_statements.text.data()) {
    send(forget_statements.name, forget_statements.text, {});
    statements_.clear();
  }
  const Statement& statement = prepare(name, text);
  const Parameters parameters(values);
  require_sent(pq_.send_prepared(handle_.get(), statement.name.c_str(), parameters.count(),
                                 parameters.data.data(), parameters.lengths.data(),
                                 parameters.formats.data(), 1));
  pending_.push_back({Pending::Kind::statement, name, owner_, nullptr});
}

std::optional<std::int64_t> PostgresConnection::fetch(std::string_view name, std::string_view text,
                                                      std::span<const Value> values,
                                                      RowSink on_row) {
  send(name, text, values);
  require_sent(pq_.send_flush_request(handle_.get()));
  while (pending_.size() > 1) read_one(nullptr);
  return read_one(&on_row);
}

bool PostgresConnection::finish() {
  finish_later();
  read_all();
  return !failure_;
}

void PostgresConnection::finish_later() {
  require_sent(pq_.pipeline_sync(handle_.get()));
  pending_.push_back({Pending::Kind::sync, "", owner_, nullptr});
  if (pq_.flush(handle_.get()) < 0) lose();
}

void PostgresConnection::recover() {
  finish();
  failure_.reset();
}

PostgresConnection::Result PostgresConnection::next_result() {
  switch (pq_.await_answer(handle_.get(), std::chrono::steady_clock::now() + answer_max_)) {
    case Libpq::Answer::there: break;
    case Libpq::Answer::late: throw ConnectionLost{"the server did not answer in time", true};
    case Libpq::Answer::broken: lose();
  }
  return Result(pq_.get_result(handle_.get()), Libpq::Clear{&pq_});
}

// Reads the answer to the oldest pending statement.
std::optional<std::int64_t> PostgresConnection::read_one(const RowSink* on_row) {
  const Pending pending = pending_.front();
  Result result = next_result();
  if (!result) lose();
  const ExecStatusType status = pq_.result_status(result.get());
  pending_.pop_front();
  if (pending.kind == Pending::Kind::sync) {
    if (status != PGRES_PIPELINE_SYNC) lose();
    return std::nullopt;
  }
  // A closing null stands behind each answer but a sync's; it must be read even when a row's
  // closure throws.
  const bool answered = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
  if (!answered && status != PGRES_PIPELINE_ABORTED) note_failure(pending, result.get());
  if (!answered && pending.prepared) statements_.erase(pending.prepared);
  if (Result more = next_result()) lose();
  if (!answered) return std::nullopt;
  if (on_row) {
    PostgresRow row(pq_, result.get());
    for (int i = 0; i < pq_.rows(result.get()); ++i) {
      row.go_to(i);
      (*on_row)(row);
    }
  }
  std::int64_t changed = 0;
  const std::string_view spelled = pq_.changed(result.get());
  std::from_chars(spelled.data(), spelled.data() + spelled.size(), changed);
  return changed;
}

void PostgresConnection::read_all() {
  while (!pending_.empty()) read_one(nullptr);
}

void PostgresConnection::note_failure(const Pending& pending, PGresult* result) {
  const auto field = [&](int code) {
    const char* text = pq_.error_field(result, code);
    return std::string(text ? text : "");
  };
  StatementFailure failure;
  failure.state = field(PG_DIAG_SQLSTATE);
  failure.message = field(PG_DIAG_MESSAGE_PRIMARY);
  if (failure.state.empty() || pq_.status(handle_.get()) == CONNECTION_BAD) lose();
  // The server ends the connection behind these.
  if (failure.state.starts_with("57P") || failure.state.starts_with("08"))
    throw ConnectionLost{failure.message};
  failure.meaning = meaning_of(failure.state);
  failure.subject = field(PG_DIAG_TABLE_NAME);
  const std::string constraint = field(PG_DIAG_CONSTRAINT_NAME);
  const std::string column = field(PG_DIAG_COLUMN_NAME);
  if (!constraint.empty()) failure.subject += " " + constraint;
  if (constraint.empty() && !column.empty()) failure.subject += "." + column;
  failure.query = pending.query;
  failure.owner = pending.owner;
  if (!failure_) failure_ = std::move(failure);
}

}  // namespace molecule::sql
