#include "server/tasks/inquiries.h"

#include <algorithm>

#include "platform/log/log.h"

namespace molecule::tasks {
namespace {

constexpr std::chrono::seconds look_again{1};  // What nobody woke us for is found then.

}  // namespace

class Inquiries::Place {
 public:
  Place(Inquiries& all, WorkspaceId agent) : all_(all), agent_(agent) {
    ++all_.of_agent_[agent_].under_way;
  }
  ~Place() {
    auto at = all_.of_agent_.find(agent_);
    OfAgent& of = at->second;
    --of.under_way;
    if (!of.behind.empty()) {
      all_.due_.emplace(all_.clock_.monotonic(), of.behind.front());
      of.behind.pop_front();
    }
    if (of.under_way == 0 && of.behind.empty()) all_.of_agent_.erase(at);
  }
  Place(const Place&) = delete;

 private:
  Inquiries& all_;
  WorkspaceId agent_;
};

Inquiries::Inquiries(sql::Database& db, Service& tasks, const workspaces::Directory& directory,
                     io::Loop& loop, const io::Clock& clock, Settings settings)
    : db_(db),
      tasks_(tasks),
      directory_(directory),
      loop_(loop),
      clock_(clock),
      settings_(settings) {}

void Inquiries::ask_about(std::int64_t message) {
  loop_.post([this, message] {
    if (asked_.size() >= settings_.tasks_max) {
      if (!full_) log::warn("agents are at work on more tasks than they are asked about");
      full_ = true;
      return;
    }
    if (!asked_.try_emplace(message, Asked{settings_.ask_after}).second) return;
    due_.emplace(clock_.monotonic() + settings_.ask_after, message);
  });
}

io::Task<void> Inquiries::load() {
  const std::uint64_t unknown = db_.unknown_commits();
  const auto going_on = co_await tasks_.going_on(settings_.tasks_max);
  unknown_commits_ = unknown;
  full_ = false;
  for (std::int64_t message : going_on) ask_about(message);
}

io::Task<void> Inquiries::run(io::Scope& scope) {
  for (;;) {
    co_await woken_.wait(look_again);
    begin_due(scope);
    // What was passed over is looked for again once there is room.
    const bool room = full_ && asked_.size() < settings_.tasks_max / 2;
    if ((!room && db_.unknown_commits() == unknown_commits_) || !db_.healthy()) continue;
    try {
      co_await load();
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      log::warn("what agents are at cannot be looked for; trying again",
                log::field("error", fault.text()));
    }
  }
}

bool Inquiries::stands_behind(std::int64_t message, const std::optional<WorkspaceId>& agent) {
  if (!agent) return false;
  const auto at = of_agent_.find(*agent);
  if (at == of_agent_.end() || at->second.under_way < settings_.of_agent_max) return false;
  at->second.behind.push_back(message);
  return true;
}

// Those first that have been due for longest.
void Inquiries::begin_due(io::Scope& scope) {
  const auto now = clock_.monotonic();
  while (under_way_ < settings_.at_once_max && !due_.empty() && due_.begin()->first <= now) {
    const std::int64_t message = due_.begin()->second;
    due_.erase(due_.begin());
    if (stands_behind(message, asked_.at(message).agent)) continue;
    ++under_way_;
    scope.spawn("asking of a task", ask(message));
  }
}

io::Task<bool> Inquiries::somebody_waits(std::int64_t message) {
  auto look = [this, message](sql::Read& read) {
    return std::ranges::any_of(waiting_,
                               [&](Waiting* each) { return each->waits_for(read, message); });
  };
  co_return co_await db_.read(std::move(look));
}

// What the agent says is noted in the ledger, and who waits follows that.
io::Task<void> Inquiries::ask(std::int64_t message) {
  bool goes_on = true;
  bool behind = false;
  int silent = asked_.at(message).silent;
  try {
    std::optional<WorkspaceId> agent = asked_.at(message).agent;
    if (!agent) agent = co_await tasks_.agent_of(message);
    asked_.at(message).agent = agent;
    behind = stands_behind(message, agent);
    if (!behind) {
      std::optional<Place> place;
      if (agent) place.emplace(*this, *agent);
      goes_on = co_await look(message, silent);
    }
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    log::warn("an agent could not be asked of its task", log::field("error", fault.text()));
  } catch (const std::exception& problem) {
    log::error("an agent could not be asked of its task", log::field("error", problem.what()));
  }
  --under_way_;
  woken_.notify();  // There is room for the next one.
  if (behind) co_return;
  if (!goes_on) {
    asked_.erase(message);
    co_return;
  }
  Asked& asked = asked_.at(message);
  asked.silent = silent;
  asked.wait = std::min(asked.wait * 2, settings_.ask_longest);
  due_.emplace(clock_.monotonic() + asked.wait, message);
}

io::Task<bool> Inquiries::look(std::int64_t message, int& silent) {
  Service::Heard heard = co_await tasks_.hear_again(message);
  const bool lost = heard.what == Service::Heard::What::lost;
  if (lost || heard.what == Service::Heard::What::nothing) {
    ++silent;
  } else if (heard.what != Service::Heard::What::away) {
    silent = 0;
  }
  const bool over = heard.what == Service::Heard::What::over;
  const auto agent = heard.agent ? directory_.brief(*heard.agent) : std::nullopt;
  const bool gone = !agent || agent->status == workspaces::Status::removed;
  if (over || gone || silent == settings_.silent_max) co_await give_up(message, heard);
  if (gone && !over)
    co_await tasks_.lose(message, messages::End::removed,
                         "the workspace was removed while its agent was at it");
  if (over || gone) co_return false;
  if (lost && silent == settings_.silent_max) {
    co_await tasks_.lose(message, messages::End::failed,
                         "its agent was at it, and knows nothing of its task any more");
    co_return false;
  }
  if (at_it(heard.state) && silent < settings_.silent_max) co_return true;
  // Some have more patience.
  co_return co_await somebody_waits(message);
}

io::Task<void> Inquiries::give_up(std::int64_t message, const Service::Heard& heard) {
  const std::string why =
      heard.state.empty() ? "nothing is known of its task any more"
      : heard.what == Service::Heard::What::over
          ? fmt::format("its agent's task ended as {}, and what came of it was not told",
                        heard.state)
          : fmt::format("its agent's task was {}, and how it goes on is not told{}", heard.state,
                        heard.note.empty() ? std::string() : ": " + heard.note);
  const bool canceled = heard.state == "canceled";
  co_await db_.write([&, this](sql::Tx& tx) {
    for (Waiting* each : waiting_) each->given_up(tx, message, canceled, why);
  });
}

}  // namespace molecule::tasks
