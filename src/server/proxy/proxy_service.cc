#include "server/proxy/proxy_service.h"

#include <charconv>

#include "platform/json/json.h"
#include "platform/log/log.h"
#include "server/proxy/parameters.h"
#include "server/proxy/refusal.h"
#include "wire/a2a/metadata.h"

namespace molecule::proxy {
namespace {

constexpr auto table =
    http::table(http::get<auth::Member, &Service::queued>("/workspaces/{id}/a2a/queue/{queue_id}")
                    .says("Where an accepted message stands.")
                    .refuses("queue_item_not_found", "forbidden"));

}  // namespace

const std::span<const http::Route> routes = table;

Probe::Probe(metrics::Registry& registry)
    : accepted(registry.counter("molecule_messages_accepted_total", "Messages accepted durably.")),
      repeated(registry.counter("molecule_messages_repeated_total",
                                "Messages known already by their id.")),
      answered(registry.counter("molecule_messages_settled_total",
                                "Messages whose result was recorded.")),
      queued(
          registry.counter("molecule_messages_queued_total", "Deliveries that went to a mailbox.")),
      polled(
          registry.counter("molecule_messages_polled_total", "Messages left for a polling agent.")),
      dead(registry.counter("molecule_messages_dead_total", "Messages given up.")) {}

Service::Service(sql::Database& db, messages::Ledger& ledger, messages::Mailboxes& mailboxes,
                 const workspaces::Directory& directory, std::span<Link* const> links,
                 streams::Streams& streams, io::Aside& aside, const io::Clock& clock,
                 io::Random& random, metrics::Registry& registry, const Settings& settings)
    : db_(db),
      ledger_(ledger),
      mailboxes_(mailboxes),
      directory_(directory),
      streams_(streams),
      aside_(aside),
      clock_(clock),
      settings_(settings),
      admitter_(links, directory, mailboxes, quiet_, clock, random, settings),
      settler_(db, ledger, clock),
      probe_(registry) {
  ledger_.join(carriers_);
}

io::Task<Admission> Service::admit(std::optional<WorkspaceId> source, WorkspaceId to,
                                   std::string body, std::optional<std::string> parent) {
  Admission admission;
  if (body.size() > io::short_text_max) {
    admission = co_await admit_long(source, std::nullopt, to, body);
  } else {
    admission = admitter_.admit_from(source, to, body);
  }
  co_await place(admission, std::move(parent));
  co_return admission;
}

io::Task<Admission> Service::admit_long(std::optional<WorkspaceId> source,
                                        std::optional<KeyId> credential, WorkspaceId to,
                                        std::string_view body) {
  admitter_.way_to(source, to);  // Nothing is read for who may not send.
  a2a::Incoming message = co_await aside_.run([&] { return admitter_.read(source, body); });
  Admission admission = admitter_.way_to(source, to);
  admission.credential = credential;
  co_return admitter_.with_message(std::move(admission), std::move(message));
}

// What it belongs to is said in the request, or is what it answers. Only a message that its sender
// was sent counts.
io::Task<void> Service::place(Admission& admission, std::optional<std::string> parent) {
  if (!admission.source) co_return;
  if (!parent) parent = admission.message.parent;
  // Whoever answers a message does not ask for anything because of it.
  admission.answer = admission.message.reply_to.has_value();
  if (!parent) parent = admission.message.reply_to;
  auto id = parent ? ActivityId::parse(*parent) : std::nullopt;
  std::optional<Admitter::Parent> found;
  if (id) {
    const std::int64_t seq = messages::seq_of(*id);
    if (auto hops = mailboxes_.hops(*admission.source, seq)) {
      found = Admitter::Parent{*id, *hops};
    } else {
      // It has ended, and its agent goes on.
      auto head = co_await db_.read([&](sql::Read& read) { return ledger_.head(read, seq); });
      if (head && head->message.id() == *id && head->message.target == *admission.source)
        found = Admitter::Parent{*id, head->message.hops};
    }
  }
  admitter_.place(admission, found);
}

namespace {

// The number of the last event that a reader saw; 0: none.
std::int64_t last_event_id(const http::Request& request) {
  auto text = request.header("Last-Event-ID");
  if (!text || text->empty()) return 0;
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size() && number >= 0) return number;
  throw bad_request("invalid_request", "Last-Event-ID must be the id of an event of this stream");
}

}  // namespace

const Lane& Service::lane_of(io::Loop& loop) const {
  for (const Lane& lane : lanes_) {
    if (lane.loop == &loop) return lane;
  }
  std::abort();  // A loop the root gave no lane.
}

io::Task<http::Response> Service::send(auth::Member::Caller caller, WorkspaceId id,
                                       const http::Request& request, bool bare, Also also) {
  std::optional<Fault> refused;
  try {
    auto taken = take(caller, id, request, bare, std::move(also));
    co_return co_await taken;
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    refused = fault;
  }
  if (request.body.size() > io::short_text_max) {
    refused = co_await aside_.run([&] { return in_their_words(*refused, request.body); });
    throw std::move(*refused);
  }
  throw in_their_words(std::move(*refused), request.body);
}

io::Task<http::Response> Service::take(auth::Member::Caller caller, WorkspaceId id,
                                       const http::Request& request, bool bare, Also also) {
  const bool long_text = request.body.size() > io::short_text_max;
  const std::optional<Extensions> extensions = extensions_asked(request);
  Admission admission;
  if (long_text) {
    admission = co_await admit_long(caller.workspace(), caller.key(), id, request.body);
  } else {
    admission = admitter_.admit(caller, id, request.body);
  }
  admission.by = caller.by();
  admission.bare = bare;
  admission.trace = trace_of(request);
  admission.also = std::move(also);
  if (extensions) {
    admission.extensions_header = extensions->header;
    std::string& body = admission.message.body;
    const auto extend = [&] { return a2a::extended(body, extensions->value); };
    if (long_text) {
      body = co_await aside_.run(extend);
    } else {
      body = extend();
    }
  }
  const std::int64_t after = admission.message.stream ? last_event_id(request) : 0;
  std::optional<std::string> parent;
  if (auto header = request.header("X-Molecule-Activity-Id")) parent = std::string(*header);
  if (admission.source && (admission.message.reply_to || admission.message.role == "agent")) {
    bool certain = admission.message.reply_to.has_value();
    std::string text = certain ? *admission.message.reply_to : admission.message.rpc_id;
    if (text.size() > 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
    auto reply_to = ActivityId::parse(text);
    if (certain && !reply_to)
      throw bad_request("invalid_reply_to", "reply_to must be the id of an activity");
    if (reply_to) {
      auto recorded = co_await record_reply(admission, *reply_to, certain);
      if (recorded) co_return std::move(*recorded);
    }
  }
  co_await place(admission, std::move(parent));
  Accepted accepted = co_await accept_once(admission);
  if (accepted.earlier) {
    probe_.repeated.add();
    const auto& ended = accepted.earlier->outcome;
    if (ended && !admission.message.stream && messages::is_beginning(ended->body.text)) {
      const std::int64_t seq = accepted.earlier->message.seq;
      auto whole =
          co_await db_.read([&, this](sql::Read& read) { return ledger_.find_whole(read, seq); });
      if (whole) accepted.earlier = std::move(whole);
    }
    auto again = [&] {
      return admission.message.stream ? stream_again(admission, *accepted.earlier, after)
                                      : answer_repeated(admission, *accepted.earlier);
    };
    http::Response response;
    if (long_text) {
      response = co_await aside_.run(again);
    } else {
      response = again();
    }
    co_return co_await shortened(admission.message, std::move(response));
  }
  probe_.accepted.add();
  if (admission.message.stream) co_return co_await stream_new(admission, accepted);
  switch (admission.target.way) {
    case Way::fetched: probe_.polled.add(); co_return answer_polled(admission, accepted.place);
    case Way::waits:
      probe_.queued.add();
      try_mailbox(id);  // It may only have to wait for its turn.
      co_return answer_queued(id, admission.message, accepted.place,
                              admission.target.link ? "other messages to the agent go first"
                                                    : "the agent is not reachable now");
    case Way::carried: break;
  }
  io::Context here = co_await io::context();
  const Lane& lane = lane_of(*here.loop);
  auto task =
      carry_for_sender(lane, std::move(admission), std::move(accepted), caller.is_operator());
  co_return co_await task;
}

}  // namespace molecule::proxy
