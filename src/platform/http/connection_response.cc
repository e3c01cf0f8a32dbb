#include <charconv>

#include "platform/http/connection.h"
#include "platform/http/connection_incoming.h"
#include "platform/http/syntax.h"
#include "platform/http/websocket.h"
#include "platform/log/log.h"

namespace molecule::http {

namespace {
// Codes of WebSocket close frames.
constexpr std::uint16_t close_going_away = 1001;
constexpr std::uint16_t close_unauthorized = 4401;
}  // namespace

// Looks for the peer's leaving while a handler works, so that nobody computes for a closed window.
// Begins after a delay (most handlers are done by then) and costs a store until it does.
class Connection::Watch final : net::Wheel::Entry, net::Sleeper {
 public:
  Watch(Connection& connection, io::Cancellation& cancellation)
      : connection_(connection), cancellation_(cancellation) {}
  ~Watch() override { end(); }

  void begin_after(std::chrono::milliseconds delay) {
    connection_.stream_->set_deadline(net::Direction::read, net::no_deadline);
    connection_.server_.wheel.set(*this, net::Wheel::now(connection_.server_.loop) + delay);
  }
  void begin() {
    connection_.stream_->set_deadline(net::Direction::read, net::no_deadline);
    look();
  }
  void end() {
    if (looking_) connection_.stream_->disarm(net::Direction::read);
    looking_ = false;
  }
  bool gone() const { return gone_; }
  std::function<void()> on_gone;

 private:
  static constexpr std::size_t early_max = 16u
                                           << 10;  // Of requests sent ahead; beyond, nobody looks.

  void on_due() noexcept override { look(); }
  void wake(net::Wake) noexcept override {
    looking_ = false;
    look();
  }
  void look() noexcept {
    Exchange& at = *connection_.at_;
    for (;;) {
      net::Wake at_once = net::Wake::ready;
      net::Attempt attempt = connection_.stream_->try_read(
          {connection_.server_.scratch.get(), Server::Impl::scratch_size});
      if (attempt.state == net::Attempt::State::wait) {
        looking_ = connection_.stream_->arm(net::Direction::read, *this, &at_once);
        if (looking_ || at_once != net::Wake::ready) return;
        continue;
      }
      if (attempt.state != net::Attempt::State::moved) break;
      at.early.append(connection_.server_.scratch.get(), attempt.bytes);
      if (at.early.size() > early_max) return;
    }
    gone_ = true;
    if (on_gone) on_gone();
    cancellation_.cancel();
  }

  Connection& connection_;
  io::Cancellation& cancellation_;
  bool looking_ = false;
  bool gone_ = false;
};

// What is held open for a credential, for as long as the gate lets it.
class Connection::Hold final : net::Wheel::Entry {
 public:
  // `waiting`: what to cancel, of a read that waits.
  explicit Hold(Connection& connection, io::Cancellation* waiting = nullptr)
      : connection_(connection) {
    connection_.hold_ = this;
    connection_.waiting_ = waiting;
    if (connection_.reviewed_ != connection_.server_.reviews.rounds) {
      connection_.review();
    } else {
      look_again(connection_.begun_);
    }
  }
  ~Hold() override {
    connection_.hold_ = nullptr;
    connection_.waiting_ = nullptr;
  }
  void look_again(net::TimePoint since) noexcept {
    milliseconds lasts = connection_.at_->request.principal.lasts;
    // What is beyond a year is asked at the next request.
    if (lasts > std::chrono::hours(24 * 365)) return;
    connection_.server_.wheel.set(*this, since + lasts);
  }

 private:
  using milliseconds = std::chrono::milliseconds;
  void on_due() noexcept override { connection_.review(); }

  Connection& connection_;
};

io::Task<Response> Connection::call(const Router::Match& match) {
  Request& request = at_->request;
  std::exception_ptr failure;
  try {
    // Reads may be given up when the caller leaves; a change that was asked for is carried through.
    if (match.route->method == Method::get) {
      io::Context here = co_await io::context();
      io::Cancellation cancellation(here.cancellation);
      Watch watch(*this, cancellation);
      watch.begin_after(std::chrono::seconds(1));
      Hold hold(*this, &cancellation);
      io::detail::WithCancellation<Response> working{match.route->call(match.service, request),
                                                     cancellation};
      Response response = co_await working;
      // What ended a credential may be what woke this request: then it is no answer any more.
      if (server_.reviews.asked.load(std::memory_order_acquire)) review();
      if (ended_) co_return std::move(*ended_);
      co_return response;
    }
    io::Task<Response> working = match.route->call(match.service, request);
    Response response = co_await working;
    co_return response;
  } catch (...) {
    failure = std::current_exception();
  }
  if (ended_) co_return std::move(*ended_);
  co_return failed(failure);
}

// A change whose body comes as the handler reads it. It ends with its credential, since it may
// last.
io::Task<Response> Connection::call_reading(const Router::Match& match) {
  Request& request = at_->request;
  Incoming incoming(*this, match.route->body_max);
  request.incoming = &incoming;
  std::exception_ptr failure;
  std::optional<Response> response;
  try {
    io::Context here = co_await io::context();
    io::Cancellation cancellation(here.cancellation);
    Hold hold(*this, &cancellation);
    io::detail::WithCancellation<Response> working{match.route->call(match.service, request),
                                                   cancellation};
    response = co_await working;
  } catch (...) {
    failure = std::current_exception();
  }
  request.incoming = nullptr;
  phase_ = Phase::busy;
  body_read_ = incoming.end();
  if (ended_) co_return std::move(*ended_);
  if (incoming.outcome() == Body::gone) phase_ = Phase::leaving;
  if (incoming.outcome() != Body::done)
    co_return body_refusal(incoming.outcome(), match.route->body_max);
  if (failure) co_return failed(failure);
  co_return std::move(*response);
}

namespace {
constexpr std::size_t copied_max = 1024;
}

// Bytes of an answer that its peer has not taken yet.
void Connection::hold(std::size_t bytes) {
  answer_held_ = bytes;
  answering_since_ = net::Wheel::now(server_.loop);
  server_.answers += bytes;
  server_.bound_answers();
}

void Connection::let_go() { server_.answers -= std::exchange(answer_held_, 0); }

io::Task<Connection::Next> Connection::respond(Response& response, bool keep_alive) {
  Exchange& at = *at_;
  bool head_only = at.request.method == Method::head;
  if (response.socket) {
    Next next = co_await serve_socket(response);
    co_return next;
  }
  HeadFacts facts;
  facts.request_id = at.request.id;
  facts.allow_origin = allow_origin_;
  facts.quota = at.request.quota;
  facts.http10 = at.framing.http10;
  facts.secure = at.request.secure;
  facts.page = page_;
  const bool sized = response.stream && response.stream_length;
  if (response.stream && !sized) {
    facts.chunked = !at.framing.http10;
    if (at.framing.http10) keep_alive = false;
  }
  facts.keep_alive = keep_alive;
  std::string_view body = response.fixed.empty() ? std::string_view(response.body) : response.fixed;
  bool bodiless = response.status == 204 || response.status == 304;
  if (!response.stream && !bodiless) facts.length = body.size();
  if (sized) facts.length = response.stream_length;
  at.out.clear();
  server_.heads.write(at.out, response, facts);
  Pieces pieces;
  if (!head_only && !bodiless && !response.stream) {
    // Copying a small body is cheaper than a second piece is for the kernel.
    if (body.size() <= copied_max) {
      at.out += body;
    } else {
      pieces.views[1] = body;
    }
  }
  pieces.views[0] = at.out;
  Sent sent = send_now(*stream_, pieces);
  if (sent == Sent::partly) {
    // What is embedded in the program takes no room.
    hold(response.fixed.empty() ? body.size() : 0);
    sent =
        co_await send_all(*stream_, pieces, server_.patience(server_.settings.limits.write_stall));
    let_go();
  }
  count(response.status);
  if (sent != Sent::all) co_return Next::close;
  if (response.stream && !head_only) {
    Next next = co_await stream_body(response, keep_alive);
    co_return next;
  }
  co_return keep_alive ? Next::request : Next::close;
}

class Connection::Writer final : public BodyWriter {
 public:
  Writer(Connection& connection, bool chunked) : connection_(connection), chunked_(chunked) {}

  io::Task<void> write(std::string_view bytes) override {
    if (gone_) throw Fault(Kind::cancelled, "cancelled", "the peer is gone");
    if (bytes.empty()) co_return;
    written_ += bytes.size();
    Pieces pieces;
    if (chunked_) {
      auto [end, error] = std::to_chars(size_, size_ + sizeof size_ - 2, bytes.size(), 16);
      *end++ = '\r';
      *end++ = '\n';
      pieces.views[0] = {size_, static_cast<std::size_t>(end - size_)};
      pieces.views[2] = "\r\n";
    }
    pieces.views[1] = bytes;
    const Limits& limits = connection_.server_.settings.limits;
    Sent sent = send_now(*connection_.stream_, pieces);
    if (sent == Sent::partly) {
      connection_.hold(bytes.size());
      sent = co_await send_all(
          *connection_.stream_, pieces,
          told_ ? limits.farewell : connection_.server_.patience(limits.write_stall));
      connection_.let_go();
    }
    if (sent == Sent::all) co_return;
    leave();
    throw Fault(Kind::cancelled, "cancelled",
                sent == Sent::stalled ? "the peer is too slow" : "the peer is gone");
  }
  void trailer(std::string_view name, std::string_view value) override {
    if (!all_are(name, detail::token_char)) return;
    trailers_ += name;
    trailers_ += ": ";
    for (char c : value) trailers_ += is_a(c, detail::value_char) ? c : ' ';
    trailers_ += "\r\n";
  }
  const std::string& trailers() const { return trailers_; }
  bool closed() const override { return gone_ || told_; }
  void notify_closed(io::Signal* signal) override { signal_ = signal; }

  void tell() {
    told_ = true;
    if (signal_) signal_->notify();
  }
  void leave() {
    gone_ = true;
    tell();
  }
  bool gone() const { return gone_; }
  std::uint64_t written() const { return written_; }

 private:
  Connection& connection_;
  bool chunked_;
  std::uint64_t written_ = 0;
  std::string trailers_;
  bool gone_ = false;
  bool told_ = false;
  io::Signal* signal_ = nullptr;
  char size_[20] = {};
};

void Connection::review() noexcept {
  if (!hold_ || ended_ || !route_) return;
  reviewed_ = server_.reviews.rounds;
  try {
    std::optional<Response> refusal = server_.router.gate().review(*route_, at_->request);
    if (!refusal) {
      hold_->look_again(net::Wheel::now(server_.loop));
      return;
    }
    ended_ = std::make_unique<Response>(std::move(*refusal));
  } catch (...) {
    // Whoever cannot be judged is not let on.
    ended_ = std::make_unique<Response>(failed(std::current_exception()));
  }
  server_.probe.ended.add();
  const std::chrono::milliseconds farewell = server_.settings.limits.farewell;
  if (waiting_) waiting_->cancel();
  if (writer_) writer_->tell();
  if (socket_)
    socket_->close_soon(close_unauthorized, "the credential of this connection has ended",
                        farewell);
  stream_->set_deadline(net::Direction::write, net::Wheel::now(server_.loop) + farewell);
}

io::Task<Connection::Next> Connection::stream_body(Response& response, bool keep_alive) {
  phase_ = Phase::stream;
  server_.probe.streams.add();
  bool chunked = !at_->framing.http10 && !response.stream_length;
  Writer writer(*this, chunked);
  writer_ = &writer;
  if (server_.draining) writer.tell();
  bool complete = false;
  {
    Hold hold(*this);
    io::Context here = co_await io::context();
    io::Cancellation cancellation(here.cancellation);
    Watch watch(*this, cancellation);
    watch.on_gone = [&writer] { writer.leave(); };
    watch.begin();
    std::exception_ptr failure;
    try {
      io::detail::WithCancellation<void> streaming{response.stream(writer), cancellation};
      co_await streaming;
      complete = !writer.gone() &&
                 (!response.stream_length || writer.written() == *response.stream_length);
    } catch (const Fault& fault) {
      if (fault.kind() != Kind::cancelled && fault.kind() != Kind::deadline)
        failure = std::current_exception();
    } catch (...) {
      failure = std::current_exception();
    }
    // The head is out: all that is left is to end without the last chunk, which the peer sees.
    if (failure) failed(failure);
  }
  response.stream = nullptr;
  writer_ = nullptr;
  phase_ = Phase::busy;
  server_.probe.streams.subtract();
  if (!complete) co_return Next::close;
  if (chunked) {
    Pieces pieces;
    pieces.views[0] = "0\r\n";
    pieces.views[1] = writer.trailers();
    pieces.views[2] = "\r\n";
    Sent sent =
        co_await send_all(*stream_, pieces, server_.patience(server_.settings.limits.write_stall));
    if (sent != Sent::all) co_return Next::close;
  }
  co_return keep_alive && !ended_ && !server_.draining ? Next::request : Next::linger;
}

io::Task<Connection::Next> Connection::serve_socket(Response& response) {
  Exchange& at = *at_;
  std::optional<std::string> accept;
  auto refuse = [&]() -> std::optional<Response> {
    auto upgrade = at.request.header("upgrade");
    if (at.request.method != Method::get || at.framing.http10 || !at.framing.upgrade || !upgrade ||
        !list_has(*upgrade, "websocket")) {
      // Whoever sends a key has asked; what is between passed on only what it did not know.
      const bool lost = at.request.header("sec-websocket-key").has_value();
      if (lost) server_.tell_of_lost_upgrade(stream_->peer());
      Response refusal = error_response(
          426, "upgrade_required",
          lost
              ? "the headers Upgrade and Connection did not arrive; a proxy on the way has to pass "
                "WebSockets on"
              : "this path speaks WebSocket only");
      refusal.headers.emplace_back("Upgrade", "websocket");
      return refusal;
    }
    if (at.request.header("sec-websocket-version") != "13") {
      Response refusal =
          error_response(426, "upgrade_required", "only WebSocket version 13 is spoken here");
      refusal.headers.emplace_back("Sec-WebSocket-Version", "13");
      return refusal;
    }
    auto key = at.request.header("sec-websocket-key");
    accept = key ? websocket_accept(*key) : std::nullopt;
    if (!accept) return error_response(400, "bad_request", "malformed Sec-WebSocket-Key header");
    return std::nullopt;
  };
  std::optional<Response> refusal = refuse();
  if (!refusal && server_.draining)
    refusal = error_response(503, "draining", "the server is going away");
  if (refusal) {
    response.socket = nullptr;
    Next next =
        co_await respond(*refusal, at.framing.keep_alive && body_read_ && !server_.draining);
    co_return next;
  }

  response.status = 101;
  response.headers.emplace_back("Upgrade", "websocket");
  response.headers.emplace_back("Connection", "Upgrade");
  response.headers.emplace_back("Sec-WebSocket-Accept", *accept);
  if (!response.subprotocol.empty())
    response.headers.emplace_back("Sec-WebSocket-Protocol", response.subprotocol);
  HeadFacts facts;
  facts.request_id = at.request.id;
  facts.allow_origin = allow_origin_;
  facts.quota = at.request.quota;
  facts.secure = at.request.secure;
  at.out.clear();
  server_.heads.write(at.out, response, facts);
  Pieces pieces;
  pieces.views[0] = at.out;
  Sent sent = co_await send_all(*stream_, pieces, server_.settings.limits.write_stall);
  count(response.status);
  if (sent != Sent::all) co_return Next::close;

  phase_ = Phase::socket;
  server_.probe.streams.add();
  std::string leftover(at.text());
  leftover += at.early;
  auto handler = std::move(response.socket);
  response.socket = nullptr;
  const Limits& limits = server_.settings.limits;
  FrameSocket::Options options;
  options.message_max = limits.socket_message;
  options.ping_every = limits.ping_every;
  options.write_stall = limits.write_stall;
  options.close_wait = limits.linger;
  FrameSocket socket(*stream_, FrameSocket::Side::server, options, std::move(leftover));
  socket_ = &socket;
  auto hold = std::make_unique<Hold>(*this);
  std::exception_ptr failure;
  bool broke = false;
  try {
    io::Task<void> talking = handler(socket);
    co_await talking;
  } catch (const Fault& fault) {
    broke = fault.kind() == Kind::cancelled || fault.kind() == Kind::deadline;
    if (!broke) failure = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
  }
  hold.reset();
  if (failure) failed(failure);
  std::uint16_t code = failure ? 1011 : (server_.draining ? close_going_away : 1000);
  co_await socket.finish(code);
  socket_ = nullptr;
  server_.probe.streams.subtract();
  phase_ = Phase::busy;
  co_return Next::close;
}

void Connection::drain() {
  const std::chrono::milliseconds farewell = server_.settings.limits.farewell;
  const net::TimePoint by = net::Wheel::now(server_.loop) + farewell;
  switch (phase_) {
    case Phase::idle: stream_->close(); return;
    case Phase::receiving:
    case Phase::leaving: stream_->set_deadline(net::Direction::read, by); break;
    case Phase::busy: break;  // The response will say Connection: close.
    case Phase::stream:
      if (writer_) writer_->tell();
      break;
    case Phase::socket:
      if (socket_) socket_->close_soon(close_going_away, {}, farewell);
      break;
    case Phase::multiplexed:
      if (session_) session_->drain();
      break;
  }
  // Whoever takes nothing now is not waited for; a byte taken gives the usual time again.
  stream_->set_deadline(net::Direction::write, by);
}

}  // namespace molecule::http
