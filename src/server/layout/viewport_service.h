// Keeps the viewport of the canvas, so that every browser opens where the last one looked.
#pragma once

#include <span>

#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "platform/sql/database.h"
#include "server/auth/access.h"
#include "server/layout/viewport.h"
#include "wire/api/status.h"
#include "wire/api/viewport.h"

namespace molecule::layout {

class Service {
 public:
  Service(sql::Database& db, const io::Clock& clock) : db_(db), clock_(clock) {}

  // Routes.
  io::Task<api::KeptViewport> viewport(auth::Operator::Caller caller);
  // The last write stands; two people who look at once do not hold each other up.
  io::Task<api::Done> keep(auth::Operator::Caller caller, api::Viewport viewport);

 private:
  sql::Database& db_;
  const io::Clock& clock_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::layout
