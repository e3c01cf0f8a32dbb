#include "server/push_notifications/outbox.h"

#include <algorithm>

#include <fmt/format.h>

#include "wire/a2a/task.h"

namespace molecule::push_notifications {
namespace {

std::string place_of(Key key) { return "push_notification_configs:" + key.text(); }

std::string_view state_of(const messages::Outcome& outcome) {
  using messages::End;
  const bool told = outcome.task && !outcome.task->state.empty();
  switch (outcome.end) {
    case End::answered: return told ? std::string_view(outcome.task->state) : "completed";
    case End::failed:
      return told && is_end(outcome.task->state) ? std::string_view(outcome.task->state) : "failed";
    case End::canceled: return "canceled";
    case End::expired:
    case End::removed:
    case End::dead: break;
  }
  return "failed";
}

}  // namespace

bool is_end(std::string_view state) { return a2a::outcome_of(state) != a2a::Outcome::unfinished; }

std::string_view text_of(a2a::Generation generation) {
  return generation == a2a::Generation::v10 ? "v10" : "v03";
}
a2a::Generation generation_from(std::string_view text) {
  return text == "v10" ? a2a::Generation::v10 : a2a::Generation::v03;
}

std::vector<std::int64_t> Outbox::load(sql::Statements& statements) {
  std::vector<std::int64_t> asked;
  auto rows = statements.all(store::watched);
  watched_.write([&](auto& set) {
    for (const store::Watched& row : rows) set.insert(row.message);
  });
  for (const store::Watched& row : rows) {
    if (row.asked != 0) asked.push_back(row.message);
  }
  return asked;
}

void Outbox::require_room(sql::Tx& tx, const New& what, std::size_t of_task) const {
  std::string why;
  if (of_task >= configs_max) {
    why = fmt::format("a task has at most {} push configurations; delete one first", configs_max);
  } else if (what.owner && tx.one(store::owned, *what.owner, owned_max) >= owned_max) {
    why = fmt::format(
        "a workspace has at most {} push configurations; they go with the ends of its tasks",
        owned_max);
  } else if (of_task == 0 && watched() >= watched_max) {
    why = fmt::format("the platform tells of at most {} tasks at once", watched_max);
  }
  if (!why.empty()) throw Fault(Kind::unprocessable, "too_many_push_configs", why);
}

std::string Outbox::set(sql::Tx& tx, const New& what) {
  const Key key = random_.id<Key>();
  const std::string id = what.config.id.empty() ? key.text() : what.config.id;
  auto rows = tx.all(store::of_message, what.message);
  std::erase_if(rows, [&](const Row& row) {
    if (row.id != id) return false;
    erase(tx, row);
    return true;
  });
  require_room(tx, what, rows.size());
  watch(tx, what.message);
  const Instant now = clock_.now();
  const bool end = is_end(what.state);
  tx.run(store::insert, key, what.message, std::string_view(id), what.owner, what.target,
         text_of(what.generation), what.task_id, std::string_view(what.config.url),
         std::string_view(what.state), now, end ? std::optional<Instant>(now) : std::nullopt);
  // Its agent may be at it, and tells nobody by itself.
  if (!end && wake_.ask) tx.after_commit([this, message = what.message] { wake_.ask(message); });
  const a2a::PushConfig& config = what.config;
  if (!config.token.empty() || !config.scheme.empty()) {
    json::Object secret;
    secret.add("token", config.token).add("scheme", config.scheme);
    secret.add("credentials", config.credentials);
    kept_.put(tx, place_of(key), secret.text());
  }
  return id;
}

a2a::PushConfig Outbox::opened(sql::Statements& statements, const Row& row) const {
  a2a::PushConfig config;
  config.id = row.id;
  config.url = row.url;
  auto secret = kept_.find(statements, place_of(row.key));
  if (!secret) return config;
  json::Document document = json::Document::parse(secret->reveal());
  config.token = document.root().find("token").string();
  config.scheme = document.root().find("scheme").string();
  config.credentials = document.root().find("credentials").string();
  return config;
}

void Outbox::erase(sql::Tx& tx, const Row& row) {
  tx.run(store::erase_changes, row.key);
  tx.run(store::erase, row.key);
  kept_.forget(tx, place_of(row.key));
  watch_no_more(tx, row.message);
}

void Outbox::watch_no_more(sql::Tx& tx, std::int64_t message) {
  if (!tx.all(store::of_message, message).empty()) return;
  tx.after_commit([this, message] { watched_.write([&](auto& set) { set.erase(message); }); });
}

// Before the commit, since the task may change in the very next transaction; and after it, since
// one before may have had the last configuration deleted.
void Outbox::watch(sql::Tx& tx, std::int64_t message) {
  const auto add = [this, message] { watched_.write([&](auto& set) { set.insert(message); }); };
  add();
  tx.after_commit(add);
}

bool Outbox::prune(sql::Tx& tx) {
  auto rows = tx.all(store::over, clock_.now() - kept_after_end, pruned_at_once);
  for (const Row& row : rows) erase(tx, row);
  return static_cast<std::int64_t>(rows.size()) == pruned_at_once;
}

void Outbox::changed(sql::Tx& tx, std::int64_t message, std::string_view state) {
  if (!a2a::is_state(state) || state == "unknown") return;
  const Instant now = clock_.now();
  const bool end = is_end(state);
  const std::int64_t most = end ? changes_max + 1 : changes_max;
  tx.post(store::add, message, state, now, most);
  tx.post(store::count, message, state, clock_.steady(), most,
          end ? std::optional<Instant>(now) : std::nullopt);
  if (wake_.due) tx.after_commit([this] { wake_.due(); });
}

void Outbox::moved(sql::Tx& tx, const std::string& task_id, WorkspaceId target,
                   std::optional<WorkspaceId> asker, std::int64_t message) {
  if (watched() == 0) return;
  const auto rows = tx.all(store::of_task, std::string_view(task_id), target, asker);
  if (rows.empty()) return;
  for (const Row& row : rows) tx.run(store::move, row.key, message);
  for (const Row& row : rows) {
    if (row.message != message) watch_no_more(tx, row.message);
  }
  watch(tx, message);
}

void Outbox::waits(sql::Tx& tx, const messages::Message& message, std::string_view) {
  if (!watches(message.seq)) return;
  tx.post(store::name, message.seq, std::string_view(message.id().text()));
}

void Outbox::tasked(sql::Tx& tx, std::int64_t message, const messages::AgentTask& task) {
  if (!watches(message)) return;
  if (!task.id.empty()) tx.post(store::name, message, std::string_view(task.id));
  changed(tx, message, task.state);
}

void Outbox::ended(sql::Tx& tx, const messages::Message& message,
                   const messages::Outcome& outcome) {
  if (!watches(message.seq)) return;
  const std::string id =
      outcome.task && !outcome.task->id.empty() ? outcome.task->id : message.id().text();
  tx.post(store::name, message.seq, std::string_view(id));
  const std::string_view state = state_of(outcome);
  changed(tx, message.seq, state);
  if (!is_end(state) && wake_.ask) tx.after_commit([this, seq = message.seq] { wake_.ask(seq); });
}

void Outbox::erased(sql::Tx& tx, std::int64_t message) {
  if (!watches(message)) return;
  for (const Row& row : tx.all(store::of_message, message)) erase(tx, row);
}

void Outbox::pruned(sql::Tx& tx, std::int64_t from, std::int64_t until) {
  for (const Row& row : tx.all(store::of_pruned, from, until)) erase(tx, row);
}

void Outbox::removed(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  for (WorkspaceId id : ids) {
    for (const Row& row : tx.all(store::of_owner, id)) erase(tx, row);
  }
}

}  // namespace molecule::push_notifications
