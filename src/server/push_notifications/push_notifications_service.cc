#include "server/push_notifications/push_notifications_service.h"

#include <algorithm>

#include "wire/a2a/task.h"

namespace molecule::push_notifications {
namespace {

Fault no_such_config() {
  return {Kind::not_found, "task_not_found", "the task has no push configuration of that id"};
}

// Whoever set it, and people, may change it.
bool is_owners(const tasks::PushConfigs::Of& task, const Row& row) {
  return !task.asker || row.owner_id == task.asker;
}

const Row* find(const std::vector<Row>& rows, const std::string& id) {
  if (id.empty()) return rows.empty() ? nullptr : &rows.front();
  auto it = std::ranges::find(rows, id, &Row::id);
  return it == rows.end() ? nullptr : &*it;
}

}  // namespace

io::Task<std::string> Service::answer(Of task, const a2a::TaskCall& call) {
  switch (call.push.verb) {
    case a2a::PushVerb::set: return set(std::move(task), call);
    case a2a::PushVerb::get: return get(std::move(task), call);
    case a2a::PushVerb::list: return list(std::move(task), call);
    case a2a::PushVerb::erase: return erase(std::move(task), call);
  }
  throw internal();
}

io::Task<void> Service::check(std::string url) {
  std::string why;
  try {
    const net::Url parsed = net::Url::parse(url);
    co_await dialer_.check(parsed);
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::bad_request) throw;
    why = fault.text();
  }
  if (!why.empty()) throw a2a::invalid_params("the push configuration's url: " + why);
}

proxy::Also Service::with(Sent sent) {
  return [this, sent = std::move(sent)](sql::Tx& tx, const messages::Place& place,
                                        messages::State state) {
    if (!sent.task_id.empty()) outbox_.moved(tx, sent.task_id, sent.target, sent.asker, place.seq);
    if (!sent.config) return;
    Outbox::New what;
    what.message = place.seq;
    what.owner = sent.asker;
    what.target = sent.target;
    what.generation = sent.generation;
    // This is the id that its sender is told, unless an answer at once says another.
    if (state == messages::State::open) what.task_id = place.id.text();
    what.state = "submitted";
    what.config = *sent.config;
    outbox_.set(tx, what);
  };
}

std::string Service::told(sql::Statements& statements, const Of& task, a2a::Generation generation,
                          const Row& row) const {
  // Its secrets are for who set it. What people set is one operator's as another's, but a key with
  // a lesser scope reads no secrets: what it asks is not what it was given them for.
  const bool secrets = task.asker ? row.owner_id == task.asker : !row.owner_id && task.unbounded;
  a2a::PushConfig config;
  config.id = row.id;
  // To other workspaces, and to such keys, without what a path or query may show.
  config.url = task.unbounded ? row.url : net::Url::parse(row.url).origin() + "/";
  if (secrets) config = outbox_.opened(statements, row);
  return a2a::push_config_told(generation, config, task.id, secrets);
}

io::Task<std::string> Service::set(Of task, const a2a::TaskCall& call) {
  co_await check(call.push.config.url);
  Outbox::New what;
  what.message = task.message;
  what.owner = task.asker;
  what.target = task.target;
  what.generation = call.generation;
  what.task_id = task.id;
  what.state = task.state;
  what.config = call.push.config;
  co_return co_await db_.write([&, this](sql::Tx& tx) {
    const auto rows = tx.all(store::of_message, task.message);
    const Row* earlier = what.config.id.empty() ? nullptr : find(rows, what.config.id);
    if (earlier && !is_owners(task, *earlier))
      throw a2a::invalid_params("another caller has a push configuration of that id; choose one");
    what.config.id = outbox_.set(tx, what);
    return a2a::push_config_told(call.generation, what.config, task.id, true);
  });
}

io::Task<std::string> Service::get(Of task, const a2a::TaskCall& call) {
  co_return co_await db_.read([&, this](sql::Read& read) {
    const auto rows = read.all(store::of_message, task.message);
    const Row* row = find(rows, call.push.config_id);
    if (!row) throw no_such_config();
    return told(read, task, call.generation, *row);
  });
}

// At most so many as a page holds by default, so that nearly always there is one page; a page's
// token is the id of the last before it.
io::Task<std::string> Service::list(Of task, const a2a::TaskCall& call) {
  co_return co_await db_.read([&, this](sql::Read& read) {
    const auto rows = read.all(store::of_message, task.message);
    std::vector<std::string> out;
    std::string next;
    bool begun = !call.push.page_token;
    for (const Row& row : rows) {
      if (begun && static_cast<std::int64_t>(out.size()) == call.push.page_size) break;
      if (begun) {
        out.push_back(told(read, task, call.generation, row));
        next = row.id;
      }
      begun = begun || row.id == *call.push.page_token;
    }
    if (!begun) throw a2a::invalid_params("pageToken is none of this list");
    if (rows.empty() || next == rows.back().id) next.clear();
    return a2a::push_configs_told(call.generation, out, next);
  });
}

// Deleting what is not there is no mistake.
io::Task<std::string> Service::erase(Of task, const a2a::TaskCall& call) {
  co_await db_.write([&, this](sql::Tx& tx) {
    const auto rows = tx.all(store::of_message, task.message);
    const Row* row = find(rows, call.push.config_id);
    if (row && !is_owners(task, *row)) throw forbidden("another caller's push configuration");
    if (row) outbox_.erase(tx, *row);
  });
  co_return std::string(a2a::push_erased(call.generation));
}

io::Task<void> Service::prune() {
  for (bool more = true; more;)
    more = co_await db_.write([this](sql::Tx& tx) { return outbox_.prune(tx); });
}

}  // namespace molecule::push_notifications
