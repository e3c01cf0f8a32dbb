#include "server/proxy/push_link.h"

#include <string>

#include "platform/http/client.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "server/proxy/parameters.h"
#include "server/proxy/reading.h"
#include "wire/a2a/file_places.h"
#include "wire/a2a/metadata.h"

namespace molecule::proxy {
namespace {

// Failures of the way there, not of the message.
bool passes(const std::string& code) {
  return code == "agent_unreachable" || code == "agent_timeout" || code == "agent_reset" ||
         code == "connections_exhausted" || code == "resolver_busy" || code == "cancelled" ||
         code == "deadline" || code == way_ended || code == waits_behind;
}

// Our own doing: somebody stops, or has waited enough. The message keeps; so it does when the agent
// has to come back by another way, on which it is asked to go on.
bool is_ours(const Fault& fault) {
  return fault.code() == "cancelled" || fault.code() == "deadline" || fault.code() == way_ended;
}

// Whether the answer is read in pieces.
bool in_pieces(const Parcel& parcel) { return parcel.stream && parcel.target.streams; }

// The request as its agent reads it.
std::string spoken_to(const Parcel& given, const FilePlaces* places) {
  const std::string activity = given.activity.text();
  Parcel placed;
  const bool names_files = places && given.body.find(places->sign()) != std::string::npos;
  if (names_files) {
    placed = given;
    placed.body = a2a::with_file_places(given.body, [&](std::string_view address) {
      return places->place(address, given.target.id);
    });
  }
  const Parcel& parcel = names_files ? placed : given;
  const bool as_it_is =
      parcel.target.generation == parcel.generation && parcel.stream == in_pieces(parcel);
  if (as_it_is) return a2a::named(parcel.body, activity);
  return a2a::named(a2a::request_as(parcel.target.generation, parcel.body, in_pieces(parcel)),
                    activity);
}

// How often an agent is asked to go on when its pieces stop coming and none comes in between; the
// waits double.
constexpr int resumes_max = 8;
constexpr std::chrono::milliseconds resume_after{200};

// Bytes of an answer in pieces that are recorded as one; a longer one is read from its pieces.
constexpr std::size_t together_max = 1u << 20;

// Bytes of an answer that comes in pieces although it was asked for whole: it is put together here.
constexpr std::size_t whole_max = 16u << 20;

constexpr std::size_t shown_max = 4 * quoted_max;  // Bytes kept of events, to tell what came.

// A request with all that it views.
struct Outgoing {
  net::Url url;
  std::string source, activity, body, hops, extensions;
  Secret authorization;
  std::vector<http::Header> headers;
  bool reached = false;
  http::ClientRequest request;

  void head(const Parcel& parcel, const Secret& proof) {
    source = parcel.source ? parcel.source->text() : std::string();
    activity = parcel.activity.text();
    hops = std::to_string(parcel.hops);
    headers.reserve(11);
    headers.push_back({"Content-Type", "application/json"});
    headers.push_back(
        {"Accept", in_pieces(parcel) ? "text/event-stream, application/json" : "application/json"});
    headers.push_back({"X-Molecule-Activity-Id", activity});
    headers.push_back({"X-Molecule-Hops", hops});
    if (parcel.target.generation == a2a::Generation::v10) headers.push_back({"A2A-Version", "1.0"});
    if (!extensions.empty()) {
      const bool new_one = parcel.target.generation == a2a::Generation::v10;
      headers.push_back({new_one ? extensions_header : extensions_header_v03, extensions});
    }
    if (parcel.again) headers.push_back({"Prefer", "wait=0"});
    if (parcel.source) headers.push_back({"X-Workspace-ID", source});
    const a2a::Trace& trace = parcel.trace;
    if (!trace.parent.empty()) headers.push_back({a2a::trace_parent_name, trace.parent});
    if (!trace.state.empty()) headers.push_back({a2a::trace_state_name, trace.state});
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
  // Lost before its first word, as an answer may be; asked again it goes on or begins.
  const bool lost = parcel.stream && !events.told() && fault.code() == "agent_reset";
  // It has the message and is at it; asked again it would begin again, and not end either.
  const bool begun = events.begun() && !is_ours(fault) && !lost;
  auto kind = passes(fault.code()) && !begun ? Carried::End::not_now : Carried::End::refused;
  std::string why = fault.text();
  if (begun && fault.code() != "response_too_large")
    why = (parcel.stream
               ? "the agent's stream of events broke off: "
               : "the agent answered a question that wants one JSON object with a stream of events "
                 "that came to no end: ") +
          why;
  std::string code = fault.code() == way_ended ? "agent_unreachable" : fault.code();
  Carried broken =
      without_answer(kind, http_status(fault.kind()), std::move(code), std::move(why), reached);
  broken.behind = !reached && broken.code == waits_behind;
  return broken;
}

// What is in the stream up to its next pieces; nothing at its end.
io::Task<std::vector<std::string>> next_pieces(http::ClientStream& stream, Events& events,
                                               io::Aside& aside, std::string& shown) {
  std::vector<std::string> came;
  while (came.empty() && !events.over()) {
    auto bytes = co_await stream.read();
    if (!bytes) break;
    if (shown.size() < shown_max) shown += bytes->substr(0, shown_max);
    if (events.pending() + bytes->size() > io::short_text_max) {
      came = co_await aside.run([&] { return events.take(*bytes); });
    } else {
      came = events.take(*bytes);
    }
  }
  co_return came;
}

// The rest of an answer that is read whole. A head alone says no more than that the agent is at it,
// and what keeps the connection open is blank: an answer has as long to begin as its head had.
io::Task<void> read_whole(http::ClientStream& stream, const http::ClientRequest& request,
                          http::ClientResponse& response) {
  bool begun = response.status < 200 || response.status >= 300;
  if (begun) {
    stream.set_total(request.limits.body);
  } else {
    stream.set_idle(request.limits.head);
  }
  for (;;) {
    auto bytes = co_await stream.read();
    if (!bytes) co_return;
    response.bytes += *bytes;
    if (begun || bytes->find_first_not_of(" \t\r\n") == bytes->npos) continue;
    begun = true;
    stream.set_idle(request.limits.idle);
    stream.set_total(request.limits.body);
  }
}

// Reads an answer as it comes: its events are passed on; anything else is read whole.
io::Task<http::ClientResponse> read_along(http::Client& client, const http::ClientRequest& request,
                                          Events& events, io::Aside& aside, Sink& sink) {
  io::Context here = co_await io::context();
  auto stream = co_await client.open(request);
  http::ClientResponse response;
  response.status = stream->status();
  response.bytes = stream->head();
  response.head_size = response.bytes.size();
  events.again();
  if (!events.begin(stream->head())) {
    co_await read_whole(*stream, request, response);
    co_return response;
  }
  // An agent may think between two events as long as before its first; what only keeps the
  // connection open is no event.
  stream->set_idle(request.limits.head);
  std::string shown;
  for (;;) {
    std::vector<std::string> came;
    bool silent = false;
    try {
      came = co_await io::within(request.limits.head, next_pieces(*stream, events, aside, shown));
    } catch (const Fault& fault) {
      const bool asked = here.cancellation && here.cancellation->requested();
      if (fault.kind() != Kind::deadline || asked) throw;
      silent = true;
    }
    if (silent)
      throw Fault(Kind::bad_gateway, "agent_timeout", "the agent told nothing more in time");
    if (came.empty()) break;
    bool wanted = co_await sink.pieces(std::move(came));
    if (!wanted) throw Fault(Kind::cancelled, "cancelled", "another delivery took over");
  }
  response.bytes += shown;
  co_return response;
}

// Asks the agent to go on with a task: to tell its further pieces, or else how it stands. Nothing
// when the agent can do neither.
io::Task<std::optional<http::ClientResponse>> go_on(http::Client& client, Outgoing& out,
                                                    const Parcel& parcel, std::string task,
                                                    Events& events, io::Aside& aside, Sink& sink) {
  for (auto what : {a2a::TaskRequest::subscribe, a2a::TaskRequest::get}) {
    const std::string body = a2a::task_request(parcel.target.generation, what, task);
    out.request.body = body;
    http::ClientResponse response = co_await read_along(client, out.request, events, aside, sink);
    if (events.begun_now()) co_return response;
    const bool told = response.status == 200 && !a2a::is_error(response.body());
    if (!told) continue;
    auto pieces = events.take_whole(response.body());
    if (pieces.empty()) continue;
    co_await sink.pieces(std::move(pieces));
    co_return response;
  }
  co_return std::nullopt;
}

// For an answer that nobody reads in pieces. What cannot be put together whole is read no further.
class Whole final : public Sink {
 public:
  explicit Whole(const Events& events) : events_(events) {}
  io::Task<bool> pieces(std::vector<std::string>) override {
    if (events_.is_cut()) {
      throw Fault(Kind::bad_gateway, "response_too_large",
                  fmt::format("the agent streamed more than {} bytes in answer to a question that "
                              "wants one JSON object; ask it with message/stream",
                              whole_max));
    }
    co_return true;
  }

 private:
  const Events& events_;
};

// Knows whether pieces came since it was asked last.
class Noticing final : public Sink {
 public:
  explicit Noticing(Sink& sink) : sink_(sink) {}
  io::Task<bool> pieces(std::vector<std::string> data) override {
    came_ = true;
    auto kept = sink_.pieces(std::move(data));
    co_return co_await kept;
  }
  io::Task<void> turn(messages::Road road) override { return sink_.turn(road); }
  void gone(messages::Road road) override { sink_.gone(road); }
  bool came() { return std::exchange(came_, false); }

 private:
  Sink& sink_;
  bool came_ = false;
};

// The answer in pieces. When they stop coming before their end the agent is asked to go on, and
// only one that knows nothing of the task is asked the question itself.
io::Task<http::ClientResponse> read_pieces(http::Client& client, Outgoing& out,
                                           const Parcel& parcel, Events& events, io::Aside& aside,
                                           Sink& kept) {
  Noticing sink(kept);
  std::string task = parcel.task;
  std::optional<Fault> broken;
  auto wait = resume_after;
  for (int resumed = 0;; ++resumed) {
    bool forgotten = false;  // It had begun, and knows nothing of it now.
    try {
      if (!task.empty()) {
        auto gone_on = co_await go_on(client, out, parcel, task, events, aside, sink);
        if (gone_on) co_return std::move(*gone_on);
        forgotten = broken.has_value();
      }
      if (!forgotten) {
        out.request.body = out.body;
        http::ClientResponse response =
            co_await read_along(client, out.request, events, aside, sink);
        co_return response;
      }
    } catch (const Fault& fault) {
      const bool of_the_way = passes(fault.code()) && !is_ours(fault);
      if (sink.came()) {
        resumed = 0;
        wait = resume_after;
      }
      if (!of_the_way || events.task().empty() || resumed == resumes_max) throw;
      broken = fault;
    }
    if (forgotten) throw std::move(*broken);
    task = events.task();
    co_await io::sleep(wait);
    wait *= 2;
  }
}

// The same envelope around a question, which nobody streams.
Parcel about(const Question& question) {
  Parcel parcel;
  parcel.target = question.target;
  parcel.source = question.source;
  parcel.activity = question.activity;
  parcel.generation = question.target.generation;
  parcel.rpc_id = "\"1\"";
  const std::string activity = question.activity.text();
  json::Object metadata;
  metadata.add("activity_id", activity);
  if (!question.context.empty()) metadata.add("context_id", question.context);
  parcel.body = a2a::task_request(
      parcel.generation, question.what, question.task.empty() ? activity : question.task,
      question.what == a2a::TaskRequest::cancel ? metadata.members() : std::string());
  return parcel;
}

}  // namespace

io::Task<Carried> PushLink::ask_by(Where where, const Question& question) {
  const Parcel parcel = about(question);
  const Events none(settings_.answer_max);
  Outgoing out;
  std::optional<Carried> failure;
  http::ClientResponse response;
  try {
    out.url = net::Url::parse(where.url);
    out.head(parcel, inbound_.of(parcel.target.id));
    http::ClientRequest& request = out.request;
    request.body = parcel.body;
    request.limits.head = request.limits.idle = request.limits.body = settings_.question_wait;
    request.limits.body_max = settings_.answer_max;
    response = co_await io::within(settings_.question_wait, where.client.send(request));
  } catch (const Fault& fault) {
    failure = broken_off(fault, parcel, none, out.reached);
  }
  if (failure) co_return std::move(*failure);
  if (response.bytes.size() > io::short_text_max)
    co_return co_await aside_.run([&] { return read_response(parcel, out.url, response, none); });
  co_return read_response(parcel, out.url, response, none);
}

io::Task<Carried> PushLink::deliver_by(Where where, const Parcel& parcel, Sink& sink) {
  Outgoing out;
  Events events(settings_.answer_max, in_pieces(parcel) ? together_max : whole_max);
  std::optional<Carried> failure;
  http::ClientResponse response;
  try {
    out.url = net::Url::parse(where.url);
    const auto write = [&] {
      out.extensions = a2a::extensions_in(parcel.body);
      out.body = spoken_to(parcel, places_);
    };
    if (parcel.body.size() > io::short_text_max) {
      co_await aside_.run(write);
    } else {
      write();
    }
    out.head(parcel, inbound_.of(parcel.target.id));
    http::ClientRequest& request = out.request;
    request.body = out.body;
    request.limits.head = settings_.answer_wait;
    request.limits.idle = std::chrono::seconds(60);
    request.limits.body_max = settings_.answer_max;
    request.limits.body = settings_.body_wait;
    // Where a connection has to be made first, several are made at a time.
    const auto turn = [&] { return sink.turn(where.road); };
    if (where.road == messages::sent_for_good) {
      request.turn = turn;
    } else {
      co_await turn();
    }
    request.sent = [&] { sink.gone(where.road); };
    if (in_pieces(parcel)) {
      response = co_await read_pieces(where.client, out, parcel, events, aside_, sink);
    } else {
      Whole whole(events);
      response = co_await read_along(where.client, request, events, aside_, whole);
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
