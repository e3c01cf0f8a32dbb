#include "platform/http/connection.h"

#include <algorithm>
#include <cstring>

#include "platform/http/forwarded.h"
#include "platform/http/syntax.h"
#include "platform/http/websocket.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::http {

using std::chrono::milliseconds;

namespace {
constexpr std::string_view draining_text = "the server is going away; try again shortly";
// What every client of HTTP/2 sends first (RFC 9113 §3.4), as far as it reads like a head.
constexpr std::string_view multiplexed_preface = "PRI * HTTP/2.0\r\n\r\n";
}  // namespace

Response draining_response() {
  Response away = error_response(503, "draining", draining_text);
  away.headers.emplace_back("Retry-After", "1");
  return away;
}

Connection::Connection(Server::Impl& server, std::unique_ptr<net::Stream> stream)
    : server_(server), stream_(std::move(stream)) {
  next_ = server_.first;
  link_ = &server_.first;
  if (next_) next_->link_ = &next_;
  server_.first = this;
  ++server_.open;
  server_.probe.connections.add();
}

Connection::~Connection() {
  *link_ = next_;
  if (next_) next_->link_ = link_;
  --server_.open;
  server_.probe.connections.subtract();
  if (at_) server_.give(std::move(at_));
  give_room_back();
  server_.answers -= answer_held_;
}

io::Task<void> Connection::run() {
  Next next = Next::request;
  while (next != Next::close && next != Next::linger) {
    if (!at_) at_ = server_.take();
    next = co_await serve_buffered();
    if (next == Next::multiplexed) {
      co_await serve_multiplexed();
      next = Next::close;
    }
    if (next != Next::idle) continue;
    if (server_.draining) break;
    server_.give(std::move(at_));
    phase_ = Phase::idle;
    stream_->set_deadline(net::Direction::read,
                          net::Wheel::now(server_.loop) + server_.settings.limits.keep_alive);
    net::Wake why = co_await stream_->wait(net::Direction::read);
    if (why != net::Wake::ready) break;
    phase_ = Phase::busy;
  }
  if (next == Next::linger) co_await linger();
  stream_->close();
}

// Reads what is there behind the bytes that are buffered; waits for nothing.
net::Attempt Connection::fill() {
  Exchange& at = *at_;
  if (!at.early.empty()) {
    at.append(at.early);
    net::Attempt attempt{net::Attempt::State::moved, at.early.size()};
    at.early.clear();
    return attempt;
  }
  net::Attempt attempt = stream_->try_read({server_.scratch.get(), Server::Impl::scratch_size});
  if (attempt.state == net::Attempt::State::moved)
    at.append({server_.scratch.get(), attempt.bytes});
  return attempt;
}

// One request, from its first byte to the end of its response. Everything a request usually needs
// happens without suspending: a suspension is for a slow peer or a handler that waits.
io::Task<Connection::Next> Connection::serve_buffered() {
  Exchange& at = *at_;
  // The head.
  bool waited = false;
  HeadScanner::Found found = at.scanner.scan(at.text());
  while (found == HeadScanner::Found::more) {
    net::Attempt attempt = fill();
    if (attempt.state == net::Attempt::State::wait) {
      if (at.text().empty()) co_return Next::idle;
      if (!waited) {
        waited = true;
        phase_ = Phase::receiving;
        stream_->set_deadline(
            net::Direction::read,
            net::Wheel::now(server_.loop) + server_.patience(server_.settings.limits.head));
      }
      net::Wake why = co_await stream_->wait(net::Direction::read);
      if (why == net::Wake::cancelled) co_return Next::close;
      if (why == net::Wake::deadline) {
        const HeadError late{408, "request_timeout",
                             "the head of the request did not arrive in time"};
        const HeadError away{503, "draining", draining_text};
        co_await refuse_head(server_.draining ? away : late);
        co_return Next::linger;
      }
    } else if (attempt.state != net::Attempt::State::moved) {
      co_return Next::close;
    }
    found = at.scanner.scan(at.text());
  }
  phase_ = Phase::busy;
  if (!std::exchange(begun_to_speak_, true) && server_.multiplexer &&
      found == HeadScanner::Found::head &&
      at.text().substr(0, at.scanner.size()) == multiplexed_preface)
    co_return Next::multiplexed;
  begun_ = std::chrono::steady_clock::now();
  probe_at_ = Probe::none;
  route_ = nullptr;
  ended_.reset();
  allow_origin_ = {};
  page_ = false;
  body_read_ = false;
  std::optional<HeadError> error;
  switch (found) {
    case HeadScanner::Found::head:
      error = parse_head(at.text().substr(0, at.scanner.size()), at.request, at.framing);
      break;
    case HeadScanner::Found::too_large:
      error =
          HeadError{431, "head_too_large", "the head of the request is larger than 16384 bytes"};
      break;
    case HeadScanner::Found::bad_line_end:
    case HeadScanner::Found::more:
      error = HeadError{400, "bad_request", "a line ends without CR"};
      break;
  }
  if (error) {
    co_await refuse_head(*error);
    co_return Next::linger;
  }
  at.begin += at.scanner.size();
  at.scanner.reset();

  // Who may ask, and what.
  Router::Match match;
  name_request();
  apply_proxy();
  std::optional<Response> response = check_site();
  if (!response) {
    at.request.aside = server_.router.aside();
    match = server_.router.find(at.request);
    response = admit(match);
    if (!response) response = check_coding();
  }
  bool keep_alive = at.framing.keep_alive;
  if (!response && match.route->incoming.empty()) {
    std::size_t cap = match.route->body_max;
    std::optional<Body> body = body_at_hand(cap);
    if (!body) body = co_await read_body(cap);
    phase_ = Phase::busy;
    if (*body == Body::gone) co_return Next::close;
    if (*body == Body::done) {
      body_read_ = true;
    } else {
      response = body_refusal(*body, cap);
    }
  }
  if (!response) {
    const bool reads = !match.route->incoming.empty();
    io::Task<Response> working = reads ? call_reading(match) : call(match);
    response = co_await working;
  }
  if (phase_ == Phase::leaving) co_return Next::close;  // Gone while its body was read.
  if (route_ && route_->words) response = route_->words(std::move(*response));
  if (!body_read_ && !skip_body()) keep_alive = false;
  bool lingers = !body_read_;

  Next next = co_await respond(*response, keep_alive && !server_.draining);
  give_room_back();
  if (next == Next::close && lingers) next = Next::linger;
  if (next == Next::request && at.text().empty() && at.early.empty()) at.begin = at.end = 0;
  co_return next;
}

// The peer speaks HTTP/2. This connection is the one that counts; each request has one of its own.
io::Task<void> Connection::serve_multiplexed() {
  std::string first(at_->text());
  first += at_->early;
  server_.give(std::move(at_));
  phase_ = Phase::multiplexed;
  auto session = server_.multiplexer->session(
      *stream_, server_.settings.limits, [&server = server_](std::unique_ptr<net::Stream> stream) {
        return server.serve_multiplexed(std::move(stream));
      });
  session_ = session.get();
  if (server_.draining) session->drain();
  co_await session->run(std::move(first));
  session_ = nullptr;
}

void Connection::name_request() {
  Exchange& at = *at_;
  Request& request = at.request;
  request.principal = {};
  request.quota = {};
  request.params.clear();
  auto given = request.header("x-request-id");
  if (given && !given->empty() && given->size() <= 64 && all_are(*given, detail::token_char)) {
    request.id.assign(*given);
    return;
  }
  request.id.assign(server_.id_prefix);
  std::uint64_t number = ++server_.requests;
  char digits[16];
  std::size_t count = 0;
  do {
    digits[count++] = "0123456789abcdef"[number & 15];
    number >>= 4;
  } while (number != 0);
  while (count > 0) request.id += digits[--count];
}

void Connection::apply_proxy() {
  Request& request = at_->request;
  request.peer = stream_->peer();
  request.secure = stream_->secure();
  bool trusted = !server_.proxies.empty() && server_.trusts(stream_->peer());
  bool passed_on = names_proxy(request);
  request.way = trusted ? Way::proxied : passed_on ? Way::claimed : Way::direct;
  if (request.way == Way::claimed) server_.tell_of_stranger(stream_->peer());
  if (!trusted || !passed_on) return;
  Forwarded said =
      read_forwarded(request, [this](const net::Address& a) { return server_.trusts(a); });
  if (said.secure) request.secure = *said.secure;
  if (!said.host.empty()) request.host = said.host;
  if (!said.client) return;
  peer_ = said.client->text();
  request.peer = peer_;
}

// Whether the answer is a page or a part of one, which no credential opens.
bool Connection::is_page() {
  Request& request = at_->request;
  bool reads = request.method == Method::get || request.method == Method::head;
  if (!reads || !server_.router.fallback()) return false;
  Router::Match match = server_.router.find(request);
  return !match.route && !match.refusal;
}

std::optional<Response> Connection::check_site() {
  Request& request = at_->request;
  if (!server_.site.host_allowed(request.host)) {
    server_.tell_refused_host(request.host);
    return error_response(403, "host_not_allowed", refused_host_text(request.host));
  }
  auto origin = request.header("origin");
  if (origin) {
    switch (server_.site.judge(*origin, request.host)) {
      case Site::Origin::same: break;
      case Site::Origin::listed: allow_origin_ = *origin; break;
      case Site::Origin::refused:
        // What is there for everybody is given to everybody, without leave to read it from another
        // page: a browser names the origin of its own page too when a proxy has changed the Host.
        if (is_page()) break;
        server_.tell_refused_origin(*origin, request.host);
        return error_response(
            403, "origin_not_allowed",
            "pages of this origin may not call this server; if people reach the platform there, let the "
            "proxy pass the Host on or set PLATFORM_URL to that address, and if it is another site, add "
            "the origin to cors-origins (--cors-origins or CORS_ORIGINS) to allow it");
    }
    if (request.method == Method::options && request.header("access-control-request-method")) {
      Response preflight;
      preflight.status = 204;
      preflight.headers.emplace_back("Access-Control-Allow-Methods",
                                     "GET, POST, PUT, PATCH, DELETE, OPTIONS");
      preflight.headers.emplace_back(
          "Access-Control-Allow-Headers",
          "Authorization, Content-Type, Last-Event-ID, X-Workspace-ID, "
          "X-Molecule-Org-Id, X-Molecule-Org-Slug, X-Confirm-Name, X-Request-Id");
      preflight.headers.emplace_back("Access-Control-Max-Age", "600");
      return preflight;
    }
  }
  if (at_->framing.asterisk) {
    Response all;
    all.status = 204;
    all.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return all;
  }
  return std::nullopt;
}

// The route table's and the gate's refusals, and what the fallback answers. Nothing: call the
// route.
std::optional<Response> Connection::admit(Router::Match& match) {
  Request& request = at_->request;
  if (match.refusal) return std::move(match.refusal);
  try {
    if (match.route) {
      probe_at_ = match.index + 2;
      route_ = match.route;
      reviewed_ = server_.reviews.rounds;
      return server_.router.gate().admit(*match.route, request);
    }
    if (server_.router.fallback()) {
      probe_at_ = Probe::fallback;
      page_ = request.method == Method::get || request.method == Method::head;
      return server_.router.fallback()(request);
    }
  } catch (...) {
    return failed(std::current_exception());
  }
  return error_response(404, "not_found", "there is nothing at this path");
}

Response Connection::failed(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Fault& fault) {
    bool stopped = fault.kind() == Kind::cancelled || fault.kind() == Kind::deadline;
    if (stopped && server_.draining) return draining_response();
    if (fault.kind() == Kind::internal) {
      log::error("request failed", log::field("request_id", at_->request.id),
                 log::field("path", at_->request.path), log::field("code", fault.code()),
                 log::field("error", fault.text()));
    }
    return fault_response(fault);
  } catch (const std::exception& error) {
    log::error("request failed", log::field("request_id", at_->request.id),
               log::field("path", at_->request.path),
               log::field("error", std::string_view(error.what())));
  } catch (...) {
    log::error("request failed", log::field("request_id", at_->request.id),
               log::field("path", at_->request.path));
  }
  return fault_response(internal("internal error; the log has the details under this request id"));
}

io::Task<void> Connection::refuse_head(HeadError error) {
  // Nothing of the request can be trusted, its method and id included.
  at_->request = Request{};
  at_->framing = Framing{};
  body_read_ = true;
  begun_ = std::chrono::steady_clock::now();
  Response response = error_response(error.status, error.code, error.text);
  // The path is not known yet, so this is what any path may take.
  if (error.status == 405)
    response.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  co_await respond(response, false);
}

// A last answer is lost when the peer is still sending as the socket closes: read a little of it
// away.
io::Task<void> Connection::linger() {
  phase_ = Phase::leaving;
  co_await stream_->shutdown_write();
  stream_->set_deadline(net::Direction::read, net::Wheel::now(server_.loop) +
                                                  server_.patience(server_.settings.limits.linger));
  std::size_t left = 1u << 20;
  for (;;) {
    net::Attempt attempt = stream_->try_read({server_.scratch.get(), Server::Impl::scratch_size});
    if (attempt.state == net::Attempt::State::moved) {
      if (attempt.bytes >= left) co_return;
      left -= attempt.bytes;
      continue;
    }
    if (attempt.state != net::Attempt::State::wait) co_return;
    net::Wake why = co_await stream_->wait(net::Direction::read);
    if (why != net::Wake::ready) co_return;
  }
}

void Connection::count(int status) {
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun_;
  server_.probe.served(probe_at_, at_->request.method, status, took.count());
  if (log::enabled(log::Level::debug)) {
    log::debug("request", log::field("request_id", at_->request.id),
               log::field("method", method_text(at_->request.method)),
               log::field("path", at_->request.path), log::field("status", status),
               log::field("peer", at_->request.peer), log::field("took_ms", took));
  }
}

}  // namespace molecule::http
