#include "server/proxy/push_link.h"

#include <string>

#include "platform/http/client.h"
#include "server/proxy/reading.h"

namespace molecule::proxy {
namespace {

// Failures of the way there, not of the message.
bool passes(const std::string& code) {
  return code == "agent_unreachable" || code == "agent_timeout" || code == "agent_reset" ||
         code == "connections_exhausted" || code == "resolver_busy" || code == "cancelled";
}

// Whether the answer is read in pieces.
bool in_pieces(const Parcel& parcel) { return parcel.stream && parcel.target.streams; }

// The request as its agent reads it.
std::string spoken_to(const Parcel& parcel) {
  const std::string activity = parcel.activity.text();
  const bool as_it_is =
      parcel.target.generation == parcel.generation && parcel.stream == in_pieces(parcel);
  if (as_it_is) return a2a::named(parcel.body, activity);
  return a2a::named(a2a::request_as(parcel.target.generation, parcel.body, in_pieces(parcel)),
                    activity);
}

constexpr std::size_t shown_max = 4 * quoted_max;  // Bytes kept of events, to tell what came.

// A request with all that it views.
struct Outgoing {
  net::Url url;
  std::string source, activity, body, hops;
  Secret authorization;
  std::vector<http::Header> headers;
  bool reached = false;
  http::ClientRequest request;

  void head(const Parcel& parcel, const Secret& proof) {
    source = parcel.source ? parcel.source->text() : std::string();
    activity = parcel.activity.text();
    hops = std::to_string(parcel.hops);
    headers.reserve(7);
    headers.push_back({"Content-Type", "application/json"});
    headers.push_back(
        {"Accept", in_pieces(parcel) ? "text/event-stream, application/json" : "application/json"});
    headers.push_back({"X-Molecule-Activity-Id", activity});
    headers.push_back({"X-Molecule-Hops", hops});
    if (parcel.target.generation == a2a::Generation::v10) headers.push_back({"A2A-Version", "1.0"});
    if (parcel.source) headers.push_back({"X-Workspace-ID", source});
    if (!proof.empty()) {
      authorization = Secret(fmt::format("Bearer {}", proof.reveal()));
      headers.push_back({"Authorization", authorization.reveal()});
    }
    request.method = http::Method::post;
    request.url = &url;
    request.headers = headers;
    // The mailbox would do so two seconds later, and agents know a message by its id.
    request.repeatable = true;
    request.reached = &reached;
  }
};

// What ended an answer before it was one.
Carried broken_off(const Fault& fault, const Parcel& parcel, const Events& events, bool reached) {
  // It has the message and is at it; asked again it would begin again, and not end either.
  const bool begun = events.begun() && fault.code() != "cancelled";
  auto kind = passes(fault.code()) && !begun ? Carried::End::not_now : Carried::End::refused;
  std::string why = fault.text();
  if (begun)
    why = (parcel.stream
               ? "the agent's stream of events broke off: "
               : "the agent answered a question that wants one JSON object with a stream of events "
                 "that came to no end: ") +
          why;
  return without_answer(kind, http_status(fault.kind()), fault.code(), std::move(why), reached);
}

// Reads an answer as it comes: its events are passed on; anything else is read whole.
io::Task<http::ClientResponse> read_along(http::Client& client, const http::ClientRequest& request,
                                          Events& events, Sink& sink) {
  auto stream = co_await client.open(request);
  http::ClientResponse response;
  response.status = stream->status();
  response.bytes = stream->head();
  response.head_size = response.bytes.size();
  const bool pieces = events.begin(stream->head());
  // An agent may think between two events as long as before its first.
  if (pieces) stream->set_idle(request.limits.head);
  while (!events.over()) {
    auto bytes = co_await stream->read();
    if (!bytes) break;
    if (!pieces || response.bytes.size() < response.head_size + shown_max)
      response.bytes += pieces ? bytes->substr(0, shown_max) : *bytes;
    if (!pieces) continue;
    auto came = events.take(*bytes);
    if (came.empty()) continue;
    bool wanted = co_await sink.pieces(std::move(came));
    if (!wanted) throw Fault(Kind::cancelled, "cancelled", "another delivery took over");
  }
  co_return response;
}

}  // namespace

io::Task<Carried> PushLink::deliver(const Lane& lane, const Parcel& parcel, Sink& sink) {
  Outgoing out;
  Events events(settings_.answer_max);
  std::optional<Carried> failure;
  http::ClientResponse response;
  try {
    out.url = net::Url::parse(parcel.target.url);
    out.head(parcel, inbound_.of(parcel.target.id));
    if (parcel.body.size() > io::short_text_max) {
      out.body = co_await aside_.run([&] { return spoken_to(parcel); });
    } else {
      out.body = spoken_to(parcel);
    }
    http::ClientRequest& request = out.request;
    request.body = out.body;
    request.limits.head = settings_.answer_wait;
    request.limits.idle = std::chrono::seconds(60);
    request.limits.body_max = settings_.answer_max;
    request.limits.body = settings_.body_wait;
    if (in_pieces(parcel)) {
      response = co_await read_along(*lane.client, request, events, sink);
    } else {
      request.enough = [&](std::string_view head, std::string_view so_far) {
        return events.enough(head, so_far);
      };
      response = co_await lane.client->send(request);
      events.enough(response.head(), response.body());  // What came last.
    }
  } catch (const Fault& fault) {
    failure = broken_off(fault, parcel, events, out.reached);
  }
  if (failure) co_return std::move(*failure);
  if (response.bytes.size() > io::short_text_max)
    co_return co_await aside_.run([&] { return read_response(parcel, out.url, response, events); });
  co_return read_response(parcel, out.url, response, events);
}

}  // namespace molecule::proxy
