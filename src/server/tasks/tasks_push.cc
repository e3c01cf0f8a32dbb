// Tasks and those who want to be told of them: the way there and back.
#include "platform/json/json.h"
#include "server/tasks/tasks_service.h"

namespace molecule::tasks {

bool Service::Found::outdated() const {
  if (!record.outcome || !row || record.outcome->end != messages::End::answered) return false;
  auto seen = a2a::task_seen(record.outcome->body.text);
  return seen && !seen->state.empty() && seen->state != row->state;
}

io::Task<Service::Outgoing> Service::outgoing_of(std::optional<WorkspaceId> asker, WorkspaceId id,
                                                 std::string_view body) {
  Outgoing out;
  if (!push_ || !a2a::may_bring_push(body)) co_return out;
  a2a::PushBrought brought;
  if (body.size() > io::short_text_max) {
    brought = co_await aside_.run([&] { return a2a::push_brought_in(body); });
  } else {
    brought = a2a::push_brought_in(body);
  }
  if (brought.config) co_await push_->check(brought.config->url);
  PushConfigs::Sent sent;
  sent.asker = asker;
  sent.target = id;
  sent.task_id = std::move(brought.task_id);
  sent.generation = brought.generation;
  sent.config = std::move(brought.config);
  const std::string task = sent.task_id, context = std::move(brought.context_id);
  auto told = push_->with(std::move(sent));
  out.also = [this, asker = Asker{asker, id, false}, task, context, told = std::move(told)](
                 sql::Tx& tx, const messages::Place& place, messages::State state) {
    if (!task.empty()) require_open(tx, asker, task, context);
    told(tx, place, state);
  };
  out.body = std::move(brought.body);
  co_return out;
}

// A task is its sender's: to anybody else it is not there, and is not gone on with. Nor is one that
// its agent has brought to an end. One that nobody was told of here is the agent's to know.
void Service::require_open(sql::Statements& statements, const Asker& asker, const std::string& task,
                           const std::string& context) const {
  const auto found = look_up(statements, asker, task, Bodies::without);
  if (!found) {
    const bool anothers =
        !asker.sees_all() &&
        look_up(statements, Asker{std::nullopt, asker.at, false}, task, Bodies::without);
    if (anothers) throw a2a::task_not_found();
    return;
  }
  if (!found->row) return;
  const std::string& state = found->row->state;
  // This very message is open, or its agent says more of it later.
  if (a2a::outcome_of(state) != a2a::Outcome::unfinished && found->record.outcome)
    throw a2a::unsupported_operation(
        fmt::format("the task has ended as {}: what comes further is a new one", state));
  const std::string& of = found->row->context_id;
  if (!context.empty() && !of.empty() && context != of &&
      context != found->record.message.context_id)
    throw a2a::invalid_params("contextId", "the task is of another conversation");
}

io::Task<http::Response> Service::send(auth::Member::Caller caller, WorkspaceId id,
                                       const http::Request& request, bool bare,
                                       const Outgoing& outgoing) {
  if (outgoing.body.empty()) {
    auto as_it_came = proxy_.send(caller, id, request, bare, outgoing.also);
    co_return co_await as_it_came;
  }
  http::Request inner = request;
  inner.body = outgoing.body;
  auto sent = proxy_.send(caller, id, inner, bare, outgoing.also);
  co_return co_await sent;
}

io::Task<std::string> Service::push(const Asker& asker, const a2a::TaskCall& call) {
  if (!push_)
    throw bad_request("push_not_supported",
                      "push notifications are not offered here; ask with tasks/get");
  Found found = co_await find(asker, call.id);
  PushConfigs::Of of;
  of.asker = asker.workspace;
  of.target = asker.at;
  of.message = found.record.message.seq;
  of.id = found.id;
  of.unbounded = asker.unbounded;
  of.state = proxy::standing_of(found.record, found.known(), false).state;
  co_return co_await push_->answer(std::move(of), call);
}

std::optional<Service::Found> Service::look_up(sql::Statements& statements,
                                               std::int64_t message) const {
  auto record = ledger_.find(statements, message);
  if (!record) return std::nullopt;
  Found found;
  found.row = tasks_.of(statements, message);
  found.id = found.row ? found.row->task_id : record->message.id().text();
  found.record = std::move(*record);
  return found;
}

io::Task<std::optional<Service::Told>> Service::told_of(std::int64_t message,
                                                        std::optional<std::string> id,
                                                        a2a::Generation generation) {
  auto seen = co_await db_.read([&, this](sql::Read& read) { return look_up(read, message); });
  if (!seen) co_return std::nullopt;
  Found found = std::move(*seen);
  if (id) found.id = *id;
  bool outdated = false;
  if (found.record.outcome && found.record.outcome->body.text.size() > io::short_text_max) {
    outdated = co_await aside_.run([&] { return found.outdated(); });
  } else {
    outdated = found.outdated();
  }
  if (outdated) co_await hear(found);
  const a2a::TaskFacts facts = facts_of(found);
  Told out;
  out.id = facts.id;
  out.context_id = facts.context_id;
  out.state = facts.state;
  out.activity_id = found.record.message.id().text();
  const a2a::TaskForm form{generation, std::nullopt, true};
  out.text = co_await told(std::move(found), form);
  co_return out;
}

io::Task<std::optional<WorkspaceId>> Service::agent_of(std::int64_t message) {
  co_return co_await db_.read([&, this](sql::Read& read) {
    auto record = ledger_.head(read, message);
    return record ? std::optional(record->message.target) : std::nullopt;
  });
}

io::Task<Service::Heard> Service::hear_again(std::int64_t message) {
  auto seen = co_await db_.read([&, this](sql::Read& read) {
    // Its bodies are nothing that its agent is asked about.
    std::optional<Found> out;
    if (auto record = ledger_.head(read, message)) {
      out.emplace();
      out->row = tasks_.of(read, message);
      out->id = out->row ? out->row->task_id : record->message.id().text();
      out->record = std::move(*record);
    }
    return out;
  });
  Heard heard;
  if (!seen) co_return heard;
  Found found = std::move(*seen);
  heard.agent = found.record.message.target;
  if (found.goes_on()) heard.what = co_await hear(found);
  if (!found.goes_on()) heard.what = Heard::What::over;
  if (found.row) heard.state = found.row->state;
  heard.note = std::move(found.note);
  co_return heard;
}

io::Task<std::vector<std::int64_t>> Service::going_on(std::size_t max) {
  auto look = [&, this](sql::Read& read) {
    return tasks_.going_on(read, static_cast<std::int64_t>(max));
  };
  co_return co_await db_.read(look);
}

io::Task<void> Service::lose(std::int64_t message, messages::End end, std::string why) {
  co_await db_.write([&, this](sql::Tx& tx) {
    auto record = ledger_.head(tx, message);
    const auto row = tasks_.of(tx, message);
    if (!record || !row || !at_it(row->state)) return;
    messages::Outcome outcome;
    outcome.end = end;
    outcome.error = why;
    outcome.duration_ms = (clock_.now() - record->message.created_at).count() / 1000;
    ledger_.note(tx, message, {row->task_id, row->context_id, "failed"});
    ledger_.amend(tx, record->message, outcome);
  });
}

}  // namespace molecule::tasks
