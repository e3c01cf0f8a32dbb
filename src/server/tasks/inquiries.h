// Asks agents how tasks stand that go on behind their messages' end, as long as somebody waits for
// that: soon at first, and less often the longer a task stands still. An agent that is away is
// asked until it is back; one that has nothing to say of its task, or was removed, is given up. On
// one loop.
#pragma once

#include <chrono>
#include <unordered_map>
#include <vector>

#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "server/tasks/tasks_service.h"

namespace molecule::tasks {

class Inquiries {
 public:
  struct Settings {
    std::size_t at_once_max = 8;        // Questions under way.
    std::size_t of_agent_max = 2;       // Of them to one agent, which may never answer.
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
  // Until it is cancelled. What it begins runs in `scope`, on the same loop.
  io::Task<void> run(io::Scope& scope);

 private:
  struct Asked {
    std::chrono::nanoseconds next;
    std::chrono::seconds wait;
    bool under_way = false;
    int silent = 0;
    std::optional<WorkspaceId> agent{};  // Once it was looked for.
  };
  // A place among the questions to one agent, as long as it lives.
  class Place;
  void begin_due(io::Scope& scope);
  io::Task<void> ask(std::int64_t message);
  bool is_taken(WorkspaceId agent) const;
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
  std::unordered_map<WorkspaceId, std::size_t> of_agent_;  // Questions under way.
};

}  // namespace molecule::tasks
