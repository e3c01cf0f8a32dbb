#include "platform/http/client.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "base/fault.h"
#include "platform/http/pool.h"
#include "platform/http/syntax.h"
#include "platform/net/wheel.h"

namespace molecule::http {
namespace {

using net::Attempt;
using net::Direction;
using net::TimePoint;
using net::Wake;

// Where bytes land between a connection and what they are of: per thread, because a loop is one
// thread, and never kept over a wait. What a stream's read() hands out lies elsewhere.
std::span<char> landing() {
  constexpr std::size_t size = 64u << 10;
  thread_local const std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(size);
  return {bytes.get(), size};
}

constexpr int informational_max = 8;  // 1xx heads before the real one.
// A body of known length is given its whole memory at once up to here; beyond it grows as it comes,
// so that a number in a head cannot make us reserve what is never sent.
constexpr std::size_t reserve_max = 1u << 20;

Fault failed(std::string_view code, const net::Url& url, std::string_view what) {
  return {Kind::bad_gateway, std::string(code), fmt::format("{} {}", url.authority(), what)};
}

net::Url target_of(const net::Url& at, std::string_view location) {
  try {
    return at.resolve(location);
  } catch (const Fault& fault) {
    throw failed("bad_response", at,
                 fmt::format("redirects to where nothing can be: {}", fault.text()));
  }
}

// A name or value that ends the line early, or one that says again how the request is framed, would
// let the server read another request than was meant.
bool carriable(const Header& header) {
  return !header.name.empty() && all_are(header.name, detail::token_char) &&
         all_are(header.value, detail::value_char) && !equal_ignoring_case(header.name, "host") &&
         !equal_ignoring_case(header.name, "content-length") &&
         !equal_ignoring_case(header.name, "transfer-encoding");
}

TimePoint after(io::Loop& loop, std::chrono::milliseconds limit) {
  return net::Wheel::now(loop) + limit;
}

}  // namespace

// One request and what has come of its answer.
struct Client::Exchange {
  const net::Url* url = nullptr;
  ClientLimits limits;
  TimePoint until = net::no_deadline;  // The total limit.
  Pool::Lease lease;
  AnswerHead head;
  AnswerBody body;
  std::string bytes;
  std::size_t head_size = 0;
  int informational = 0;
  bool surplus = false;  // Bytes came that no request asked for.

  TimePoint within(std::chrono::milliseconds limit) const {
    return std::min(after(lease.stream().loop(), limit), until);
  }
  Fault timed_out() const { return failed("agent_timeout", *url, "did not answer in time"); }
  Fault reset() const {
    return failed("agent_reset", *url, "ended the connection before its answer was whole");
  }
  Fault bad() const {
    return failed("bad_response", *url,
                  "answered with something that is not a valid HTTP response");
  }
  void require(Wake why, const io::Context& here) const {
    if (why == Wake::deadline) throw timed_out();
    if (why == Wake::cancelled) throw here.cancellation->fault();
  }
  void require(AnswerBody::State state) const {
    if (state == AnswerBody::State::bad) throw bad();
    if (state == AnswerBody::State::too_large) {
      throw failed("response_too_large", *url,
                   fmt::format("answered with more than {} bytes", limits.body_max));
    }
  }
  void finish() {
    if (head.keep_alive && !surplus) {
      lease.give_back();
    } else {
      lease.drop();
    }
  }
};

Client::Client(net::Connector& connector, metrics::Registry& metrics, ClientSettings settings)
    : connector_(connector),
      settings_(std::move(settings)),
      pool_(std::make_unique<Pool>(settings_, metrics)) {}

Client::~Client() = default;

std::size_t Client::idle() const { return pool_->idle(); }
std::size_t Client::connections() const { return pool_->open(); }
void Client::close_idle() { pool_->close_idle(); }

void Client::write_head(const ClientRequest& request) {
  const net::Url& url = *request.url;
  std::string& out = head_;
  out.clear();
  out += method_text(request.method);
  out += ' ';
  out += url.target;
  out += " HTTP/1.1\r\nHost: ";
  const bool bracket = url.literal && url.literal->v6();
  if (bracket) out += '[';
  out += url.host;
  if (bracket) out += ']';
  std::array<char, 24> digits;
  auto number = [&](std::size_t value) {
    auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
  };
  if (url.port != (url.secure() ? 443 : 80)) {
    out += ':';
    number(url.port);
  }
  out += "\r\nUser-Agent: ";
  out += settings_.user_agent;
  const bool has_body = request.method == Method::post || request.method == Method::put ||
                        request.method == Method::patch || !request.body.empty();
  if (has_body) {
    out += "\r\nContent-Length: ";
    number(request.body.size());
  }
  for (const Header& header : request.headers) {
    if (!carriable(header)) {
      throw bad_request("bad_header", "a header of an outgoing request would break it");
    }
    out += "\r\n";
    out += header.name;
    out += ": ";
    out += header.value;
  }
  out += "\r\n\r\n";
}

io::Task<void> Client::connect(const net::Url& url, Exchange& exchange) {
  exchange.lease = pool_->reserve(url);
  if (!exchange.lease) {
    io::Context here = co_await io::context();
    const TimePoint give_up = after(*here.loop, settings_.room_timeout);
    for (;;) {
      const auto left = give_up - net::Wheel::now(*here.loop);
      if (left <= left.zero()) {
        throw Fault(Kind::unavailable, "connections_exhausted",
                    fmt::format("too many connections to {} are in use", url.authority()));
      }
      co_await pool_->freed().wait(left);
      exchange.lease = pool_->take(url);
      if (exchange.lease) co_return;
      exchange.lease = pool_->reserve(url);
      if (exchange.lease) break;
    }
  }
  try {
    auto stream = co_await connector_.dial(url);
    exchange.lease.fill(std::move(stream));
  } catch (const Fault& fault) {
    if (fault.code() != "url_not_allowed") throw;
    // To our caller the address is a fact about the server, not about their request.
    throw Fault(Kind::bad_gateway, fault.code(), fault.text());
  }
}

// The slow half of a write: the peer's window is full.
io::Task<void> Client::write_rest(const ClientRequest& request, Exchange& exchange,
                                  std::size_t sent) {
  io::Context here = co_await io::context();
  net::Stream& stream = exchange.lease.stream();
  // The head buffer serves other requests while this one waits.
  const std::size_t head_size = head_.size();
  const std::string head = sent < head_size ? head_.substr(sent) : std::string();
  std::string_view body = sent > head_size ? request.body.substr(sent - head_size) : request.body;
  std::string_view head_left = head;
  const TimePoint over = exchange.within(exchange.limits.body);
  while (!head_left.empty() || !body.empty()) {
    stream.set_deadline(Direction::write, std::min(exchange.within(exchange.limits.idle), over));
    Wake why = co_await stream.wait(Direction::write);
    exchange.require(why, here);
    std::array<std::string_view, 2> pieces{head_left, body};
    Attempt attempt = stream.try_write(pieces);
    // A server may answer early and stop reading: what it said is read before the failure is
    // believed.
    if (attempt.state == Attempt::State::broken || attempt.state == Attempt::State::end) break;
    std::size_t moved = attempt.bytes;
    if (moved > 0 && request.reached) *request.reached = true;
    std::size_t of_head = std::min(moved, head_left.size());
    head_left.remove_prefix(of_head);
    body.remove_prefix(moved - of_head);
  }
  if (!head_left.empty() || !body.empty()) exchange.surplus = true;
  stream.set_deadline(Direction::write, net::no_deadline);
}

// Takes bytes until the head is whole, then what follows as body. True: the head is there.
bool Client::take_head(const ClientRequest& request, Exchange& exchange, std::string_view text) {
  std::string& held = exchange.bytes;
  for (;;) {
    std::size_t size = 0;  // Of the head, when it is whole.
    std::string_view head;
    if (held.empty()) {
      size = text.find("\r\n\r\n");
      if (size == text.npos) {
        held.assign(text);
      } else {
        size += 4;
        head = text.substr(0, size);
        text.remove_prefix(size);
      }
    } else {
      const std::size_t before = held.size();
      const std::size_t from = before < 3 ? 0 : before - 3;
      held.append(text);
      size = held.find("\r\n\r\n", from);
      if (size != held.npos) {
        size += 4;
        head = std::string_view(held).substr(0, size);
        text.remove_prefix(size - before);
      }
    }
    if (size == std::string::npos) {
      if (held.size() > answer_head_max ||
          !std::string_view("HTTP/1.").starts_with(
              std::string_view(held).substr(0, std::min<std::size_t>(held.size(), 7)))) {
        throw exchange.bad();
      }
      return false;
    }
    auto read =
        head.size() > answer_head_max ? std::nullopt : read_answer_head(head, request.method);
    if (!read || read->status == 101) throw exchange.bad();
    if (read->status < 200) {
      if (++exchange.informational > informational_max) throw exchange.bad();
      held.clear();
      if (text.empty()) return false;
      continue;
    }
    exchange.head = *read;
    exchange.body = AnswerBody(*read, exchange.limits.body_max);
    exchange.require(exchange.body.state());
    exchange.head_size = size;
    if (held.empty()) {
      held.reserve(size + std::min(std::max(exchange.body.left(), text.size()), reserve_max));
      held.assign(head);
    } else {
      held.resize(size);
    }
    exchange.require(exchange.body.read(text, held));
    if (!text.empty()) exchange.surplus = true;
    return true;
  }
}

io::Task<void> Client::begin(const ClientRequest& request, Exchange& exchange) {
  io::Context here = co_await io::context();
  exchange.url = request.url;
  exchange.limits = request.limits;
  bool lost = false;  // A kept connection ended under the request: not another of its kind.
  for (;;) {
    if (!lost) exchange.lease = pool_->take(*request.url);
    if (!exchange.lease) co_await connect(*request.url, exchange);
    const bool reused = exchange.lease.reused();
    if (request.turn) co_await request.turn();
    if (request.limits.total.count() > 0) exchange.until = after(*here.loop, request.limits.total);
    net::Stream& stream = exchange.lease.stream();

    write_head(request);
    std::array<std::string_view, 2> pieces{head_, request.body};
    const std::size_t total = head_.size() + request.body.size();
    Attempt written = stream.try_write(pieces);
    bool dead = written.state == Attempt::State::broken || written.state == Attempt::State::end;
    if (written.bytes > 0 && request.reached) *request.reached = true;
    if (!dead && written.bytes < total) co_await write_rest(request, exchange, written.bytes);
    if (!dead && request.sent) request.sent();

    bool answering = false;
    stream.set_deadline(Direction::read, exchange.within(exchange.limits.head));
    while (!dead) {
      Wake why = co_await stream.wait(Direction::read);
      exchange.require(why, here);
      Attempt got = stream.try_read(landing());
      if (got.state == Attempt::State::wait) continue;
      if (got.state != Attempt::State::moved) {
        dead = true;
        break;
      }
      // A head that has begun comes at once, however many pieces it comes in.
      if (exchange.bytes.empty())
        stream.set_deadline(Direction::read, exchange.within(exchange.limits.idle));
      answering = true;
      if (take_head(request, exchange, std::string_view(landing().data(), got.bytes))) co_return;
    }
    // A kept connection that the server closed while the request was on its way.
    const bool unseen = reused && !answering && (request.repeatable || written.bytes == 0);
    exchange.lease.drop();
    if (!unseen || lost) throw exchange.reset();
    lost = true;
  }
}

// Reads more of the body into exchange.bytes; false when it is whole.
io::Task<bool> Client::more(Exchange& exchange) {
  if (exchange.body.state() != AnswerBody::State::more) co_return false;
  io::Context here = co_await io::context();
  net::Stream& stream = exchange.lease.stream();
  for (;;) {
    stream.set_deadline(Direction::read, exchange.within(exchange.limits.idle));
    Attempt got = stream.try_read(landing());
    switch (got.state) {
      case Attempt::State::wait: {
        Wake why = co_await stream.wait(Direction::read);
        exchange.require(why, here);
        continue;
      }
      case Attempt::State::moved: {
        std::string_view text(landing().data(), got.bytes);
        exchange.require(exchange.body.read(text, exchange.bytes));
        if (!text.empty()) exchange.surplus = true;
        co_return true;
      }
      case Attempt::State::end:
        if (exchange.body.end() == AnswerBody::State::bad) throw exchange.reset();
        co_return true;
      case Attempt::State::broken: throw exchange.reset();
    }
  }
}

io::Task<ClientResponse> Client::send(ClientRequest request) {
  Exchange exchange;
  co_await begin(request, exchange);
  exchange.until = exchange.within(request.limits.body);
  while (exchange.body.state() == AnswerBody::State::more) {
    const std::string_view bytes = exchange.bytes;
    if (request.enough &&
        request.enough(bytes.substr(0, exchange.head_size), bytes.substr(exchange.head_size))) {
      exchange.lease.drop();
      break;
    }
    co_await more(exchange);
  }
  if (exchange.lease) exchange.finish();
  ClientResponse response{exchange.head.status, std::move(exchange.bytes), exchange.head_size};
  co_return response;
}

io::Task<ClientResponse> Client::follow(ClientRequest request, int redirects) {
  if (request.method != Method::get && request.method != Method::head) {
    throw bad_request("not_followable", "only GET and HEAD follow redirects");
  }
  net::Url at = *request.url;
  request.url = &at;
  for (;; --redirects) {
    ClientResponse response = co_await send(request);
    const bool redirect = response.status == 301 || response.status == 302 ||
                          response.status == 303 || response.status == 307 ||
                          response.status == 308;
    auto location = response.header("location");
    if (!redirect || !location || redirects <= 0) co_return response;
    net::Url next = target_of(at, *location);
    if (next.origin() != at.origin()) request.headers = {};
    // What was fetched in secret is not asked for again in the open.
    if (at.secure() && !next.secure())
      throw failed("bad_response", at, "redirects from https to http");
    at = std::move(next);
  }
}

struct ClientStream::State {
  State(Client& c, const net::Url& at) : client(c), url(at) {}
  Client& client;
  net::Url url;  // The exchange names it in its faults.
  Client::Exchange exchange;
  std::string head;
  bool started = false;
};

ClientStream::ClientStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
ClientStream::~ClientStream() = default;

int ClientStream::status() const { return state_->exchange.head.status; }
std::string_view ClientStream::head() const { return state_->head; }
std::optional<std::string_view> ClientStream::header(std::string_view name) const {
  return header_in(state_->head, name);
}
void ClientStream::set_idle(std::chrono::milliseconds idle) { state_->exchange.limits.idle = idle; }
void ClientStream::set_total(std::chrono::milliseconds total) {
  if (state_->exchange.lease)
    state_->exchange.until = after(state_->exchange.lease.stream().loop(), total);
}

io::Task<std::optional<std::string_view>> ClientStream::read() {
  Client::Exchange& exchange = state_->exchange;
  // The first bytes may have come with the head.
  if (state_->started) exchange.bytes.clear();
  state_->started = true;
  while (exchange.bytes.empty()) {
    bool came = co_await state_->client.more(exchange);
    if (!came) {
      if (exchange.lease) exchange.finish();
      co_return std::nullopt;
    }
  }
  co_return std::string_view(exchange.bytes);
}

io::Task<std::unique_ptr<ClientStream>> Client::open(ClientRequest request) {
  auto state = std::make_unique<ClientStream::State>(*this, *request.url);
  request.url = &state->url;
  co_await begin(request, state->exchange);
  state->head = state->exchange.bytes.substr(0, state->exchange.head_size);
  state->exchange.bytes.erase(0, state->exchange.head_size);
  co_return std::unique_ptr<ClientStream>(new ClientStream(std::move(state)));
}

}  // namespace molecule::http
