#include "testing/simulation/world.h"

#include <algorithm>

#include <fmt/format.h>

#include "platform/json/answer.h"

namespace molecule::simulation {

using namespace std::chrono_literals;

namespace {

constexpr auto beat_every = 30s;
constexpr int restless_max = 40;  // Rounds of half an hour until everything must have ended.

// How far time may go in one step of a wait that has lasted so long: a second at first, as the
// platform's own turns, and coarser when little happens.
std::chrono::nanoseconds hop_after(std::chrono::nanoseconds waited) {
  if (waited < 4s) return 1s;
  if (waited < 60s) return 5s;
  return std::min<std::chrono::nanoseconds>(waited / 4, 1h);
}

struct Place {
  std::int64_t seq = 0;
  Instant created_at;
};
BOOST_DESCRIBE_STRUCT(Place, (), (seq, created_at))

}  // namespace

World::World(Sharing sharing) : store(sharing) {
  begin();
  run();
}

World::~World() {
  while (!processes_.empty()) end_first();
  dialled_.clear();
}

Process& World::begin() {
  processes_.push_back(std::make_unique<Process>(Process::Around{
      loop, aside, clock, random, store, agents, oracle, ledger_settings, proxy_settings,
      // A client follows the newest process.
      [this, mine = ++begun_](const events::Frame& frame) {
        if (mine == begun_) oracle.followed(frame);
      },
      [this](std::string_view name, std::exception_ptr failure) {
        try {
          std::rethrow_exception(failure);
        } catch (const Fault& fault) {
          if (fault.kind() == Kind::unavailable || fault.kind() == Kind::cancelled) return;
          problems_.push_back(fmt::format("{} failed: {}", name, fault.text()));
        } catch (const std::exception& defect) {
          problems_.push_back(fmt::format("{} failed: {}", name, defect.what()));
        }
      },
      [this] { return oracle.followed_to(); }}));
  oracle.two_serve(processes_.size() > 1);
  return platform();
}

bool World::serving() const {
  return !processes_.empty() && processes_.back()->stage() == Process::Stage::ready;
}

void World::end_first() {
  processes_.front()->kill();
  processes_.pop_front();
}

bool World::crash_and_begin() {
  while (!processes_.empty()) end_first();
  begin();
  run();
  return serving();
}

std::string World::path(const Agent& agent, std::string_view rest) const {
  return fmt::format("/workspaces/{}{}", agent.id.text(), rest);
}

Agent& World::make(std::string name) {
  Agent& agent = agents.add(std::move(name));
  auto made = ask({}, http::Method::post, "/workspaces",
                  fmt::format(R"({{"name":"{}","runtime":"external"}})", agent.name));
  run();
  json::Document document = json::parse_answer(made->body);
  agent.id = WorkspaceId::parse(document.root().find("id").string()).value();
  return agent;
}

Agent& World::take_on(std::string name) {
  Agent& agent = make(std::move(name));
  agent.dials = true;
  dialled_[agent.id] = std::make_unique<Dialled>(
      Dialled::Around{loop, timers, clock, random, chance, agents, oracle,
                      [this](std::string what) { complain(std::move(what)); },
                      [this](std::unique_ptr<net::Stream> stream) {
                        if (!processes_.empty()) platform().accept(std::move(stream));
                      }},
      agent);
  pass(1s);
  return agent;
}

Network& World::network_of(const Agent& agent) { return dialled_.at(agent.id)->network; }

Agent& World::hire(std::string name, bool polls) {
  Agent& agent = make(std::move(name));
  enrol(agent, polls);
  run();
  beat(agent);
  run();
  return agent;
}

std::shared_ptr<Answer> World::ask(As as, http::Method method, std::string path, std::string body) {
  auto answer = std::make_shared<Answer>();
  if (serving())
    platform().ask(as, method, std::move(path), std::move(body),
                   [answer](const Answer& told) { *answer = told; });
  return answer;
}

// Who dials in does so by itself.
void World::enrol(Agent& agent, bool polls) {
  if (agent.dials) return;
  agent.polls = polls;
  const std::string way =
      polls ? R"("delivery_mode":"poll")" : R"("delivery_mode":"push","url":"http://agent.test/")";
  ask({auth::Who::workspace, agent.id}, http::Method::post, "/registry/register",
      fmt::format(R"({{"id":"{}","agent_card":{{"name":"{}"}},{}}})", agent.id.text(), agent.name,
                  way));
}

void World::beat(Agent& agent) {
  agent.beat_at = clock.monotonic();
  ask({auth::Who::workspace, agent.id}, http::Method::post, "/registry/heartbeat",
      fmt::format(R"({{"workspace_id":"{}"}})", agent.id.text()));
}

void World::beat_all() {
  for (Agent& agent : agents.all()) {
    if (agent.dials || !agent.beats || clock.monotonic() - agent.beat_at < beat_every) continue;
    beat(agent);
    if (agent.polls) fetch(agent);
  }
}

Sent& World::say(const Agent& to, std::string id, std::string text) {
  Sent sent;
  sent.target = to.id;
  sent.id = std::move(id);
  sent.text = std::move(text);
  return send(std::move(sent));
}

Sent& World::send(const Agent& from, const Agent& to, std::string id, std::string text) {
  Sent sent;
  sent.source = from.id;
  sent.target = to.id;
  sent.id = std::move(id);
  sent.text = std::move(text);
  return send(std::move(sent));
}

Sent& World::send(Sent sent) {
  Sent& kept = oracle.remember(std::move(sent));
  again(kept);
  return kept;
}

void World::again(Sent& sent) {
  if (serving()) again(sent, platform());
}

void World::again(Sent& sent, Process& process) {
  json::Object part, message, metadata, params;
  part.add("kind", "text").add("text", sent.text);
  message.add("role", sent.reply_to.empty() ? "user" : "agent").add("messageId", sent.id);
  message.add("parts", RawJson("[" + part.text() + "]"));
  if (!sent.reply_to.empty())
    message.add("metadata", metadata.add("reply_to", sent.reply_to).raw());
  params.add("message", message.raw());
  if (sent.expires_in) params.add("expires_in_seconds", *sent.expires_in);
  json::Object request;
  request.add("jsonrpc", "2.0").add("id", "1").add("method", "message/send");
  const As as = sent.source ? As{auth::Who::workspace, *sent.source} : As{};
  process.ask(as, http::Method::post, fmt::format("/workspaces/{}/a2a", sent.target.text()),
              request.add("params", params.raw()).text(),
              [this, &sent](const Answer& told) { oracle.told(sent, told); });
}

std::shared_ptr<Answer> World::cancel(Sent& sent) {
  static constexpr sql::Query<Place(std::string, WorkspaceId, std::optional<WorkspaceId>)> one{
      "simulation.place", R"(
      SELECT seq, created_at FROM messages WHERE message_id = $1 AND target_id = $2
         AND COALESCE(source_id, target_id) = COALESCE($3, target_id) LIMIT 1)"};
  auto answer = std::make_shared<Answer>();
  if (!serving() || !store.there()) return answer;
  auto place = store.look(
      [&](sql::Read& read) { return read.optional(one, sent.id, sent.target, sent.source); });
  if (!place) return answer;
  sent.called_off = true;
  const std::string id = messages::make_id(place->created_at, place->seq).text();
  const As as = sent.source ? As{auth::Who::workspace, *sent.source} : As{};
  platform().ask(
      as, http::Method::post, fmt::format("/a2a/{}", sent.target.text()),
      fmt::format(R"({{"jsonrpc":"2.0","id":7,"method":"tasks/cancel","params":{{"id":"{}"}}}})",
                  id),
      [answer, &sent](const Answer& told) {
        *answer = told;
        if (told.body.find(R"("state":"canceled")") != std::string::npos) sent.canceled = true;
      });
  return answer;
}

// What it fetched before and could not answer it fetches again, and answers with the same words.
void World::fetch(Agent& agent) {
  if (!serving()) return;
  platform().ask({auth::Who::workspace, agent.id}, http::Method::get,
                 path(agent, "/activity?type=a2a_receive&limit=200"), "",
                 [this, &agent](const Answer& told) {
                   if (told.status == 200) answer(agent, told.body);
                 });
}

void World::answer(Agent& agent, const std::string& feed) {
  json::Document document = json::Document::parse(feed);
  json::Node rows = document.root();
  // Oldest first, as an agent works.
  for (std::size_t left = rows.size(); left > 0; --left) {
    json::Node row = rows.at(left - 1);
    json::Node mail = row.find("mail");
    if (!mail || mail.string() != "polled") continue;
    const std::string activity(row.find("id").string());
    std::string& words = agent.says[activity];
    if (words.empty()) words = agents.answer(agent);
    json::Node source = row.find("source_id");
    if (!source || !source.is(json::Type::string)) {
      ask({auth::Who::workspace, agent.id}, http::Method::post, path(agent, "/notify"),
          fmt::format(R"({{"message":"{}","reply_to":"{}"}})", words, activity));
      continue;
    }
    auto asker = WorkspaceId::parse(source.string()).value();
    const std::string id = "re-" + activity;
    auto known =
        std::ranges::find_if(oracle.sent(), [&](const Sent& each) { return each.id == id; });
    if (known != oracle.sent().end()) {
      if (!known->acknowledged()) again(*known);
    } else if (!row.find("request_body").text().contains("\"reply_to\"")) {
      Sent reply;
      reply.source = agent.id;
      reply.target = asker;
      reply.id = id;
      reply.text = words;
      reply.reply_to = activity;
      send(std::move(reply));
    }
  }
}

bool World::run_ready() {
  loop.poll();
  return std::ranges::any_of(processes_, [](const auto& each) { return each->door().asked(); });
}

void World::commit() {
  // Each has a connection of its own, so no commit is of two.
  for (auto& process : processes_) {
    process->door().hand_over();
    store.engine().turn();
  }
}

void World::run() {
  while (run_ready()) commit();
}

void World::pass(std::chrono::nanoseconds by) {
  const auto began = clock.monotonic(), until = began + by;
  run();
  while (clock.monotonic() < until) {
    const auto now = clock.monotonic();
    const auto tick = std::max(now, ticked_at_ + hop_after(now - began));
    auto next = std::min(until, tick);
    if (auto alarm = timers.next()) next = std::max(now, std::min(next, *alarm));
    clock.advance(next - now);
    timers.ring();
    if (next >= tick) {
      ticked_at_ = next;
      beat_all();
      run();
      store.engine().turn();  // Looks for a store that was lost.
      for (auto& process : processes_) process->tick();
    }
    run();
  }
}

void World::compare() {
  if (serving() && platform().knows() && !oracle.two_serve() && store.there())
    oracle.compare(platform());
}

void World::rest() {
  store.trouble().goes_through();
  store.trouble().give_back();
  for (Agent& agent : agents.all()) {
    agent.manner = Manner::answers;
    agent.takes = 0ns;
    agent.beats = true;
    if (agent.dials) network_of(agent).weather = {};
  }
  pass(1s);
  if ((!serving() || oracle.two_serve()) && !crash_and_begin())
    complain("the platform does not begin");
  for (Agent& agent : agents.all()) {
    ask({}, http::Method::post, path(agent, "/resume"));
    enrol(agent, agent.polls);
  }
  const auto open = [this] {
    return std::ranges::any_of(agents.all(), [this](const Agent& agent) {
      const auto& boxes = platform().mailboxes();
      return boxes.under_way(agent.id) > 0 || (!agent.polls && boxes.waiting(agent.id) > 0);
    });
  };
  pass(2min);
  for (int round = 0; round < restless_max && (open() || platform().asked() > 0); ++round)
    pass(30min);
  if (platform().asked() > 0)
    complain(fmt::format("{} requests were never answered", platform().asked()));
  oracle.judge(platform());
}

std::vector<std::string> World::problems() const {
  std::vector<std::string> all = oracle.complaints();
  all.insert(all.end(), problems_.begin(), problems_.end());
  return all;
}

}  // namespace molecule::simulation
