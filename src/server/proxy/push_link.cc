#include "server/proxy/push_link.h"

#include <charconv>

#include "platform/http/client.h"
#include "server/proxy/reading.h"

namespace molecule::proxy {
namespace {

// Failures of the way there, not of the message.
bool passes(const std::string& code) {
  return code == "agent_unreachable" || code == "agent_timeout" || code == "agent_reset" ||
         code == "connections_exhausted" || code == "resolver_busy" || code == "cancelled";
}

// The request as its agent reads it.
std::string spoken_to(const Parcel& parcel) {
  const std::string activity = parcel.activity.text();
  if (parcel.target.generation == parcel.generation) return a2a::named(parcel.body, activity);
  return a2a::named(a2a::request_as(parcel.target.generation, parcel.body), activity);
}

}  // namespace

io::Task<Carried> PushLink::deliver(const Lane& lane, const Parcel& parcel) {
  bool reached = false;
  net::Url url;
  Events events(settings_.answer_max);
  std::optional<Carried> failure;
  http::ClientResponse response;
  try {
    url = net::Url::parse(parcel.target.url);
    std::string source = parcel.source ? parcel.source->text() : std::string();
    std::string activity = parcel.activity.text();
    std::string body;
    if (parcel.body.size() > io::short_text_max) {
      body = co_await aside_.run([&] { return spoken_to(parcel); });
    } else {
      body = spoken_to(parcel);
    }
    char hops[24];
    auto [end, error] = std::to_chars(hops, hops + sizeof hops, parcel.hops);
    Secret authorization;
    std::vector<http::Header> headers;
    headers.reserve(7);
    headers.push_back({"Content-Type", "application/json"});
    headers.push_back({"Accept", "application/json"});
    headers.push_back({"X-Molecule-Activity-Id", activity});
    headers.push_back(
        {"X-Molecule-Hops", std::string_view(hops, static_cast<std::size_t>(end - hops))});
    if (parcel.target.generation == a2a::Generation::v10) headers.push_back({"A2A-Version", "1.0"});
    if (parcel.source) headers.push_back({"X-Workspace-ID", source});
    if (Secret proof = inbound_.of(parcel.target.id); !proof.empty()) {
      authorization = Secret(fmt::format("Bearer {}", proof.reveal()));
      headers.push_back({"Authorization", authorization.reveal()});
    }
    http::ClientRequest request;
    request.method = http::Method::post;
    request.url = &url;
    request.headers = headers;
    request.body = body;
    // The mailbox would do so two seconds later, and agents know a message by its id.
    request.repeatable = true;
    request.limits.head = settings_.answer_wait;
    request.limits.idle = std::chrono::seconds(60);
    request.limits.body_max = settings_.answer_max;
    request.limits.body = settings_.body_wait;
    request.reached = &reached;
    request.enough = [&](std::string_view head, std::string_view so_far) {
      return events.enough(head, so_far);
    };
    response = co_await lane.client->send(request);
    events.enough(response.head(), response.body());  // What came last.
  } catch (const Fault& fault) {
    // It has the message and is at it; asked again it would begin again, and not end either.
    bool endless = events.begun() && fault.code() != "cancelled";
    auto kind = passes(fault.code()) && !endless ? Carried::End::not_now : Carried::End::refused;
    std::string why = fault.text();
    if (endless)
      why =
          "the agent answered a question that wants one JSON object with a stream of events that "
          "came to no end: " +
          why;
    failure =
        without_answer(kind, http_status(fault.kind()), fault.code(), std::move(why), reached);
  }
  if (failure) co_return std::move(*failure);
  if (response.bytes.size() > io::short_text_max)
    co_return co_await aside_.run([&] { return read_response(parcel, url, response, events); });
  co_return read_response(parcel, url, response, events);
}

}  // namespace molecule::proxy
