// The bodies of requests: how they are read, bounded, skipped and refused.
#include <algorithm>

#include "platform/http/chunked.h"
#include "platform/http/connection.h"
#include "platform/http/flush.h"
#include "platform/http/syntax.h"

namespace molecule::http {

using std::chrono::milliseconds;

// The body, when it has arrived whole behind the head or is not there at all.
std::optional<Connection::Body> Connection::body_at_hand(std::size_t cap) {
  Exchange& at = *at_;
  if (at.framing.chunked) return std::nullopt;
  if (at.framing.length > cap) return Body::too_large;
  auto length = static_cast<std::size_t>(at.framing.length);
  if (at.text().size() < length) return std::nullopt;
  at.request.body = at.text().substr(0, length);
  at.begin += length;
  return Body::done;
}

io::Task<Connection::Body> Connection::read_body(std::size_t cap) {
  Exchange& at = *at_;
  const Limits& limits = server_.settings.limits;
  phase_ = Phase::receiving;
  if (at.framing.expects_continue && at.text().empty()) {
    Pieces pieces;
    pieces.views[0] = "HTTP/1.1 100 Continue\r\n\r\n";
    Sent sent = co_await send_all(*stream_, pieces, server_.patience(limits.write_stall));
    if (sent != Sent::all) co_return Body::gone;
  }
  ChunkedReader chunks(cap);
  at.body.clear();
  std::string_view arrived = at.text();
  // The views into `in` stay valid: the body goes elsewhere, and what follows it is kept in
  // `early`.
  at.begin = at.end;
  net::TimePoint start = net::Wheel::now(server_.loop);
  for (;;) {
    if (at.framing.chunked) {
      ChunkedReader::State state = chunks.read(arrived, at.body);
      if (state == ChunkedReader::State::bad) co_return Body::bad;
      if (state == ChunkedReader::State::too_large) co_return Body::too_large;
      if (state == ChunkedReader::State::done) break;
    } else {
      std::size_t missing = static_cast<std::size_t>(at.framing.length) - at.body.size();
      std::size_t n = std::min(missing, arrived.size());
      at.body.append(arrived.substr(0, n));
      arrived.remove_prefix(n);
      if (n == missing) break;
    }
    if (!take_room()) co_return Body::overloaded;
    net::Attempt attempt = stream_->try_read({server_.scratch.get(), Server::Impl::scratch_size});
    if (attempt.state == net::Attempt::State::moved) {
      arrived = {server_.scratch.get(), attempt.bytes};
      continue;
    }
    if (attempt.state != net::Attempt::State::wait) co_return Body::gone;
    // Idle for so long at most, over all no slower than the rate, and never longer than the total.
    net::TimePoint idle = net::Wheel::now(server_.loop) + server_.patience(limits.body_idle);
    net::TimePoint pace =
        start +
        std::min(limits.body_idle + milliseconds(at.body.size() * 1000 /
                                                 std::max<std::size_t>(limits.body_rate, 1)),
                 limits.body_total);
    stream_->set_deadline(net::Direction::read, std::min(idle, pace));
    net::Wake why = co_await stream_->wait(net::Direction::read);
    if (why == net::Wake::deadline) co_return Body::slow;
    if (why == net::Wake::cancelled) co_return Body::gone;
    arrived = {};
  }
  at.early.assign(arrived);
  at.request.body = at.body;
  co_return Body::done;
}

// What has arrived of the body is counted where the caller's kind has its room, so that strangers
// take none from those who are known.
bool Connection::take_room() {
  room_ = at_->request.principal.kind == 0 ? &server_.strangers : &server_.members;
  room_->held += at_->body.size() - bodies_held_;
  bodies_held_ = at_->body.size();
  return room_->held <= room_->most;
}

void Connection::give_room_back() noexcept {
  if (room_) room_->held -= bodies_held_;
  room_ = nullptr;
  bodies_held_ = 0;
}

// Bodies are taken as they are: one that is coded is refused before it is read for what it is not.
std::optional<Response> Connection::check_coding() const {
  const Exchange& at = *at_;
  if (!at.framing.chunked && at.framing.length == 0) return std::nullopt;
  auto coding = at.request.header("content-encoding");
  if (!coding || coding->empty() || equal_ignoring_case(*coding, "identity")) return std::nullopt;
  Response refusal = error_response(
      415, "unsupported_coding",
      "the body has a Content-Encoding; bodies are taken without one: send it as it is");
  refusal.headers.emplace_back("Accept-Encoding", "identity");
  return refusal;
}

// Steps over a body nobody will read, when it has arrived whole; otherwise the connection must end.
bool Connection::skip_body() {
  Exchange& at = *at_;
  if (at.framing.chunked) return false;
  if (at.text().size() < at.framing.length) return false;
  at.begin += static_cast<std::size_t>(at.framing.length);
  body_read_ = true;
  return true;
}

Response Connection::body_refusal(Body outcome, std::size_t cap) {
  switch (outcome) {
    case Body::too_large:
      if (cap == 0) return error_response(413, "body_too_large", "this path takes no body");
      return error_response(413, "body_too_large",
                            fmt::format("the body is larger than {} bytes", cap),
                            fmt::format("\"truncated\":true,\"max_bytes\":{}", cap));
    case Body::slow:
      if (server_.draining) return draining_response();
      return error_response(408, "request_timeout", "the body did not arrive in time");
    case Body::overloaded: {
      Response busy =
          error_response(503, "overloaded", "too many large requests at once; try again shortly");
      busy.headers.emplace_back("Retry-After", "1");
      return busy;
    }
    case Body::bad:
    case Body::gone:
    case Body::done: break;
  }
  return error_response(400, "bad_request", "the body is not valid chunked encoding");
}

}  // namespace molecule::http
