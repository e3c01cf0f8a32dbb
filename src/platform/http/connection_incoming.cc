#include "platform/http/connection_incoming.h"

#include <algorithm>

#include "platform/http/flush.h"

namespace molecule::http {

using std::chrono::milliseconds;

bool Connection::Incoming::none() const {
  const Framing& framing = connection_.at_->framing;
  return !framing.chunked && framing.length == 0;
}

std::optional<std::uint64_t> Connection::Incoming::announced() const {
  const Framing& framing = connection_.at_->framing;
  if (framing.chunked) return std::nullopt;
  return framing.length;
}

io::Task<std::string_view> Connection::Incoming::next() {
  if (outcome_ == Body::done) {
    piece_ = {};
    while (outcome_ == Body::done && piece_.empty() && !end_) outcome_ = co_await more();
    connection_.phase_ = Phase::busy;
  }
  switch (outcome_) {
    case Body::done: break;
    case Body::too_large:
      throw Fault(Kind::too_large, "body_too_large",
                  fmt::format("the body is larger than {} bytes", cap_));
    case Body::bad: throw bad_request("the body is not valid chunked encoding");
    case Body::slow:
      throw Fault(Kind::deadline, "request_timeout", "the body did not arrive in time");
    case Body::gone:
    case Body::overloaded: throw Fault(Kind::cancelled, "cancelled", "the peer is gone");
  }
  co_return piece_;
}

// Makes piece_ of what has arrived; it may stay empty.
Connection::Body Connection::Incoming::take(std::string_view arrived) {
  Exchange& at = *connection_.at_;
  if (!at.framing.chunked) {
    piece_ = arrived;
    taken_ += arrived.size();
    end_ = taken_ == at.framing.length;
    return Body::done;
  }
  decoded_.clear();
  ChunkedReader::State state = chunks_.read(arrived, decoded_);
  if (state == ChunkedReader::State::bad) return Body::bad;
  if (state == ChunkedReader::State::too_large) return Body::too_large;
  if (state == ChunkedReader::State::done) {
    end_ = true;
    at.early.assign(arrived);
  }
  piece_ = decoded_;
  taken_ += decoded_.size();
  return Body::done;
}

io::Task<Connection::Body> Connection::Incoming::more() {
  Exchange& at = *connection_.at_;
  net::Stream& stream = *connection_.stream_;
  Server::Impl& server = connection_.server_;
  const Limits& limits = server.settings.limits;
  connection_.phase_ = Phase::receiving;
  if (!begun_) {
    begun_ = true;
    start_ = net::Wheel::now(server.loop);
    if (!at.framing.chunked && at.framing.length > cap_) co_return Body::too_large;
    if (at.framing.expects_continue && at.text().empty()) {
      Pieces pieces;
      pieces.views[0] = "HTTP/1.1 100 Continue\r\n\r\n";
      Sent sent = co_await send_all(stream, pieces, server.patience(limits.write_stall));
      if (sent != Sent::all) co_return Body::gone;
    }
    // What came behind the head. The view into `in` stays valid: nothing is read there meanwhile.
    std::string_view arrived = at.text();
    if (!at.framing.chunked) arrived = arrived.substr(0, at.framing.length);
    at.begin = at.framing.chunked ? at.end : at.begin + arrived.size();
    if (!arrived.empty()) co_return take(arrived);
  }
  if (!room_) room_ = std::make_unique<char[]>(piece_max);
  for (;;) {
    std::size_t most = piece_max;
    if (!at.framing.chunked) most = std::min<std::uint64_t>(most, at.framing.length - taken_);
    net::Attempt attempt = stream.try_read({room_.get(), most});
    if (attempt.state == net::Attempt::State::moved) co_return take({room_.get(), attempt.bytes});
    if (attempt.state != net::Attempt::State::wait) co_return Body::gone;
    net::TimePoint idle = net::Wheel::now(server.loop) + server.patience(limits.body_idle);
    net::TimePoint pace =
        start_ + std::min<milliseconds>(
                     limits.body_idle +
                         milliseconds(taken_ * 1000 / std::max<std::size_t>(limits.body_rate, 1)),
                     limits.incoming_total);
    stream.set_deadline(net::Direction::read, std::min(idle, pace));
    net::Wake why = co_await stream.wait(net::Direction::read);
    if (why == net::Wake::deadline) co_return Body::slow;
    if (why == net::Wake::cancelled) co_return Body::gone;
  }
}

}  // namespace molecule::http
