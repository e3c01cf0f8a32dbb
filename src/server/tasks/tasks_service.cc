#include "server/tasks/tasks_service.h"

#include "platform/json/json.h"
#include "server/proxy/parameters.h"
#include "server/tasks/last_event.h"
#include "wire/a2a/endpoint.h"
#include "wire/a2a/stream.h"
#include "wire/a2a/version.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::tasks {
namespace {

constexpr std::size_t call_max = 64u << 10;     // Bytes of a request about a task.
constexpr std::int64_t together_max = 4 << 20;  // Bytes of pieces that are put together.

// A workspace's way in has two names: ours, and that of its A2A endpoint.
constexpr http::Route way_in(std::string_view pattern) {
  return http::post<auth::Member, &Service::call>(pattern)
      .body_limit(16u << 20)
      .says(
          "Sends a message to a workspace as A2A JSON-RPC, 0.3 or 1.0: the agent's answer, or a receipt; "
          "message/stream and SendStreamingMessage are answered with server-sent events. tasks/get, tasks/list and "
          "tasks/cancel (GetTask, ListTasks, CancelTask) ask about what was sent.")
      .takes<RawJson>()
      .gives<RawJson>(200)
      .gives<api::Receipt>(202)
      .refuses("invalid_json", "invalid_request", "invalid_message", "unknown_method",
               "method_not_supported", "message_id_reused", "not_reachable", "workspace_not_found",
               "loop_stopped", "edge_rate", "mailbox_full", "agent_failed", "agent_unreachable",
               "agent_timeout");
}

constexpr http::Route rest(http::Route route, std::string_view sentence) {
  return route.says(sentence).refuses("task_not_found", "invalid_params", "version_not_supported");
}

constexpr http::Route push(http::Route route, std::string_view sentence) {
  return route.says(sentence).gives<RawJson>().refuses(
      "task_not_found", "invalid_params", "version_not_supported", "too_many_push_configs");
}

constexpr auto table = http::table(
    way_in("/workspaces/{id}/a2a"), way_in("/a2a/{id}"),
    http::post<auth::Member, &Service::rest_send>("/a2a/{id}/message:send")
        .body_limit(16u << 20)
        .says("Sends a message as A2A HTTP+JSON, 1.0.")
        .takes<RawJson>()
        .gives<RawJson>()
        .refuses("version_not_supported", "invalid_json", "invalid_params", "not_reachable",
                 "workspace_not_found", "mailbox_full", "agent_failed", "agent_unreachable",
                 "agent_timeout"),
    http::post<auth::Member, &Service::rest_stream>("/a2a/{id}/message:stream")
        .body_limit(16u << 20)
        .says("The same, answered with server-sent events.")
        .takes<RawJson>()
        .gives(200, "text/event-stream")
        .refuses("version_not_supported", "invalid_json", "invalid_params", "not_reachable",
                 "workspace_not_found", "mailbox_full"),
    rest(http::get<auth::Member, &Service::rest_list>("/a2a/{id}/tasks").gives<RawJson>(),
         "The caller's tasks at a workspace, newest change first.")
        .refuses("too_many_lists", "not_reachable", "workspace_not_found"),
    rest(http::get<auth::Member, &Service::rest_get>("/a2a/{id}/tasks/{task}").gives<RawJson>(),
         "How one task stands."),
    rest(http::post<auth::Member, &Service::rest_cancel>("/a2a/{id}/tasks/{task}:cancel")
             .body_limit(call_max)
             .takes<RawJson>()
             .may_lack_body()
             .gives<RawJson>(),
         "Calls a task off."),
    rest(http::get<auth::Member, &Service::rest_subscribe>("/a2a/{id}/tasks/{task}:subscribe")
             .gives(200, "text/event-stream"),
         "A task as it stands and what comes of it, as server-sent events."),
    rest(http::post<auth::Member, &Service::rest_subscribe>("/a2a/{id}/tasks/{task}:subscribe")
             .body_limit(call_max)
             .takes<RawJson>()
             .may_lack_body()
             .gives(200, "text/event-stream"),
         "A task as it stands and what comes of it, as server-sent events."),
    push(http::post<auth::Member, &Service::rest_push_set>(
             "/a2a/{id}/tasks/{task}/pushNotificationConfigs")
             .body_limit(call_max)
             .takes<RawJson>(),
         "Asks to be told of a task: where to, and with which credentials."),
    push(http::get<auth::Member, &Service::rest_push_list>(
             "/a2a/{id}/tasks/{task}/pushNotificationConfigs"),
         "Where a task is told of."),
    push(http::get<auth::Member, &Service::rest_push_get>(
             "/a2a/{id}/tasks/{task}/pushNotificationConfigs/{config}"),
         "One place where a task is told of."),
    push(http::del<auth::Member, &Service::rest_push_erase>(
             "/a2a/{id}/tasks/{task}/pushNotificationConfigs/{config}"),
         "Asks to be told there no longer."),
    http::get<auth::Member, &Service::tree>("/workspaces/{id}/tasks/{task}/tree")
        .says("A task and what was asked because of it, each behind its parent; tasks that are "
              "neither from nor to who asks are hidden.")
        .refuses("task_not_found", "bad_query"),
    http::get<auth::Operator, &Service::questions>("/questions")
        .says(
            "Tasks of people whose agents ask for something before they go on, newest message first."),
    http::get<auth::Member, &Service::rest_card>("/a2a/{id}/extendedAgentCard")
        .says("The agent card of a workspace, for who asks for the extended one: it says all.")
        .gives<RawJson>()
        .refuses("not_reachable", "workspace_not_found", "workspace_removed",
                 "version_not_supported"));

// A refusal as JSON-RPC. What A2A has a number for is an answer like any other.
http::Response refused(const Fault& fault, std::string_view rpc_id) {
  const a2a::TaskError* known = a2a::task_error(fault.code());
  return http::Response::json(known ? 200 : http_status(fault.kind()),
                              a2a::refusal(rpc_id, known ? known->number : jsonrpc::internal_error,
                                           fault.code(), fault.text(), {}, fault.members()));
}

// At an endpoint of A2A: what A2A has a number for is an answer like any other, also where it is
// the agent's doing.
http::Response as_answer(http::Response response) {
  const int number = response.status >= 400 ? a2a::error_number(response.body) : 0;
  if (number <= -32001 && number >= -32009) response.status = 200;
  return response;
}

// The endpoint's other name, of the platform's own API, takes whatever can be understood.
bool is_endpoint(const http::Request& request) { return !request.path.starts_with("/workspaces/"); }

}  // namespace

const std::span<const http::Route> routes = table;

io::Task<std::string> Service::rpc_id_of(const http::Request& request) {
  const auto read = [&] { return a2a::rpc_id_in(request.body).value_or("null"); };
  if (request.body.size() <= io::short_text_max) co_return read();
  co_return co_await aside_.run(read);
}

io::Task<http::Response> Service::call(auth::Member::Caller caller, WorkspaceId id,
                                       const http::Request& request) {
  std::optional<Fault> unspoken;
  try {
    a2a::require_version(proxy::version_asked(request), a2a::rpc_versions);
  } catch (const Fault& fault) {
    unspoken = fault;
  }
  if (unspoken) co_return refused(*unspoken, co_await rpc_id_of(request));
  std::optional<a2a::TaskCall> call;
  if (a2a::may_be_task_call(request.body)) call = a2a::task_call_in(request.body);
  if (!call) {
    if (!is_endpoint(request)) co_return co_await message(caller, id, request);
    std::optional<Fault> refusal;
    try {
      const auto respelled = co_await checked(request.body);
      if (!respelled) co_return as_answer(co_await message(caller, id, request));
      http::Request inner = request;
      inner.body = *respelled;
      co_return as_answer(co_await message(caller, id, inner));
    } catch (const Fault& fault) {
      if (!a2a::task_error(fault.code())) throw;
      refusal = fault;
    }
    if (refusal->body()) co_return http::Response::json(200, *refusal->body());
    co_return refused(*refusal, co_await rpc_id_of(request));
  }
  const Asker asker = asker_of(caller, id);
  std::optional<Fault> refusal;
  try {
    a2a::read_task_params(request.body, *call);
    if (call->method == a2a::TaskMethod::subscribe) {
      auto stream = subscribe(asker, *call, last_event_id(request), false);
      co_return co_await stream;
    }
    auto work = answer(asker, *call, request);
    std::string result = co_await work;
    co_return http::Response::json(200, jsonrpc::success(call->rpc_id, result));
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    refusal = fault;
  }
  http::Response response = refused(*refusal, call->rpc_id);
  // Its clients read nothing but events here.
  const bool as_event = call->method == a2a::TaskMethod::subscribe &&
                        call->generation == a2a::Generation::v03 && response.status == 200;
  if (as_event) {
    response.content_type = "text/event-stream";
    response.body = "data: " + response.body + "\n\n";
  }
  co_return response;
}

Service::Asker Service::asker_of(const auth::Caller& caller, WorkspaceId at) {
  return {caller.workspace(), at, caller.is_operator() && caller.scope() == api::KeyScope::admin,
          caller.by().value_or("")};
}

io::Task<std::optional<std::string>> Service::checked(std::string_view body) {
  if (body.size() <= io::short_text_max) co_return a2a::require_message(body);
  co_return co_await aside_.run([&] { return a2a::require_message(body); });
}

io::Task<http::Response> Service::message(auth::Member::Caller caller, WorkspaceId id,
                                          const http::Request& request) {
  std::optional<Fault> refusal;
  Outgoing outgoing;
  try {
    outgoing = co_await outgoing_of(caller.workspace(), id, request.body);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    refusal = fault;
  }
  if (refusal) co_return refused(*refusal, co_await rpc_id_of(request));
  try {
    auto sent = send(caller, id, request, false, outgoing);
    co_return co_await sent;
  } catch (const Fault& fault) {
    // What a message has to do with a task is known where it is accepted.
    const std::string& code = fault.code();
    if (code != "task_not_found" && code != "unsupported_operation" && code != "invalid_params")
      throw;
    refusal = fault;
  }
  co_return refused(*refusal, co_await rpc_id_of(request));
}

io::Task<std::string> Service::answer(const Asker& asker, const a2a::TaskCall& call,
                                      const http::Request& request) {
  switch (call.method) {
    case a2a::TaskMethod::get: return get(asker, call);
    case a2a::TaskMethod::list: return list(asker, call);
    case a2a::TaskMethod::cancel: return cancel(asker, call);
    case a2a::TaskMethod::subscribe: break;
    case a2a::TaskMethod::push: return push(asker, call);
    case a2a::TaskMethod::card: return card(asker, call, request);
  }
  throw internal();
}

io::Task<std::string> Service::card(const Asker& asker, const a2a::TaskCall& call,
                                    const http::Request& request) {
  const bool new_one = call.generation == a2a::Generation::v10;
  co_return cards_.extended(asker.workspace, asker.at,
                            new_one ? a2a::CardForm::v10 : a2a::CardForm::hybrid, request);
}

std::optional<Service::Found> Service::look_up(sql::Statements& statements, const Asker& asker,
                                               const std::string& id, Bodies bodies) const {
  Found found;
  found.id = id;
  std::optional<messages::Record> record;
  const auto read = [&](std::int64_t seq) {
    return bodies == Bodies::with ? ledger_.find(statements, seq) : ledger_.head(statements, seq);
  };
  if (auto activity = ActivityId::parse(id)) {
    record = read(messages::seq_of(*activity));
    if (record && record->message.id() != *activity) record.reset();
  }
  if (record && record->message.target != asker.at) record.reset();
  if (record) {
    found.row = tasks_.of(statements, record->message.seq);
  } else {
    const auto sender = asker.sees_all() ? std::nullopt : asker.workspace;
    found.row = tasks_.by_id(statements, id, asker.at, sender);
    if (found.row) record = read(found.row->message);
  }
  if (!record) return std::nullopt;
  if (!asker.sees_all() && record->message.source != asker.workspace) return std::nullopt;
  found.record = std::move(*record);
  return found;
}

void Service::read_pieces(sql::Statements& statements, Found& found) const {
  const std::int64_t message = found.record.message.seq;
  found.newest = streams_.newest(statements, message);
  if (found.newest == 0 || found.record.outcome) return;
  std::vector<streams::Piece> all;
  std::int64_t bytes = 0, at = 0;
  while (at < found.newest) {
    auto pieces = streams_.part(statements, message, at);
    if (pieces.empty() || pieces.front().number != at + 1) return;
    at = pieces.back().number;
    for (streams::Piece& piece : pieces) {
      bytes += static_cast<std::int64_t>(piece.data.size());
      all.push_back(std::move(piece));
    }
    if (bytes > together_max) return;
  }
  found.pieces = std::move(all);
}

io::Task<void> Service::put_together(Found& found) {
  const auto pieces = std::exchange(found.pieces, {});
  if (pieces.empty()) co_return;
  auto join = [&pieces] {
    a2a::Stream stream;
    for (const streams::Piece& piece : pieces) stream.take(piece.data);
    const std::string answer = stream.answer();
    return answer.empty() ? std::string() : a2a::task_answer_in(answer);
  };
  std::size_t bytes = 0;
  for (const streams::Piece& piece : pieces) bytes += piece.data.size();
  if (bytes > io::short_text_max) {
    found.heard = co_await aside_.run(join);
  } else {
    found.heard = join();
  }
}

io::Task<std::string> Service::task_in(const RawJson& answer) {
  if (answer.text.size() <= io::short_text_max) co_return a2a::task_answer_in(answer.text);
  co_return co_await aside_.run([&] { return a2a::task_answer_in(answer.text); });
}

io::Task<Service::Found> Service::find(const Asker& asker, const std::string& id) {
  auto found = co_await db_.read([&, this](sql::Read& read) { return look_up(read, asker, id); });
  if (!found) throw a2a::task_not_found();
  co_return std::move(*found);
}

io::Task<std::string> Service::get(const Asker& asker, const a2a::TaskCall& call) {
  auto look = [&, this](sql::Read& read) {
    auto out = look_up(read, asker, call.id);
    if (out && !out->record.outcome) read_pieces(read, *out);
    return out;
  };
  auto seen = co_await db_.read(look);
  if (!seen) throw a2a::task_not_found();
  Found found = std::move(*seen);
  co_await put_together(found);
  if (found.goes_on()) co_await hear(found);
  const a2a::TaskForm form{call.generation, call.history_length, true};
  co_return co_await told(std::move(found), form);
}

io::Task<Service::Heard::What> Service::hear(Found& found) {
  auto said = co_await proxy_.ask(found.record.message, a2a::TaskRequest::get, found.row->task_id,
                                  found.row->context_id);
  if (!said) {
    found.note = "its agent cannot be asked";
    co_return Heard::What::away;
  }
  if (said->end != proxy::Carried::End::answered) {
    found.note = "its agent could not be asked: " + said->error;
    const bool refused = said->end == proxy::Carried::End::refused;
    co_return refused ? Heard::What::nothing : Heard::What::away;
  }
  std::string task = co_await proxy_.task_told(found.record.message, said->answer);
  if (task.empty()) {
    found.note = "its agent does not say how it stands: " + said->answer.error;
    // A long text is no error that says so.
    const std::string& body = said->answer.body;
    const bool lost = body.size() <= io::short_text_max &&
                      a2a::error_number(body) == a2a::task_error("task_not_found")->number;
    co_return lost ? Heard::What::lost : Heard::What::nothing;
  }
  const auto& seen = said->answer.task;
  if (seen && !seen->state.empty() && seen->state != found.row->state) {
    co_await note_heard(found, said->answer, task);
    found.row->state = seen->state;
    found.row->changed_at = clock_.now();
  }
  found.heard = std::move(task);
  co_return Heard::What::goes_on;
}

// It is the message's outcome from now on: whoever looks at the message finds it.
io::Task<void> Service::note_heard(const Found& found, const a2a::Answer& answer,
                                   std::string_view task) {
  const messages::Message& message = found.record.message;
  // By the same id: what the agent calls it elsewhere is its affair.
  const messages::AgentTask now{found.row->task_id, found.row->context_id, answer.task->state};
  co_await db_.write([&, this](sql::Tx& tx) {
    // Who asked at the same time may have heard more.
    const auto row = tasks_.of(tx, message.seq);
    if (!row || row->state != found.row->state) return;
    for (Waiting* each : waiting_) each->heard(tx, message.seq, answer);
    ledger_.pass_on(tx, message.seq, task);
    proxy_.amend(tx, message, now, answer);
  });
}

io::Task<std::string> Service::told(Found found, a2a::TaskForm form) {
  const auto& outcome = found.record.outcome;
  if (outcome && found.heard.empty() && messages::is_beginning(outcome->body.text)) {
    const std::int64_t message = found.record.message.seq;
    auto whole =
        co_await db_.read([&, this](sql::Read& read) { return ledger_.find_whole(read, message); });
    if (whole) found.record = std::move(*whole);
  }
  const std::size_t size = found.record.body.text.size() + found.heard.size() +
                           (found.record.outcome ? found.record.outcome->body.text.size() : 0);
  if (size <= io::short_text_max) co_return tell(found, form);
  co_return co_await aside_.run([&, this] { return tell(found, form); });
}

a2a::TaskFacts Service::facts_of(const Found& found) const {
  const messages::Message& message = found.record.message;
  const proxy::Standing standing =
      proxy::standing_of(found.record, found.known(), proxy_.is_polled(message.target));
  a2a::TaskFacts facts;
  facts.id = found.id;
  facts.context_id = message.context_id.value_or("");
  if (facts.context_id.empty() && found.row) facts.context_id = found.row->context_id;
  if (facts.context_id.empty()) facts.context_id = message.id().text();
  facts.state = standing.state;
  facts.at = standing.since;
  facts.says = standing.says;
  facts.request = found.record.body.text;
  facts.answer = found.heard;
  if (facts.answer.empty() && found.record.outcome) facts.answer = found.record.outcome->body.text;
  json::Object beside;
  beside.add("standing", standing.word).add("since", standing.since);
  beside.add("activity_id", message.id());
  if (found.row) beside.add("agent_task_id", found.row->task_id);
  if (found.record.delivery) {
    beside.add("attempts", found.record.delivery->attempts);
    beside.add("expires_at", found.record.delivery->expires_at);
  }
  if (!found.note.empty()) beside.add("note", found.note).add("known_at", found.row->changed_at);
  facts.molecule = beside.members();
  return facts;
}

std::string Service::tell(const Found& found, const a2a::TaskForm& form) const {
  return a2a::task_told(facts_of(found), form);
}

}  // namespace molecule::tasks
