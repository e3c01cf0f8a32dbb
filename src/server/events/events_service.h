// Ways to follow the log: the WebSocket /ws, an SSE stream per workspace, and pages of past events.
#pragma once

#include <string>
#include <vector>

#include "platform/http/route.h"
#include "server/auth/access.h"
#include "server/auth/residents.h"
#include "server/events/followers.h"
#include "server/events/hub.h"
#include "server/events/log.h"
#include "wire/api/past_events.h"

namespace molecule::events {

struct Page {
  std::optional<std::int64_t> limit;   // 1..500, default 100
  std::optional<std::int64_t> before;  // positions older than this
};
BOOST_DESCRIBE_STRUCT(Page, (), (limit, before))

class Service {
 public:
  Service(sql::Database& db, Log& log, const auth::Reach& reach, const auth::Residents& residents,
          Hubs& hubs, Followers& followers, const io::Clock& clock)
      : db_(db),
        log_(log),
        reach_(reach),
        residents_(residents),
        hubs_(hubs),
        followers_(followers),
        clock_(clock) {}

  // GET /ws?since=N
  io::Task<http::Response> socket(auth::Member::Caller caller, const http::Request& request);
  // GET /workspaces/{id}/events/stream, resumes by Last-Event-ID
  io::Task<http::Response> stream(auth::Self::Caller caller, WorkspaceId id,
                                  const http::Request& request);
  // GET /events and GET /events/{id}: newest first; a page also ends when it is large, and goes on
  // with `before` its last position
  io::Task<std::vector<api::PastEvent>> list(auth::Operator::Caller caller, http::Query<Page> page);
  io::Task<std::vector<api::PastEvent>> list_of(auth::Operator::Caller caller, WorkspaceId id,
                                                http::Query<Page> page);

 private:
  sql::Database& db_;
  Log& log_;
  const auth::Reach& reach_;
  const auth::Residents& residents_;
  Hubs& hubs_;
  Followers& followers_;
  const io::Clock& clock_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::events
