// Asks agents how tasks stand that go on behind their messages' end: soon at first, and less often
// the longer a task stands still. What they say becomes the messages' outcome. An agent that is
// away is asked until it is back; one that has nothing to say of its task, or was removed, is given
// up, but for who has more patience. On one loop.
#pragma once

#include <chrono>
#include <deque>
#include <set>
#include <unordered_map>
#include <vector>

#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "server/tasks/tasks_service.h"

namespace molecule::tasks {

class Inquiries {
 public:
  struct Settings {
    std::size_t at_once_max = 32;       // Questions under way.
    std::size_t of_agent_max = 2;       // Of them to one agent, which may never answer.
    std::size_t tasks_max = 100'000;    // Asked about again and again; others when somebody looks.
    std::chrono::seconds ask_after{2};  // Doubles while a task stands still.
    std::chrono::seconds ask_longest{60};
    int silent_max = 5;  // An agent that says nothing of its task so often in a row is given up.
  };
  Inquiries(sql::Database& db, Service& tasks, const workspaces::Directory& directory,
            io::Loop& loop, const io::Clock& clock, Settings settings);
  Inquiries(sql::Database& db, Service& tasks, const workspaces::Directory& directory,
            io::Loop& loop, const io::Clock& clock)
      : Inquiries(db, tasks, directory, loop, clock, Settings()) {}

  // Before the first request. What it waits for is told by ask_about().
  void join(Waiting& waiting) { waiting_.push_back(&waiting); }
  // Any thread.
  void ask_about(std::int64_t message);
  // What goes on from before the restart, and behind a commit whose outcome was not known.
  io::Task<void> load();
  // Until it is cancelled. What it begins runs in `scope`, on the same loop.
  io::Task<void> run(io::Scope& scope);

 private:
  struct Asked {
    std::chrono::seconds wait;
    int silent = 0;
    std::optional<WorkspaceId> agent{};  // Once it was looked for.
  };
  // A place among the questions to one agent, as long as it lives.
  class Place;
  // Those about one agent: under way, and due behind them.
  struct OfAgent {
    std::size_t under_way = 0;
    std::deque<std::int64_t> behind;
  };
  void begin_due(io::Scope& scope);
  io::Task<void> ask(std::int64_t message);
  // Whether it is asked about again. `silent`: how often in a row its agent had nothing to say.
  io::Task<bool> look(std::int64_t message, int& silent);
  // Whether it is due as soon as its agent has answered another question, and not now.
  bool stands_behind(std::int64_t message, const std::optional<WorkspaceId>& agent);
  io::Task<void> give_up(std::int64_t message, const Service::Heard& heard);
  io::Task<bool> somebody_waits(std::int64_t message);

  sql::Database& db_;
  Service& tasks_;
  const workspaces::Directory& directory_;
  io::Loop& loop_;
  const io::Clock& clock_;
  const Settings settings_;
  std::vector<Waiting*> waiting_;
  io::Signal woken_;
  std::unordered_map<std::int64_t, Asked> asked_;
  // Those of them that are not under way and stand behind nobody, by when they are due.
  std::set<std::pair<std::chrono::nanoseconds, std::int64_t>> due_;
  std::unordered_map<WorkspaceId, OfAgent> of_agent_;
  std::size_t under_way_ = 0;
  std::uint64_t unknown_commits_ = 0;  // Of which it has looked what they left.
  bool full_ = false;                  // Some are not asked about.
};

}  // namespace molecule::tasks
