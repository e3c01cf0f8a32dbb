#include "join/attendance.h"

#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t sample_max = 2000, task_max = 500;  // Bytes.

// The agent's card with a name, which the platform asks for.
RawJson named(const std::string& card, const std::string& name) {
  json::Document document = json::Document::parse(card);
  const json::Node root = document.root();
  if (root.find("name").is(json::Type::string)) return RawJson(card);
  json::Object with_name;
  with_name.add("name", name);
  for (std::size_t i = 0; root.is(json::Type::object) && i < root.size(); ++i) {
    if (root.name_at(i) == "name") continue;
    with_name.add(root.name_at(i), RawJson(root.value_at(i).text()));
  }
  return with_name.raw();
}

}  // namespace

// Tried once: the next beat comes soon, and finds a card that was not taken.
io::Task<client::Answer> Attendance::post(std::string path, const json::Object& body) {
  client::Ask what;
  what.method = http::Method::post;
  what.path = std::move(path);
  what.body = body.text();
  what.repeatable = true;
  what.patience = 0s;
  co_return co_await platform_.ask(self_, what);
}

// What people see of an agent that has no name of its own.
io::Task<std::string> Attendance::name_of_workspace() {
  client::Ask what;
  what.path = "/workspaces/" + self_.workspace().text();
  what.repeatable = true;
  what.patience = 0s;
  const client::Answer answer = co_await platform_.ask(self_, what);
  std::string name = answer.ok() ? answer.word("name") : std::string();
  co_return name.empty() ? std::string("agent") : name;
}

// The canvas shows the workspace as degraded; here stands why.
void Attendance::tell_of(bool alive) {
  if (std::exchange(was_alive_, alive) == alive) return;
  if (alive) {
    log::info("the agent answers again");
  } else {
    log::warn("the agent does not answer; its workspace shows as degraded until it does");
  }
}

// A card that has changed since the agent was registered.
io::Task<void> Attendance::tell_card() {
  const std::uint64_t edition = agent_.edition();
  if (edition == edition_) co_return;
  auto card = co_await agent_.card();
  if (!card) co_return;
  std::string name = name_;
  if (name.empty()) {
    std::string own = co_await name_of_workspace();
    name = std::move(own);
  }
  json::Object body;
  body.add("id", self_.workspace().text());
  body.add("agent_card", named(*card, name));
  const client::Answer answer = co_await post("/registry/update-card", body);
  if (answer.status == 200) edition_ = edition;
}

io::Task<bool> Attendance::enrol() {
  const std::uint64_t edition = agent_.edition();
  auto card = co_await agent_.card();
  if (!card) {
    if (std::exchange(told_, "no agent") != "no agent")
      log::warn("no agent answers yet; it is registered once it does");
    co_return false;
  }
  std::string name = name_;
  if (name.empty()) {
    std::string own = co_await name_of_workspace();
    name = std::move(own);
  }
  json::Object body;
  body.add("id", self_.workspace().text());
  body.add("agent_card", named(*card, name));
  body.add("delivery_mode", "push");
  const client::Answer answer = co_await post("/registry/register", body);
  if (answer.status == 200) {
    told_.clear();
    edition_ = edition;
    log::info("registered");
    co_return true;
  }
  const std::string error = answer.error();
  if (answer.status == 401 || answer.status == 403 || answer.status == 410)
    throw Fault(answer.status == 410 ? Kind::gone : Kind::forbidden, "not_registered", error);
  if (std::exchange(told_, error) != error)
    log::warn("the platform did not register the agent; trying again",
              log::field("status", answer.status), log::field("error", error));
  co_return false;
}

io::Task<void> Attendance::beat(bool alive) {
  json::Object body;
  body.add("workspace_id", self_.workspace().text());
  body.add("active_tasks", static_cast<std::int64_t>(agent_.working()));
  const Health health = agent_.health();
  body.add("error_rate", alive ? health.error_rate : 1.0);
  if (!alive) {
    body.add("sample_error", "no agent answers behind the connection");
  } else if (!health.trouble.empty()) {
    body.add("sample_error", json::storable(health.trouble, sample_max));
  }
  if (health.at != at_) body.add("current_task", json::storable(health.at, task_max));
  const client::Answer answer = co_await post("/registry/heartbeat", body);
  if (answer.status != 200) co_return;
  at_ = health.at;
  agent_.health_told();
}

io::Task<void> Attendance::run() {
  std::uint64_t registered = 0;  // In which session.
  for (;;) {
    bool waits = false;
    std::optional<Fault> trouble;
    try {
      if (connection_.is_up() && registered != connection_.sessions()) {
        const std::uint64_t session = connection_.sessions();
        const bool done = co_await enrol();
        if (done) registered = session;
        waits = !done;
      }
      if (connection_.is_up() && !waits) {
        const bool alive = co_await agent_.is_there();
        tell_of(alive);
        co_await tell_card();
        co_await beat(alive);
      }
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled || fault.code() == "not_registered") throw;
      trouble = fault;
    }
    if (trouble) log::debug("the platform was not told", log::field("error", trouble->text()));
    co_await connection_.begun().wait(waits || trouble ? look_again : beat_every);
  }
}

}  // namespace molecule::join
