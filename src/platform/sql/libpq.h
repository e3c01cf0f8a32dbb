// libpq, loaded when a PostgreSQL store is opened, so that the program starts and runs where it is
// not installed. Only the names used here; types come from its header.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <libpq-fe.h>

namespace molecule::sql {

struct Libpq {
  decltype(&::PQlibVersion) version;
  decltype(&::PQconnectStart) connect_start;
  decltype(&::PQconnectPoll) connect_poll;
  decltype(&::PQfinish) finish;
  decltype(&::PQstatus) status;
  decltype(&::PQerrorMessage) error_message;
  decltype(&::PQparameterStatus) parameter_status;
  decltype(&::PQdb) database;
  decltype(&::PQsetNoticeReceiver) set_notice_receiver;
  decltype(&::PQsocket) socket;
  decltype(&::PQsetnonblocking) set_nonblocking;
  decltype(&::PQenterPipelineMode) enter_pipeline;
  decltype(&::PQpipelineSync) pipeline_sync;
  decltype(&::PQsendFlushRequest) send_flush_request;
  decltype(&::PQsendPrepare) send_prepare;
  decltype(&::PQsendQueryPrepared) send_prepared;
  decltype(&::PQflush) flush;
  decltype(&::PQconsumeInput) consume_input;
  decltype(&::PQisBusy) is_busy;
  decltype(&::PQgetResult) get_result;
  decltype(&::PQsendQuery) send_query;
  decltype(&::PQprepare) prepare;
  decltype(&::PQresultStatus) result_status;
  decltype(&::PQresultErrorField) error_field;
  decltype(&::PQclear) clear;
  decltype(&::PQntuples) rows;
  decltype(&::PQnfields) columns;
  decltype(&::PQgetvalue) value;
  decltype(&::PQgetlength) length;
  decltype(&::PQgetisnull) is_null;
  decltype(&::PQftype) type;
  decltype(&::PQcmdTuples) changed;

  // Loads the library at the first call. Throws Fault with the package to install.
  static const Libpq& get();

  struct Finish {
    const Libpq* pq;
    void operator()(PGconn* handle) const { pq->finish(handle); }
  };
  struct Clear {
    const Libpq* pq;
    void operator()(PGresult* result) const { pq->clear(result); }
  };
  using Connection = std::unique_ptr<PGconn, Finish>;
  using Result = std::unique_ptr<PGresult, Clear>;
  using Deadline = std::chrono::steady_clock::time_point;

  // The library's own blocking calls wait for the server as long as it likes; these do not. They
  // block the thread until the deadline at most.

  // An open connection. Throws Fault unavailable with the reason, which names host and user but no
  // password.
  Connection connect(const std::string& url, std::chrono::milliseconds limit) const;
  enum class Answer { there, late, broken };
  // Sends what is unsent and waits until an answer can be taken.
  Answer await_answer(PGconn* handle, Deadline by) const;
  // Runs statements and gives the last one's result, null when the server did not answer in time
  // or the connection broke; the connection is of no use then.
  Result execute(PGconn* handle, const char* statements, Deadline by) const;
};

}  // namespace molecule::sql
