// libpq, loaded when a PostgreSQL store is opened, so that the program starts and runs where it is
// not installed. Only the names used here; types come from its header.
#pragma once

#include <libpq-fe.h>

namespace molecule::sql {

struct Libpq {
  decltype(&::PQlibVersion) version;
  decltype(&::PQconnectdb) connect;
  decltype(&::PQfinish) finish;
  decltype(&::PQstatus) status;
  decltype(&::PQerrorMessage) error_message;
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
  decltype(&::PQexec) exec;
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
};

}  // namespace molecule::sql
