#include "server/events/events_service.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "platform/sql/within.h"
#include "server/events/events_store.h"
#include "server/events/follow.h"

namespace molecule::events {
namespace {

using namespace std::chrono_literals;

constexpr auto keep_alive = 15s;
constexpr std::size_t write_max = 64u << 10;  // Bytes gathered into one write.
// A frame from here on is sent from where it lies, which all its followers share.
constexpr std::size_t shared_min = 4u << 10;
// Of the bodies of one page; a larger event comes alone.
constexpr std::int64_t page_bytes_max = 4 << 20;

// Followers listen. A few words are let pass; who keeps talking is shown out.
constexpr int said_max = 120;
constexpr auto said_window = 60s;
constexpr std::uint16_t close_policy = 1008, close_try_again = 1013;

std::optional<std::int64_t> position(std::optional<std::string> text) {
  if (!text || text->empty()) return std::nullopt;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) {
    throw bad_request("invalid_position", "since must be a log position: a whole number");
  }
  return value;
}

std::string hello(const Start& start) {
  json::Object payload;
  payload.add("reason", start.reason);
  return json::Object{}
      .add("event", "HELLO")
      .add("seq", start.seq)
      .add("resumed", start.resumed)
      .add("payload", payload.raw())
      .text();
}

// Ends the other half of a socket when one half ends, however it does.
struct EndsBoth {
  io::Scope& scope;
  ~EndsBoth() { scope.cancel(); }
};

io::Task<void> read_until_closed(http::WebSocket& socket, const io::Clock& clock,
                                 io::Scope& scope) {
  EndsBoth both{scope};
  // Clients have nothing to say here; reading answers pings and notices the close.
  auto window = clock.monotonic();
  for (int said = 0;; ++said) {
    auto frame = co_await socket.receive();
    if (!frame) break;
    const auto now = clock.monotonic();
    if (now - window > said_window) {
      window = now;
      said = 0;
    }
    if (said < said_max) continue;
    co_await socket.close(close_policy, "nothing is read here; send pings, not messages");
    break;
  }
}

// One follower on its way: what it is being sent, from which position it goes on.
struct Follower {
  Hub& hub;
  Cursor cursor;
  Followers::Seat& seat;
};

io::Task<void> write_facts(http::WebSocket& socket, Follower& follower, Start start,
                           io::Scope& scope) {
  EndsBoth both{scope};
  co_await socket.send(http::Frame::Opcode::text, hello(start));
  std::string out;
  for (;;) {
    auto step = co_await follower.cursor.next();
    follower.seat.hold(step.bytes);
    for (const Cursor::Seen& seen : step.frames) {
      const bool shared = seen.text.size() >= shared_min;
      if (!shared) out += http::encode_frame(http::Frame::Opcode::text, seen.text);
      if (out.size() >= write_max || (shared && !out.empty())) {
        co_await socket.send_raw(out);
        out.clear();
      }
      if (shared) co_await socket.send(http::Frame::Opcode::text, seen.text);
    }
    if (!out.empty()) co_await socket.send_raw(out);
    out.clear();
    follower.seat.release();
    const bool advanced = step.advanced;
    step = {};  // Who waits holds nothing.
    if (!advanced) co_await follower.hub.grown(30s);
  }
}

// The reader and the writer of one socket; whichever ends first ends the other.
io::Task<void> serve_socket(http::WebSocket& socket, Hub& hub, Followers& followers,
                            const io::Clock& clock, Cursor cursor, Start start) {
  io::Context here = co_await io::context();
  io::Scope scope(*here.loop, {}, here.cancellation);
  bool left = false;
  Followers::Seat seat(followers, *here.loop, [&scope, &left] {
    left = true;
    scope.cancel();
  });
  Follower follower{hub, std::move(cursor), seat};
  // What ends them (gone, too slow, told to close) is http's to say and to log.
  scope.spawn("socket writer", write_facts(socket, follower, start, scope));
  scope.spawn("socket reader", read_until_closed(socket, clock, scope));
  co_await scope.join();
  if (left) {
    const std::string reason =
        fmt::format("too slow; come again with since={}", follower.cursor.seq());
    co_await socket.close(close_try_again, reason);
  }
}

io::Task<void> write_stream(http::BodyWriter& body, Follower& follower) {
  Hub& hub = follower.hub;
  body.notify_closed(&hub.followers());
  co_await body.write(": connected\n\n");
  std::string out;
  while (!body.closed()) {
    auto step = co_await follower.cursor.next();
    follower.seat.hold(step.bytes);
    for (const auto& [frame, text] : step.frames) {
      if (!frame->transient) out += fmt::format("id: {}\n", frame->seq);
      out += fmt::format(R"(data: {{"type":"{}","timestamp":{},"data":)", frame->type,
                         frame->at.micros() / 1000);
      const std::string_view payload = frame->payload();
      if (payload.size() >= shared_min) {
        co_await body.write(out);
        co_await body.write(payload);
        out.clear();
      } else {
        out += payload;
      }
      out += fmt::format(R"(,"seq":{}}})", frame->seq);
      out += "\n\n";
      if (out.size() >= write_max) {
        co_await body.write(out);
        out.clear();
      }
    }
    if (!out.empty()) co_await body.write(out);
    out.clear();
    follower.seat.release();
    const bool advanced = step.advanced;
    step = {};  // Who waits holds nothing.
    if (advanced) continue;
    bool grown = co_await hub.grown(keep_alive);
    if (!grown) co_await body.write(": keep-alive\n\n");
  }
}

io::Task<void> serve_stream(http::BodyWriter& body, Hub& hub, Followers& followers, Cursor cursor) {
  io::Context here = co_await io::context();
  std::exception_ptr failure;
  auto note = [&failure](std::string_view, std::exception_ptr escaped) { failure = escaped; };
  io::Scope scope(*here.loop, note, here.cancellation);
  Followers::Seat seat(followers, *here.loop, [&scope] { scope.cancel(); });
  Follower follower{hub, std::move(cursor), seat};
  scope.spawn("stream writer", write_stream(body, follower));
  co_await scope.join();
  // A stream that was cut must not look whole.
  if (failure) std::rethrow_exception(failure);
  if (scope.cancellation().requested()) throw scope.cancellation().fault();
}

std::vector<api::PastEvent> past(std::vector<store::Row> rows) {
  std::vector<api::PastEvent> page;
  page.reserve(rows.size());
  for (auto& row : rows) {
    page.push_back(api::PastEvent{std::to_string(row.seq), std::move(row.type), row.workspace_id,
                                  std::move(row.payload), row.at, row.seq});
  }
  return page;
}

std::int64_t limit_of(const Page& page) {
  std::int64_t limit = page.limit.value_or(100);
  if (limit < 1 || page.before.value_or(1) < 1)
    throw bad_request("bad_query", "limit and before are 1 or more");
  return std::min<std::int64_t>(limit, 500);
}

constexpr auto table =
    http::table(http::get<auth::Member, &Service::socket>("/ws")
                    .says("Follows the log over a WebSocket; since=N goes on from a position.")
                    .gives(101, "")
                    .refuses("invalid_position", "upgrade_required"),
                http::get<auth::Self, &Service::stream>("/workspaces/{id}/events/stream")
                    .says("Follows one workspace as server-sent events; Last-Event-ID goes on.")
                    .gives(200, "text/event-stream")
                    .refuses("workspace_not_found", "invalid_position", "position_gone"),
                http::get<auth::Operator, &Service::list>("/events").says(
                    "Past events, newest first; `before` goes on."),
                http::get<auth::Operator, &Service::list_of>("/events/{id}")
                    .says("Past events of one workspace, newest first."));

}  // namespace

const std::span<const http::Route> routes = table;

io::Task<http::Response> Service::socket(auth::Member::Caller caller,
                                         const http::Request& request) {
  auto since = position(request.query_value("since"));
  std::int64_t oldest = co_await log_.oldest();
  Start start = start_from(since, oldest, log_.newest());
  io::Context here = co_await io::context();
  Hub& hub = hubs_.of(*here.loop);
  Cursor cursor(log_, reach_, caller.workspace(), start.seq);
  http::Response response;
  response.socket = [&hub, cursor, start, this](http::WebSocket& socket) mutable {
    return serve_socket(socket, hub, followers_, clock_, std::move(cursor), start);
  };
  // A browser that carried its token as a subprotocol needs the fixed one confirmed.
  auto offered = request.header("Sec-WebSocket-Protocol");
  if (offered && offered->find("molecule-ws") != std::string_view::npos)
    response.subprotocol = "molecule-ws";
  co_return response;
}

io::Task<http::Response> Service::stream(auth::Self::Caller, WorkspaceId id,
                                         const http::Request& request) {
  auth::require_present(residents_, id);
  std::optional<std::string> last;
  if (auto header = request.header("Last-Event-ID")) last = std::string(*header);
  if (!last) last = request.query_value("since");
  auto since = position(last);
  std::int64_t oldest = co_await log_.oldest();
  Start start = start_from(since, oldest, log_.newest());
  if (since && !start.resumed) {
    throw Fault(
        Kind::gone, "position_gone",
        fmt::format(
            "log position {} cannot be resumed ({}); take a snapshot and connect without it",
            *since, start.reason));
  }
  io::Context here = co_await io::context();
  Hub& hub = hubs_.of(*here.loop);
  Cursor cursor(log_, reach_, std::nullopt, start.seq);
  cursor.only(id);
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.stream = [&hub, cursor, this](http::BodyWriter& body) mutable {
    return serve_stream(body, hub, followers_, std::move(cursor));
  };
  co_return response;
}

io::Task<std::vector<api::PastEvent>> Service::list(auth::Operator::Caller,
                                                    http::Query<Page> page) {
  std::int64_t limit = limit_of(page.value);
  std::int64_t before = page.value.before.value_or(std::numeric_limits<std::int64_t>::max());
  auto query = [=](sql::Read& read) {
    auto older = [&](const store::Row* last, std::int64_t count) {
      return read.all(store::before, last ? last->seq : before, count);
    };
    return sql::within<store::Row>(limit, page_bytes_max, older, store::size_of);
  };
  auto rows = co_await db_.read(std::move(query));
  co_return past(std::move(rows));
}

io::Task<std::vector<api::PastEvent>> Service::list_of(auth::Operator::Caller, WorkspaceId id,
                                                       http::Query<Page> page) {
  std::int64_t limit = limit_of(page.value);
  std::int64_t before = page.value.before.value_or(std::numeric_limits<std::int64_t>::max());
  auto query = [=](sql::Read& read) {
    auto older = [&](const store::Row* last, std::int64_t count) {
      return read.all(store::before_of, id, last ? last->seq : before, count);
    };
    return sql::within<store::Row>(limit, page_bytes_max, older, store::size_of);
  };
  auto rows = co_await db_.read(std::move(query));
  co_return past(std::move(rows));
}

}  // namespace molecule::events
