#include "join/connection.h"

#include <algorithm>
#include <cmath>

#include "join/polling_socket.h"
#include "platform/crypto/encoding.h"
#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/mux/over_socket.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;

constexpr int strange_enough = 2;
constexpr std::uint16_t close_credential_ended = 4401, close_policy = 1008;

Fault out(Kind kind, std::string code, std::string text) {
  return {kind, std::move(code), std::move(text)};
}

// What the platform said in its answer, for people.
std::string said_in(const std::string& body) {
  try {
    json::Document document = json::parse_answer(body);
    if (auto error = document.root().find("error"); error.is(json::Type::string))
      return std::string(error.string());
  } catch (const Fault&) {
    // Not in our words.
  }
  return {};
}

bool names_code(const std::string& body, std::string_view code) {
  try {
    json::Document document = json::parse_answer(body);
    const json::Node named = document.root().find("code");
    return named.is(json::Type::string) && named.string() == code;
  } catch (const Fault&) {
    return false;
  }
}

// Something that has neither the relay nor its polls, where a login page of a network, or a proxy
// whose platform is away, says something else.
bool has_no_relay(int status) { return status == 404 || status == 405 || status == 501; }

// Statuses that no further attempt changes; nothing for the others, and nothing for what the
// platform did not say: a proxy or the login page of a network answers with the same numbers.
std::optional<Fault> final_refusal(const http::WebSocketRefused& refused) {
  const std::string why = said_in(refused.answer());
  if (why.empty()) return std::nullopt;
  switch (refused.status()) {
    case 401:
      return out(Kind::unauthenticated, "unauthenticated",
                 fmt::format("the platform does not know this token: {}", why));
    case 403: return out(Kind::forbidden, "forbidden", why);
    case 404:
      if (!names_code(refused.answer(), "workspace_not_found")) return std::nullopt;
      return out(Kind::gone, "workspace_not_found", "the platform has no workspace of this id");
    case 410: return out(Kind::gone, "workspace_removed", why);
    default: return std::nullopt;
  }
}

template <class T>
io::Task<T> receive(http::WebSocket& socket) {
  auto frame = co_await socket.receive();
  if (!frame) throw Fault(Kind::bad_gateway, "relay_closed", "the platform closed the connection");
  if (frame->opcode != http::Frame::Opcode::text)
    throw Fault(Kind::bad_gateway, "relay_broken", "what answers is no platform");
  co_return json::read<T>(frame->payload);
}

bool is_final(const Fault& fault) {
  switch (fault.kind()) {
    case Kind::unauthenticated:
    case Kind::forbidden:
    case Kind::gone:
    case Kind::conflict: return true;
    default: return fault.code() == "not_a_platform";
  }
}

void report(std::string_view name, std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) return;
    log::debug("a request of the platform ended", log::field("name", name),
               log::field("error", fault.text()));
  } catch (const std::exception& error) {
    log::error("background work failed", log::field("name", name),
               log::field("error", std::string_view(error.what())));
  }
}

}  // namespace

Connection::Connection(net::Connector& dialer, Membership membership, const io::Clock& clock,
                       io::Random& random, metrics::Registry& registry, Serve serve,
                       std::function<void(const std::string&)> on_fingerprint, mux::Bounds bounds)
    : dialer_(dialer),
      membership_(std::move(membership)),
      clock_(clock),
      random_(random),
      serve_(std::move(serve)),
      on_fingerprint_(std::move(on_fingerprint)),
      bounds_(bounds),
      polls_(dialer, registry) {}

io::Task<std::unique_ptr<net::Stream>> Connection::dial(const net::Url&) {
  if (!session_)
    throw Fault(Kind::bad_gateway, "agent_unreachable", "there is no connection to the platform");
  co_return session_->open();
}

std::chrono::milliseconds Connection::pause() {
  if (welcomed_) waits_ = 0;
  if (steady_ && !leaving_) return 0ms;
  const auto whole = std::min(longest_wait, first_wait * (1 << std::min(waits_++, 8)));
  // Many that were cut off together do not come back together.
  const double part = 0.5 + 0.5 * static_cast<double>(random_.number() % 1000) / 1000.0;
  return std::chrono::milliseconds(std::llround(static_cast<double>(whole.count()) * part));
}

io::Task<void> Connection::run() {
  io::Context here = co_await io::context();
  streams_ = std::make_unique<io::Scope>(*here.loop, report, here.cancellation);
  std::exception_ptr over;
  while (!over) {
    std::optional<Fault> trouble;
    welcomed_ = steady_ = reached_ = looking_again_ = false;
    try {
      if (by_polls_) {
        co_await connect_by_polls();
      } else {
        co_await connect();
      }
    } catch (const http::WebSocketRefused& refused) {
      trouble = final_refusal(refused);
      strange_ = has_no_relay(refused.status()) ? strange_ + 1 : 0;
      if (!trouble) trouble = not_a_platform().value_or(refused);
    } catch (const Fault& fault) {
      trouble = fault;
      strange_ = 0;
    } catch (...) {
      over = std::current_exception();
      break;
    }
    const bool asked = here.cancellation && here.cancellation->requested();
    if (asked || (trouble && is_final(*trouble))) {
      over = asked ? std::make_exception_ptr(here.cancellation->fault())
                   : std::make_exception_ptr(*trouble);
      break;
    }
    // What lets requests through and no WebSockets may be the network that this machine is in just
    // now; every break asks anew.
    by_polls_ = !welcomed_ && reached_ && !by_polls_;
    const auto wait = pause();
    const std::string error = trouble ? trouble->text() : "it was closed";
    if (leaving_) {
      log::debug("the connection has ended");
    } else if (looking_again_) {
      log::debug("trying a WebSocket again");
    } else if (welcomed_) {
      log::warn("the connection to the platform broke; coming back", log::field("error", error),
                log::field("in_ms", wait.count()));
    } else if (const std::string hint = trouble ? next_step(*trouble) : ""; hint.empty()) {
      log::warn("the platform cannot be reached; trying again", log::field("error", error),
                log::field("in_ms", wait.count()));
    } else {
      log::warn("the platform cannot be reached; trying again", log::field("error", error),
                log::field("hint", hint), log::field("in_ms", wait.count()));
    }
    try {
      co_await io::sleep(wait);
    } catch (const Fault&) {
      over = std::current_exception();
    }
  }
  if (session_) session_->end();
  streams_->cancel();
  co_await streams_->join();
  std::rethrow_exception(over);
}

// Certain only of an address that was no platform before either: asked both ways, it has neither.
std::optional<Fault> Connection::not_a_platform() const {
  if (strange_ < strange_enough || membership_.platform_fingerprint) return std::nullopt;
  return out(Kind::unavailable, "not_a_platform",
             fmt::format("what answers at {} is no Molecule platform, or its routes begin behind a "
                         "path that is missing here: open the canvas in a browser and take the "
                         "address from there",
                         address()));
}

std::string Connection::address() const {
  const std::string& path = membership_.platform.target;
  return membership_.platform.origin() + (path == "/" ? "" : path);
}

// What whoever looks at it may do, as long as it was never there.
std::string Connection::next_step(const Fault& trouble) const {
  if (sessions_ > 0) return {};
  const bool secure = membership_.platform.secure();
  if (trouble.code() == "tls_failed" && trouble.text().find("mismatch") != std::string::npos)
    return "its certificate is for another name than this address has";
  if (trouble.code() == "tls_failed")
    return "--ca FILE trusts a certificate of your own; a platform without TLS begins with http://";
  if (trouble.code() == "agent_unreachable" || trouble.code() == "agent_timeout")
    return fmt::format("is the platform up, and is {} its address?", address());
  if (!secure && (trouble.code() == "agent_reset" || trouble.code() == "connection_lost"))
    return "does it speak TLS? Then its address begins with https://";
  if (trouble.code() == "websocket_refused")
    return fmt::format(
        "is {} the address of a Molecule platform{}? A network may ask for a login "
        "first",
        address(), secure ? "" : ", and does it speak http and not https");
  return {};
}

std::string Connection::path_of_relay() const {
  std::string path = membership_.platform.target;
  while (path.ends_with('/')) path.pop_back();
  return path + fmt::format("/workspaces/{}/relay", membership_.workspace.text());
}

io::Task<void> Connection::connect_by_polls() {
  net::Url url = membership_.platform;
  url.target = path_of_relay() + "/polls";
  reached_ = true;
  const auto socket = co_await io::within(
      welcome_within,
      PollingSocket::begin(polls_, url, fmt::format("Bearer {}", membership_.token.reveal())));
  co_await go_on(*socket, socket->closed());
}

io::Task<void> Connection::connect() {
  const net::Url& url = membership_.platform;
  const std::string target = path_of_relay();
  auto stream = co_await dialer_.dial(url);
  reached_ = true;
  http::FrameSocket::Options options;
  options.ping_every = ping_every;
  std::vector<std::pair<std::string, std::string>> headers;
  headers.emplace_back("Authorization", fmt::format("Bearer {}", membership_.token.reveal()));
  auto socket = co_await http::websocket_connect(std::move(stream), url.authority(), target,
                                                 std::move(headers), options);
  co_await go_on(*socket, socket->closed());
  co_await socket->finish(1000);
}

io::Task<void> Connection::go_on(http::WebSocket& socket, const Closed& closed) {
  io::Context here = co_await io::context();
  const net::Url& url = membership_.platform;
  std::optional<relay::Welcome> welcome;
  std::exception_ptr failure;
  try {
    welcome = co_await io::within(welcome_within, shake_hands(socket));
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    look_at_end(closed);
    std::rethrow_exception(failure);
  }
  const mux::Session::Transport transport = take_up(*welcome);
  welcomed_ = true;
  const auto since = clock_.monotonic();
  if (!welcome->resumed) {
    ++sessions_;
    begun_.notify();
  }
  const std::string_view by = by_polls_ ? "requests" : "websocket";
  if (welcome->resumed) {
    log::info("connected again, nothing was lost", log::field("platform", url.origin()),
              log::field("by", by));
  } else {
    log::info("connected", log::field("platform", url.origin()),
              log::field("workspace", membership_.workspace.text()), log::field("by", by));
  }
  io::Scope watching(*here.loop, {}, here.cancellation);
  watching.spawn("sleep", watch_sleep(watching));
  if (by_polls_) {
    watching.spawn("look again", look_again(watching, next_look_));
    next_look_ = std::min<std::chrono::seconds>(2 * next_look_, last_look);
  } else {
    next_look_ = first_look;
  }
  struct Watched {
    io::Scope& scope;
    ~Watched() { scope.cancel(); }
  };
  try {
    // Ends with the watch, too: the machine has slept, and the connection is not to be trusted.
    auto note = [&failure](std::string_view, std::exception_ptr escaped) { failure = escaped; };
    io::Scope carrying(*here.loop, note, &watching.cancellation());
    auto carry = [](Connection& self, mux::Session::Transport over, io::Scope& home,
                    http::WebSocket& by, io::Scope& watch) -> io::Task<void> {
      const Watched ends{watch};
      co_await mux::carry(*self.session_, over, home, by);
    };
    carrying.spawn("carry", carry(*this, transport, *streams_, socket, watching));
    co_await carrying.join();
  } catch (...) {
    failure = std::current_exception();
  }
  watching.cancel();
  co_await watching.join();
  steady_ = clock_.monotonic() - since >= steady_after && !session_->goodbye() && !closed;
  look_at_end(closed);
  if (failure) end_if_broken(failure);
}

io::Task<relay::Welcome> Connection::shake_hands(http::WebSocket& socket) {
  std::array<std::uint8_t, relay::nonce_size> drawn{};
  random_.fill(drawn);
  relay::Hello hello;
  hello.nonce = crypto::base64url_encode(drawn);
  if (!membership_.agent_url.empty()) hello.url = membership_.agent_url;
  if (session_ && !session_->ended()) {
    hello.session = session_id_;
    hello.received = static_cast<std::int64_t>(session_->received());
  }
  co_await socket.send(http::Frame::Opcode::text, json::text(hello));
  const auto challenge = co_await receive<relay::Challenge>(socket);
  check_key(challenge, hello.nonce);
  relay::Proof proof;
  if (membership_.key) {
    proof.signature = crypto::base64url_encode(membership_.key->sign(
        relay::agent_statement(membership_.workspace.text(), hello.nonce, challenge.nonce)));
  }
  co_await socket.send(http::Frame::Opcode::text, json::text(proof));
  co_return co_await receive<relay::Welcome>(socket);
}

// Whoever has not the platform's key is told nothing more, and above all no frames.
void Connection::check_key(const relay::Challenge& challenge, const std::string& nonce) {
  const auto key = crypto::public_key_from(challenge.platform_key);
  const auto signature = crypto::base64url_decode(challenge.signature);
  const std::string statement =
      relay::platform_statement(membership_.workspace.text(), nonce, challenge.nonce);
  if (!key || !signature || !crypto::verify(*key, statement, *signature))
    throw out(Kind::forbidden, "platform_key_wrong",
              "what answers does not hold the key that it shows: it is not the platform");
  const std::string fingerprint = crypto::fingerprint(*key);
  if (membership_.platform_fingerprint && *membership_.platform_fingerprint != fingerprint) {
    throw out(
        Kind::forbidden, "platform_key_wrong",
        fmt::format("the platform at {} shows the key {}, and the one known is {}: it is "
                    "another platform, or its key was made anew",
                    membership_.platform.origin(), fingerprint, *membership_.platform_fingerprint));
  }
  membership_.platform_fingerprint = fingerprint;
  if (on_fingerprint_) on_fingerprint_(fingerprint);
}

mux::Session::Transport Connection::take_up(const relay::Welcome& welcome) {
  const auto received = static_cast<std::uint64_t>(std::max<std::int64_t>(welcome.received, 0));
  if (welcome.resumed && session_) {
    if (const auto transport = session_->attach(received)) return *transport;
    session_->end();
    throw Fault(Kind::bad_gateway, "relay_broken",
                "the platform and we do not agree on what has come; beginning anew");
  }
  if (session_) session_->end();
  io::Scope& scope = *streams_;
  session_ = std::make_unique<mux::Session>(
      scope.loop(), mux::Side::agent, membership_.platform.host, membership_.platform.secure(),
      [this, &scope](std::unique_ptr<net::Stream> stream) {
        scope.spawn("request", serve_(std::move(stream)));
      },
      bounds_);
  session_id_ = welcome.session;
  return *session_->attach(0);
}

// A session whose rules were broken is not gone on with.
void Connection::end_if_broken(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Fault& fault) {
    if (fault.code() == "mux_broken") {
      session_->end();
      welcomed_ = steady_ = false;  // Come again slowly.
    }
    throw;
  }
}

void Connection::look_at_end(const Closed& closed) {
  if (session_ && session_->goodbye()) {
    const auto ending = enum_from<relay::Ending>(*session_->goodbye());
    if (ending == relay::Ending::replaced)
      throw out(Kind::conflict, "replaced",
                "this workspace's agent has connected from elsewhere; the newer connection counts");
    if (ending == relay::Ending::removed)
      throw out(Kind::gone, "workspace_removed", "this workspace was removed");
  }
  if (!closed) return;
  if (closed->code == close_credential_ended)
    throw out(Kind::unauthenticated, "unauthenticated",
              "the token was revoked, or the workspace removed");
  if (closed->code == close_policy && !welcomed_)
    throw out(Kind::forbidden, "relay_refused", closed->reason);
}

// The wall clock goes on while a machine sleeps, and the other does not.
io::Task<void> Connection::watch_sleep(io::Scope& scope) {
  for (;;) {
    const auto wall = clock_.now();
    const auto awake = clock_.monotonic();
    co_await io::sleep(1s);
    const auto passed = clock_.now() - wall;
    const auto counted = clock_.monotonic() - awake;
    if (passed - counted < slept) continue;
    log::info("this machine has slept; connecting anew");
    scope.cancel();
    co_return;
  }
}

io::Task<void> Connection::look_again(io::Scope& scope, std::chrono::seconds after) {
  co_await io::sleep(after);
  looking_again_ = true;
  scope.cancel();
}

io::Task<void> Connection::leave() {
  leaving_ = true;
  if (!session_ || session_->ended()) co_return;
  session_->end(enum_text(relay::Ending::left));
  for (int turns = 0; turns < 50 && session_->attached(); ++turns) co_await io::sleep(10ms);
}

}  // namespace molecule::join
