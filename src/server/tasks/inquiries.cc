#include "server/tasks/inquiries.h"

#include <algorithm>

#include "platform/log/log.h"

namespace molecule::tasks {
namespace {

constexpr std::chrono::seconds look_again{1};  // What nobody woke us for is found then.

}  // namespace

class Inquiries::Place {
 public:
  Place(Inquiries& all, WorkspaceId agent) : all_(all), agent_(agent) { ++all_.of_agent_[agent_]; }
  ~Place() {
    if (--all_.of_agent_[agent_] == 0) all_.of_agent_.erase(agent_);
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
    asked_.try_emplace(message,
                       Asked{clock_.monotonic() + settings_.ask_after, settings_.ask_after});
  });
}

io::Task<void> Inquiries::run(io::Scope& scope) {
  for (;;) {
    co_await woken_.wait(look_again);
    begin_due(scope);
  }
}

bool Inquiries::is_taken(WorkspaceId agent) const {
  const auto at = of_agent_.find(agent);
  return at != of_agent_.end() && at->second >= settings_.of_agent_max;
}

// Those first that have been due for longest, but for agents that have their questions already.
void Inquiries::begin_due(io::Scope& scope) {
  const auto now = clock_.monotonic();
  std::size_t under_way = 0;
  std::vector<std::pair<std::chrono::nanoseconds, std::int64_t>> due;
  for (const auto& [message, asked] : asked_) {
    if (asked.under_way) {
      ++under_way;
    } else if (asked.next <= now && !(asked.agent && is_taken(*asked.agent))) {
      due.emplace_back(asked.next, message);
    }
  }
  const std::size_t room = settings_.at_once_max - std::min(under_way, settings_.at_once_max);
  const std::size_t count = std::min(room, due.size());
  std::ranges::partial_sort(due, due.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    asked_.at(due[i].second).under_way = true;
    scope.spawn("asking of a task", ask(due[i].second));
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
  Asked& begun = asked_.at(message);
  int silent = begun.silent;
  try {
    if (!begun.agent) begun.agent = co_await tasks_.agent_of(message);
    if (begun.agent && is_taken(*begun.agent)) {
      begun.under_way = false;
      co_return;
    }
    std::optional<Place> place;
    if (begun.agent) place.emplace(*this, *begun.agent);
    Service::Heard heard = co_await tasks_.hear_again(message);
    if (heard.what == Service::Heard::What::nothing) {
      ++silent;
    } else if (heard.what != Service::Heard::What::away) {
      silent = 0;
    }
    const bool over = heard.what == Service::Heard::What::over;
    const auto agent = heard.agent ? directory_.brief(*heard.agent) : std::nullopt;
    const bool gone = !agent || agent->status == workspaces::Status::removed;
    if (over || gone || silent == settings_.silent_max) co_await give_up(message, heard);
    // Some have more patience.
    if (over || gone) {
      goes_on = false;
    } else {
      goes_on = co_await somebody_waits(message);
    }
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    log::warn("an agent could not be asked of its task", log::field("error", fault.text()));
  } catch (const std::exception& problem) {
    log::error("an agent could not be asked of its task", log::field("error", problem.what()));
  }
  woken_.notify();  // There is room for the next one.
  auto it = asked_.find(message);
  if (it == asked_.end()) co_return;
  if (!goes_on) {
    asked_.erase(it);
    co_return;
  }
  it->second.under_way = false;
  it->second.silent = silent;
  it->second.wait = std::min(it->second.wait * 2, settings_.ask_longest);
  it->second.next = clock_.monotonic() + it->second.wait;
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
