#include "platform/sql/libpq.h"

#include <string>

#include <dlfcn.h>

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
  find(pq.connect, "PQconnectdb");
  find(pq.finish, "PQfinish");
  find(pq.status, "PQstatus");
  find(pq.error_message, "PQerrorMessage");
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
  find(pq.exec, "PQexec");
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

}  // namespace

const Libpq& Libpq::get() {
  static const Libpq loaded = load();
  return loaded;
}

}  // namespace molecule::sql
