#include "platform/sql/libpq.h"

#include <cerrno>
#include <string>

#include <dlfcn.h>
#include <fmt/format.h>
#include <poll.h>
#include <resolv.h>

#include "base/fault.h"

namespace molecule::sql {
namespace {

constexpr int oldest_version = 140'000;  // The first with pipeline mode.

Libpq load() {
  void* library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    throw unavailable(
        "a PostgreSQL store needs libpq.so.5; install the package libpq5, or leave DATABASE_URL empty");
  }
  Libpq pq{};
  const auto find = [&](auto& function, const char* name) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
    if (!function)
      throw unavailable(std::string("libpq.so.5 is too old: it lacks ") + name +
                        "; install libpq 14 or newer");
  };
  find(pq.version, "PQlibVersion");
  find(pq.connect_start, "PQconnectStart");
  find(pq.connect_poll, "PQconnectPoll");
  find(pq.finish, "PQfinish");
  find(pq.status, "PQstatus");
  find(pq.error_message, "PQerrorMessage");
  find(pq.parameter_status, "PQparameterStatus");
  find(pq.database, "PQdb");
  find(pq.set_notice_receiver, "PQsetNoticeReceiver");
  find(pq.socket, "PQsocket");
  find(pq.set_nonblocking, "PQsetnonblocking");
  find(pq.enter_pipeline, "PQenterPipelineMode");
  find(pq.pipeline_sync, "PQpipelineSync");
  find(pq.send_flush_request, "PQsendFlushRequest");
  find(pq.send_prepare, "PQsendPrepare");
  find(pq.send_prepared, "PQsendQueryPrepared");
  find(pq.flush, "PQflush");
  find(pq.consume_input, "PQconsumeInput");
  find(pq.is_busy, "PQisBusy");
  find(pq.get_result, "PQgetResult");
  find(pq.send_query, "PQsendQuery");
  find(pq.prepare, "PQprepare");
  find(pq.result_status, "PQresultStatus");
  find(pq.error_field, "PQresultErrorField");
  find(pq.clear, "PQclear");
  find(pq.rows, "PQntuples");
  find(pq.columns, "PQnfields");
  find(pq.value, "PQgetvalue");
  find(pq.length, "PQgetlength");
  find(pq.is_null, "PQgetisnull");
  find(pq.type, "PQftype");
  find(pq.changed, "PQcmdTuples");
  if (pq.version() < oldest_version)
    throw unavailable("libpq.so.5 is too old; install libpq 14 or newer");
  return pq;
}

// False when the deadline has passed. Sleeps until the socket may be ready.
bool poll_until(int socket, int events, Libpq::Deadline by) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(by - Libpq::Deadline::clock::now());
  if (left.count() <= 0) return false;
  pollfd watched{socket, static_cast<short>(events), 0};
  ::poll(&watched, 1, static_cast<int>(left.count()));  // Whatever it says, the caller looks again.
  return true;
}

// The library resolves the host name itself and blocks in it: name servers that are silent are
// given up soon. Per thread.
void resolve_impatiently() {
  thread_local const bool done = [] {
    if (::res_init() != 0) return false;
    _res.retrans = 1;
    _res.retry = 2;
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace

const Libpq& Libpq::get() {
  static const Libpq loaded = load();
  return loaded;
}

Libpq::Connection Libpq::connect(const std::string& url, std::chrono::milliseconds limit) const {
  resolve_impatiently();
  const Deadline by = Deadline::clock::now() + limit;
  Connection made(connect_start(url.c_str()), Finish{this});
  std::string reason;
  if (!made) {
    reason = "out of memory";
  } else if (status(made.get()) != CONNECTION_BAD) {
    PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
    while (wants == PGRES_POLLING_READING || wants == PGRES_POLLING_WRITING) {
      if (!poll_until(socket(made.get()), wants == PGRES_POLLING_READING ? POLLIN : POLLOUT, by)) {
        reason = fmt::format("it did not answer within {} ms", limit.count());
        break;
      }
      wants = connect_poll(made.get());
    }
    if (wants == PGRES_POLLING_OK) return made;
  }
  if (reason.empty()) reason = error_message(made.get());
  while (reason.ends_with('\n')) reason.pop_back();
  throw unavailable(fmt::format(
      "cannot reach PostgreSQL: {}. Check DATABASE_URL and that the server runs", reason));
}

Libpq::Answer Libpq::await_answer(PGconn* handle, Deadline by) const {
  for (;;) {
    const int unsent = flush(handle);
    if (unsent < 0) return Answer::broken;
    if (is_busy(handle) == 0) return Answer::there;
    if (!poll_until(socket(handle), unsent ? POLLIN | POLLOUT : POLLIN, by)) return Answer::late;
    if (consume_input(handle) != 1) return Answer::broken;
  }
}

Libpq::Result Libpq::execute(PGconn* handle, const char* statements, Deadline by) const {
  Result last(nullptr, Clear{this});
  if (send_query(handle, statements) != 1) return last;
  for (;;) {
    if (await_answer(handle, by) != Answer::there) return Result(nullptr, Clear{this});
    Result next(get_result(handle), Clear{this});
    if (!next) return last;
    // As the library does it: what failed is the answer to all.
    if (last && result_status(last.get()) == PGRES_FATAL_ERROR) continue;
    last = std::move(next);
  }
}

}  // namespace molecule::sql
