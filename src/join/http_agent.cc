#include "join/http_agent.h"

#include <fmt/format.h>

#include "join/pipe.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/net/wheel.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_within = 10s;
constexpr std::uint64_t asked_each = 2;  // Of the times that somebody looks.
constexpr std::size_t card_max = 256u << 10;

std::string not_listening(const net::Url& url) {
  const std::string body = json::Object{}
                               .add("error", fmt::format("no agent answers at {}", url.origin()))
                               .add("code", "agent_unreachable")
                               .text();
  return fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: "
      "{}\r\nRetry-After: 2\r\nConnection: close\r\n\r\n{}",
      body.size(), body);
}

}  // namespace

io::Task<void> HttpAgent::serve(std::unique_ptr<net::Stream> stream) {
  std::unique_ptr<net::Stream> agent;
  try {
    agent = co_await dialer_.dial(url_);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    log::warn("the platform has a message, and no agent answers",
              log::field("agent", url_.origin()), log::field("error", fault.text()));
  }
  if (agent) {
    struct AtIt {
      explicit AtIt(std::size_t& n) : count(n) { ++count; }
      ~AtIt() { --count; }
      std::size_t& count;
    } at_it(at_it_);
    co_await pipe(*stream, *agent);
    co_return;
  }
  stream->set_deadline(net::Wheel::now() + answer_within);
  // The request is not read: whoever has it keeps it.
  co_await stream->readable();
  co_await stream->write(not_listening(url_));
  co_await stream->shutdown_write();
}

io::Task<std::optional<std::string>> HttpAgent::card() {
  for (std::string_view path : {"/.well-known/agent-card.json", "/.well-known/agent.json"}) {
    net::Url at = url_;
    while (at.target.ends_with('/')) at.target.pop_back();
    at.target += path;
    http::ClientRequest request;
    request.url = &at;
    request.limits.head = request.limits.body = answer_within;
    request.limits.body_max = card_max;
    try {
      const http::ClientResponse answer = co_await client_.send(request);
      if (answer.status == 200) co_return json::compact(answer.body());
      // Busy, or not ready: it may have one yet.
      if (answer.status != 404 && answer.status != 405) co_return std::nullopt;
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      co_return std::nullopt;
    }
  }
  // It listens, and shows none.
  co_return std::string("{}");
}

io::Task<bool> HttpAgent::is_there() {
  try {
    co_await dialer_.dial(url_);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    co_return false;
  }
  // The system takes connections for a process that has stopped, too. One that is at something may
  // answer nothing beside it.
  if (at_it_ > 0) co_return true;
  if (silent_ || ++looks_ % asked_each == 0) {
    const bool alive = co_await answers();
    silent_ = !alive && at_it_ == 0;
  }
  co_return !silent_;
}

io::Task<bool> HttpAgent::answers() {
  net::Url at = url_;
  at.target = "/.well-known/agent-card.json";
  http::ClientRequest request;
  request.url = &at;
  request.limits.head = request.limits.body = answer_within;
  request.limits.body_max = card_max;
  request.enough = [](std::string_view, std::string_view) { return true; };
  try {
    co_await client_.send(request);
    co_return true;
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    // Whatever it says, somebody does.
    co_return fault.code() != "agent_timeout" && fault.code() != "agent_unreachable";
  }
}

}  // namespace molecule::join
