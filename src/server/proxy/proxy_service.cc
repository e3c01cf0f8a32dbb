#include "server/proxy/proxy_service.h"

#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::proxy {
namespace {

using activity::Mail;
using activity::store::Message;

Mail mail_for(Link link) {
  switch (link) {
    case Link::push: return Mail::leased;
    case Link::poll: return Mail::polled;
    case Link::mailbox: return Mail::queued;
  }
  return Mail::queued;
}

activity::NewRow row_for(const Admission& admission, Instant now) {
  activity::NewRow row;
  row.workspace = admission.target.id;
  row.activity_type = "a2a_receive";
  row.source = admission.source;
  row.target = admission.target.id;
  row.method = admission.message.method;
  row.summary = fmt::format("{} → {}: {}", admission.message.method, admission.target.name,
                            activity::preview(admission.message.text, 160));
  row.request_body = RawJson(admission.message.body);
  row.message_id = admission.message.message_id;
  row.message_key = admission.key;
  row.mail = mail_for(admission.target.link);
  row.status = row.mail == Mail::polled ? "ok" : row.mail == Mail::queued ? "queued" : "pending";
  row.hops = admission.hops;
  row.rpc_id = admission.message.rpc_id;
  if (admission.message.expires_in_seconds) {
    row.expires_at = now + std::chrono::seconds(std::min<std::int64_t>(
                               *admission.message.expires_in_seconds, 30LL * 86400));
  }
  return row;
}

Message message_of(const activity::NewRow& row, const activity::Place& place,
                   std::optional<DelegationId> delegation) {
  Message message;
  message.seq = place.seq;
  message.workspace_id = row.workspace;
  message.source_id = row.source;
  message.method = row.method;
  message.request_body = row.request_body;
  message.status = std::string(row.status);
  message.created_at = place.created_at;
  message.message_id = row.message_id;
  message.mail = row.mail;
  message.lease_epoch = row.mail == Mail::leased ? 1 : 0;
  message.expires_at = row.expires_at;
  message.hops = row.hops;
  message.rpc_id = row.rpc_id;
  message.delegation_id = delegation;
  return message;
}

Parcel parcel_for(const Admission& admission, const activity::Place& place) {
  Parcel parcel;
  parcel.target = admission.target;
  parcel.source = admission.source;
  parcel.body = admission.message.body;
  parcel.rpc_id = admission.message.rpc_id;
  parcel.generation = admission.message.generation;
  parcel.activity = place.id;
  parcel.hops = admission.hops;
  return parcel;
}

std::string_view push_async = "push-async";
constexpr std::chrono::seconds settle_again{1};

// Each but the first follows a message of the same id that came and went in between.
constexpr int accept_tries = 3;

// Status 0 tells send() that the message is no reply and goes on like any other.
http::Response not_a_reply() {
  http::Response response;
  response.status = 0;
  return response;
}

// Keeps the agent's place among those under way.
class UnderWay {
 public:
  UnderWay(InFlight& in_flight, WorkspaceId agent, std::int64_t hops)
      : in_flight_(in_flight), agent_(agent) {
    in_flight_.begin(agent, hops);
  }
  UnderWay(const UnderWay&) = delete;
  ~UnderWay() { in_flight_.end(agent_); }

 private:
  InFlight& in_flight_;
  WorkspaceId agent_;
};

constexpr auto table = http::table(
    http::post<auth::Member, &Service::send>("/workspaces/{id}/a2a").body_limit(16u << 20),
    http::get<auth::Member, &Service::queued>("/workspaces/{id}/a2a/queue/{queue_id}"));

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

Service::Service(sql::Database& db, events::Log& log, activity::Ledger& ledger,
                 const workspaces::Directory& directory, const workspaces::InboundSecrets& inbound,
                 OnSettled& on_settled, const io::Clock& clock, io::Random& random,
                 metrics::Registry& registry, const Settings& settings)
    : db_(db),
      log_(log),
      ledger_(ledger),
      directory_(directory),
      inbound_(inbound),
      clock_(clock),
      settings_(settings),
      admitter_(directory, in_flight_, clock, random, settings),
      settler_(db, log, ledger, on_settled, clock, settings),
      probe_(registry) {}

io::Task<void> Service::recover() {
  auto boxes = co_await db_.write([this](sql::Tx& tx) {
    tx.run(activity::store::reclaim);
    ledger_.load_keys(tx);
    return tx.all(activity::store::waiting);
  });
  boxes_.write([&](auto& map) {
    for (const auto& box : boxes) map[box.workspace_id].waiting = box.count;
  });
}

const Lane& Service::lane_of(io::Loop& loop) const {
  for (const Lane& lane : lanes_) {
    if (lane.loop == &loop) return lane;
  }
  std::abort();  // A loop the root gave no lane.
}

void Service::count_waiting(WorkspaceId agent, std::int64_t by) {
  boxes_.write([&](auto& map) {
    Box& box = map[agent];
    box.waiting = std::max<std::int64_t>(0, box.waiting + by);
    if (box.waiting == 0 && !box.draining) map.erase(agent);
  });
}

std::int64_t Service::waiting_for(WorkspaceId agent) const {
  return boxes_.read([&](const auto& map) {
    auto it = map.find(agent);
    return it == map.end() ? std::int64_t{0} : it->second.waiting;
  });
}

Service::Accepted Service::accept(sql::Tx& tx, const Admission& admission,
                                  std::optional<DelegationId> delegation) {
  activity::NewRow row = row_for(admission, clock_.now());
  row.delegation = delegation;
  auto written = ledger_.accept(tx, row);
  Accepted accepted;
  accepted.place = written.place;
  if (written.earlier) {
    accepted.message = std::move(*written.earlier);
    accepted.repeated = true;
    return accepted;
  }
  accepted.message = message_of(row, written.place, delegation);
  if (!admission.source) {
    json::Object payload;
    payload.add("message_id", admission.message.message_id)
        .add("content", activity::preview(admission.message.text, activity::event_body_max))
        .add("workspace_id", admission.target.id)
        .add("activity_id", written.place.id);
    log_.append(tx, {"USER_MESSAGE", admission.target.id, payload.raw()});
  }
  if (row.mail == Mail::queued) {
    tx.after_commit([this, agent = row.workspace] { count_waiting(agent, 1); });
  }
  return accepted;
}

// Accepts it, or finds the message that another process accepted with the same id.
io::Task<Service::Accepted> Service::accept_once(const Admission& admission) {
  for (int tries = 0; tries < accept_tries; ++tries) {
    try {
      co_return co_await db_.write(
          [&, this](sql::Tx& tx) { return accept(tx, admission, std::nullopt); });
    } catch (const sql::ConstraintViolation& violation) {
      // Looked up below: a handler cannot wait.
      if (!violation.about("message_keys")) throw;
    }
    auto earlier =
        co_await db_.write([&, this](sql::Tx& tx) { return ledger_.taken(tx, admission.key); });
    if (earlier) {
      Accepted accepted;
      accepted.place = {earlier->seq, activity::make_id(earlier->created_at, earlier->seq),
                        earlier->created_at};
      accepted.message = std::move(*earlier);
      accepted.repeated = true;
      co_return accepted;
    }
  }
  throw unavailable("this message id is being used and given up at the same time; try again");
}

io::Task<http::Response> Service::send(auth::Member::Caller caller, WorkspaceId id,
                                       const http::Request& request) {
  Admission admission = admitter_.admit(caller, id, request.body);
  if (admission.source && (admission.message.reply_to || admission.message.role == "agent")) {
    bool certain = admission.message.reply_to.has_value();
    std::string text = certain ? *admission.message.reply_to : admission.message.rpc_id;
    if (text.size() > 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
    auto reply_to = ActivityId::parse(text);
    if (certain && !reply_to)
      throw bad_request("invalid_reply_to", "reply_to must be the id of an activity");
    if (reply_to) {
      http::Response recorded = co_await record_reply(admission, *reply_to, certain);
      if (recorded.status != 0) co_return recorded;
    }
  }
  if (admission.target.link == Link::mailbox && waiting_for(id) >= settings_.mailbox_max) {
    throw Fault(Kind::rate_limited, "mailbox_full",
                "the agent's mailbox is full; try again when it has caught up")
        .retry_after(std::chrono::seconds(30));
  }
  Accepted accepted = co_await accept_once(admission);
  if (accepted.repeated) {
    probe_.repeated.add();
    co_return answer_repeated(admission, accepted.message);
  }
  probe_.accepted.add();
  switch (admission.target.link) {
    case Link::poll:
      probe_.polled.add();
      in_flight_.heard(id, admission.hops, clock_.monotonic());
      co_return answer_polled(admission, accepted.place);
    case Link::mailbox:
      probe_.queued.add();
      co_return answer_queued(admission, accepted.place, "the agent is not reachable now");
    case Link::push: break;
  }
  io::Context here = co_await io::context();
  const Lane& lane = lane_of(*here.loop);
  if (caller.is_operator()) {
    auto task = carry_for_person(lane, std::move(admission), std::move(accepted));
    co_return co_await task;
  }
  co_return co_await carry_for_agent(lane, admission, accepted);
}

io::Task<Carried> Service::deliver(const Lane& lane, Parcel& parcel) {
  parcel.proof = inbound_.of(parcel.target.id);
  UnderWay under_way(in_flight_, parcel.target.id, parcel.hops);
  Carried carried = co_await carry(*lane.client, parcel, settings_);
  co_return carried;
}

io::Task<Settled> Service::settle(const Lane& lane, const Message& message,
                                  const Carried& carried) {
  std::exception_ptr failure;
  Settled settled = Settled::stale;
  try {
    settled = co_await settler_.settle(message, carried);
  } catch (const Fault&) {
    failure = std::current_exception();
  }
  if (failure) {
    lane.scope->spawn("result keeping", settle_later(message, carried));
    std::rethrow_exception(failure);
  }
  co_return settled;
}

// The agent has done its work once and is not asked again because the store was away. What is kept
// so is bounded by what was under way: meanwhile nothing new is accepted.
io::Task<void> Service::settle_later(Message message, Carried carried) {
  constexpr std::string_view unrecordable = "result_unrecordable";
  for (;;) {
    co_await io::sleep(settle_again);
    try {
      Settled settled = co_await settler_.settle(message, carried);
      if (settled == Settled::retry) count_waiting(message.workspace_id, 1);
      if (settled == Settled::recorded) probe_.answered.add();
      co_return;
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::unavailable) continue;
      if (fault.kind() == Kind::cancelled || carried.code == unrecordable) throw;
    }
    carried.end = Carried::End::refused;
    carried.code = unrecordable;
    carried.error = "the agent's answer could not be recorded";
  }
}

io::Task<http::Response> Service::carry_for_agent(const Lane& lane, Admission& admission,
                                                  Accepted& accepted) {
  Parcel parcel = parcel_for(admission, accepted.place);
  Carried carried = co_await deliver(lane, parcel);
  Settled settled = co_await settle(lane, accepted.message, carried);
  if (settled == Settled::retry) count_waiting(admission.target.id, 1);
  co_return answer(admission, accepted, carried, settled);
}

// A person's browser does not wait for hours: the delivery goes on in the background and its answer
// arrives as an event when the request was answered "queued" before.
io::Task<http::Response> Service::carry_for_person(const Lane& lane, Admission admission,
                                                   Accepted accepted) {
  struct Shared {
    io::Signal done;
    std::optional<http::Response> response;
    std::exception_ptr failure;
  };
  auto shared = std::make_shared<Shared>();
  auto work = [](Service& self, const Lane& on, Admission what, Accepted where,
                 std::shared_ptr<Shared> out) -> io::Task<void> {
    try {
      http::Response response = co_await self.carry_for_agent(on, what, where);
      out->response = std::move(response);
    } catch (const Fault&) {
      out->failure = std::current_exception();
    }
    out->done.notify();
  };
  std::string method = admission.message.method;
  std::string message_id = admission.message.message_id;
  ActivityId activity_id = accepted.place.id;
  lane.scope->spawn("message delivery",
                    work(*this, lane, std::move(admission), std::move(accepted), shared));
  bool over = shared->response || shared->failure;
  if (!over) co_await shared->done.wait(settings_.person_wait);
  if (shared->failure) std::rethrow_exception(shared->failure);
  if (shared->response) co_return std::move(*shared->response);
  json::Object body;
  body.add("status", "queued").add("delivery_mode", push_async).add("method", method);
  body.add("message_id", message_id).add("activity_id", activity_id);
  co_return http::Response::json(200, body.text());
}

io::Task<void> Service::dispatch(Admission admission, Accepted accepted) {
  if (accepted.repeated) co_return;
  probe_.accepted.add();
  if (admission.target.link == Link::poll)
    in_flight_.heard(admission.target.id, admission.hops, clock_.monotonic());
  if (admission.target.link != Link::push) co_return;
  io::Context here = co_await io::context();
  co_await carry_for_agent(lane_of(*here.loop), admission, accepted);
}

http::Response Service::answer(const Admission& admission, const Accepted& accepted,
                               const Carried& carried, Settled settled) {
  switch (settled) {
    case Settled::retry:
      probe_.queued.add();
      return answer_queued(admission, accepted.place, carried.error);
    case Settled::dead: probe_.dead.add(); break;
    case Settled::recorded: probe_.answered.add(); break;
    case Settled::stale: break;
  }
  if (carried.end == Carried::End::answered) return http::Response::json(200, carried.answer.body);
  int status = carried.status >= 400 ? carried.status : 502;
  json::Object members;
  members.add("delivery_confirmed", carried.delivered)
      .add("message_id", admission.message.message_id);
  return http::error_response(status, carried.code, carried.error, members.members());
}

http::Response Service::answer_queued(const Admission& admission, const activity::Place& place,
                                      std::string_view why) {
  json::Object body;
  body.add("queued", true).add("status", "queued").add("queue_id", place.id);
  body.add("queue_depth", std::max<std::int64_t>(1, waiting_for(admission.target.id)));
  body.add("message", fmt::format("{}; the message waits in its mailbox", why));
  body.add("method", admission.message.method).add("message_id", admission.message.message_id);
  return http::Response::json(202, body.text());
}

http::Response Service::answer_polled(const Admission& admission, const activity::Place& place) {
  json::Object body;
  body.add("status", "queued").add("delivery_mode", "poll").add("method", admission.message.method);
  body.add("message_id", admission.message.message_id).add("activity_id", place.id);
  return http::Response::json(200, body.text());
}

http::Response Service::answer_repeated(const Admission& admission, const Message& earlier) {
  if (earlier.request_body.text != admission.message.body) {
    json::Document before = json::Document::parse(earlier.request_body.text);
    json::Document now = json::Document::parse(admission.message.body);
    auto parts = [](const json::Document& d) {
      json::Node node = d.root().find("params").find("message").find("parts");
      return node ? node.text() : std::string();
    };
    if (parts(before) != parts(now)) {
      throw conflict("message_id_reused",
                     "this messageId was used for a different message; choose a new one");
    }
  }
  activity::Place place{earlier.seq, activity::make_id(earlier.created_at, earlier.seq),
                        earlier.created_at};
  switch (earlier.mail) {
    case Mail::settled:
      if (earlier.status == "ok" || earlier.response_body) {
        return http::Response::json(200, earlier.response_body.value_or("{}"));
      }
      return http::error_response(502, "agent_failed",
                                  earlier.error_detail.value_or("the agent failed"));
    case Mail::dead:
      return http::error_response(502, "undeliverable", earlier.error_detail.value_or("given up"));
    case Mail::polled: return answer_polled(admission, place);
    case Mail::leased:
    case Mail::queued:
    case Mail::none: break;
  }
  return answer_queued(admission, place, "this message was accepted before and is under way");
}

io::Task<http::Response> Service::record_reply(Admission& admission, ActivityId reply_to,
                                               bool certain) {
  WorkspaceId self = *admission.source;
  WorkspaceId asker = admission.target.id;
  struct Found {
    bool known = false;
    bool recorded = false;
    bool delegated = false;
  };
  a2a::Answer answer;
  answer.text = admission.message.text;
  answer.is_error = admission.message.failed;
  answer.error = answer.text;
  auto found = co_await db_.write([&, this](sql::Tx& tx) {
    Found outcome;
    auto asked = ledger_.find(tx, reply_to);
    outcome.known = asked && asked->workspace_id == self && asked->source_id == asker;
    if (!outcome.known) return outcome;
    outcome.delegated = asked->delegation_id.has_value();
    json::Document document = json::Document::parse(admission.message.body);
    json::Node message = document.root().find("params").find("message");
    answer.body = fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})",
                              asked->rpc_id.value_or("null"), message.text());
    if (asked->mail == Mail::polled) outcome.recorded = settler_.record_answer(tx, *asked, answer);
    return outcome;
  });
  if (!found.known) {
    if (!certain) co_return not_a_reply();
    throw Fault(Kind::not_found, "reply_to_not_found",
                "reply_to names no message that this workspace received from that peer");
  }
  // An answer to a delegation is delivered by the delegation; any other goes on to the asker as a
  // message. Also when it was recorded before: a crash may have come between, and the message's own
  // id keeps a repeated one from arriving twice.
  if (!found.delegated) co_return not_a_reply();
  if (found.recorded) probe_.answered.add();
  json::Object body;
  body.add("status", "recorded").add("activity_id", reply_to).add("duplicate", !found.recorded);
  co_return http::Response::json(200, body.text());
}

io::Task<RawJson> Service::queued(auth::Member::Caller caller, WorkspaceId id,
                                  ActivityId queue_id) {
  auto message =
      co_await db_.read([&, this](sql::Read& read) { return ledger_.find(read, queue_id); });
  if (!message || message->workspace_id != id) {
    throw Fault(Kind::not_found, "queue_item_not_found", "queue item not found")
        .with(json::Object{}.add("retryable", true).members());
  }
  auto who = caller.workspace();
  if (who && who != message->workspace_id && who != message->source_id)
    throw forbidden("access denied");
  std::string_view status = "queued";
  switch (message->mail) {
    case Mail::queued:
    case Mail::polled:
    case Mail::none: break;
    case Mail::leased: status = "dispatched"; break;
    case Mail::settled: status = message->status == "ok" ? "completed" : "failed"; break;
    case Mail::dead: status = "dropped"; break;
  }
  json::Object body;
  body.add("queue_id", queue_id).add("workspace_id", id).add("status", status).add("priority", 50);
  body.add("attempts", message->attempts).add("last_error", message->error_detail);
  body.add("enqueued_at", message->created_at).add("expires_at", message->expires_at);
  if (message->mail == Mail::settled && message->response_body) {
    body.add("response_body", RawJson(*message->response_body));
  }
  co_return body.raw();
}

void Service::agent_ready(WorkspaceId agent) {
  // Every heartbeat asks; nearly always nothing waits, and readers do not exclude each other.
  if (waiting_for(agent) == 0) return;
  bool start = boxes_.write([&](auto& map) {
    auto it = map.find(agent);
    if (it == map.end() || it->second.waiting == 0 || it->second.draining) return false;
    it->second.draining = true;
    return true;
  });
  if (!start) return;
  const Lane& lane = lanes_.front();
  lane.scope->spawn_from_anywhere("mailbox", [this, &lane, agent] { return drain(lane, agent); });
}

void Service::sweep() {
  std::vector<WorkspaceId> agents = boxes_.read([](const auto& map) {
    std::vector<WorkspaceId> found;
    for (const auto& [agent, box] : map) {
      if (box.waiting > 0 && !box.draining) found.push_back(agent);
    }
    return found;
  });
  for (WorkspaceId agent : agents) agent_ready(agent);
}

io::Task<void> Service::drain(const Lane& lane, WorkspaceId agent) {
  // Ends the drain whatever happens, so that the next sweep may try again.
  struct Draining {
    Service& self;
    WorkspaceId agent;
    ~Draining() {
      self.boxes_.write([&](auto& map) {
        auto it = map.find(agent);
        if (it == map.end()) return;
        it->second.draining = false;
        if (it->second.waiting == 0) map.erase(it);
      });
    }
  } draining{*this, agent};

  for (;;) {
    Target target;
    try {
      target = admitter_.target(agent);
    } catch (const Fault&) {
      co_return;  // Removed, over budget or without a way in: the messages stay where they are.
    }
    if (target.link == Link::poll) {
      std::int64_t moved = co_await db_.write(
          [&](sql::Tx& tx) { return tx.run(activity::store::queued_to_polled, agent); });
      count_waiting(agent, -moved);
      co_return;
    }
    if (target.link != Link::push) co_return;
    auto message = co_await db_.write([&, this](sql::Tx& tx) { return ledger_.lease(tx, agent); });
    if (!message) co_return;
    count_waiting(agent, -1);
    Parcel parcel;
    parcel.target = target;
    parcel.source = message->source_id;
    parcel.body = message->request_body.text;
    parcel.rpc_id = message->rpc_id.value_or("null");
    parcel.generation =
        message->method == "SendMessage" ? a2a::Generation::v10 : a2a::Generation::v03;
    parcel.activity = activity::make_id(message->created_at, message->seq);
    parcel.hops = message->hops;
    Carried carried = co_await deliver(lane, parcel);
    Settled settled = co_await settle(lane, *message, carried);
    if (settled == Settled::retry) {
      count_waiting(agent, 1);
      co_return;  // Not reachable after all; the sweep tries again later.
    }
    if (settled == Settled::recorded) probe_.answered.add();
    if (settled == Settled::dead) probe_.dead.add();
  }
}

}  // namespace molecule::proxy
