// Makes what runs on this machine what is wanted: starts agents, starts them again, ends them and
// removes what they leave. On one loop; what blocks is done aside.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "platform/io/aside.h"
#include "platform/io/clock.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "server/auth/tokens.h"
#include "server/provision/agents_store.h"
#include "server/provision/driver.h"
#include "server/workspaces/table.h"
#include "wire/api/agents.h"

namespace molecule::provision {

// How an agent is started again that ends.
struct Patience {
  std::chrono::seconds first{1};  // Doubles with every crash in a row.
  std::chrono::seconds longest{60};
  std::int64_t crashes_told = 5;      // From so many on it counts as failed.
  std::chrono::seconds settled{60};   // Who runs so long begins to count anew.
  std::chrono::seconds to_join{120};  // Until it has to have registered.
  std::chrono::seconds to_end{20};    // From being asked to being killed with its keeper.
};

// What an agent is started with, but for its token.
Order order_of(const workspaces::Row& workspace, const store::Row& row);

struct Probe {
  explicit Probe(metrics::Registry& registry);
  metrics::Gauge& running;
  metrics::Counter& started;
  metrics::Counter& crashed;
};

class Supervisor {
 public:
  struct Parts {
    sql::Database& db;
    workspaces::Table& table;
    auth::Tokens& tokens;
    const io::Clock& clock;
  };
  Supervisor(const Parts& parts, io::Loop& loop, metrics::Registry& registry,
             Patience patience = {});

  // What is said of an agent: of its last lines, without the credentials that are known.
  using Words = std::function<io::Task<std::string>(WorkspaceId, std::string)>;

  // Why an agent of a runtime cannot be started now; nothing: it can.
  using WhyNot = std::function<std::optional<std::string>(std::string_view runtime)>;

  // Until it is cancelled; what it begins runs in `scope`, on the same loop. Agents that run
  // already are taken over, and what belongs to nobody is ended. The driver outlives it.
  io::Task<void> run(io::Scope& scope, Driver& driver, std::string machine, Words words,
                     WhyNot why_not);

  // Something is wanted otherwise. Any thread.
  void look(WorkspaceId id);

  // What is known of one; on any loop. Nothing of one that is not of this machine.
  struct Known {
    api::ProcessState state = api::ProcessState::starting;
    std::int64_t pid = 0;
    std::optional<Instant> started_at;
    std::int64_t crashes = 0;
    std::string reason;
    std::optional<Instant> next_at;
  };
  std::optional<Known> known(WorkspaceId id) const;
  // Runs what blocks in the driver's thread. Before run() there is no driver.
  template <class Fn>
  auto aside(Fn work) {
    return hands_.run(std::move(work));
  }

 private:
  struct Agent {
    std::unique_ptr<Running> running;
    bool busy = false;
    bool looked = true;  // Its row has not been read since it was told to look.
    Wish wanted = Wish::running;
    bool settled = false;  // Nothing is done until somebody wants it otherwise.
    bool joined = false;   // Registered since it was started, or too late for it.
    std::int64_t crashes = 0;
    std::int64_t removals = 0;            // In a row that left something, and came no further.
    bool left = false;                    // Something of it is still to be removed.
    std::chrono::nanoseconds next{0};     // Not started or removed before.
    std::chrono::nanoseconds started{0};  // Of what runs.
    std::string reason;
  };
  io::Task<void> load();
  bool is_due(WorkspaceId id, const Agent& agent) const;
  bool is_awaited(WorkspaceId id) const;
  io::Task<void> act(WorkspaceId id);
  io::Task<void> attend(WorkspaceId id, Agent& agent);
  void put_off_removal(WorkspaceId id, Agent& agent, std::chrono::nanoseconds took);
  io::Task<void> start(WorkspaceId id, Agent& agent, const store::Row& row);
  io::Task<void> end(WorkspaceId id, Agent& agent);
  io::Task<void> conclude(WorkspaceId id, Agent& agent);
  io::Task<void> broke(WorkspaceId id, Agent& agent, std::string reason, bool again);
  io::Task<void> watch_joining(WorkspaceId id, Agent& agent);
  io::Task<std::string> last_words(WorkspaceId id);
  void tell(WorkspaceId id, const Agent& agent, api::ProcessState state);

  Parts parts_;
  io::Loop& loop_;
  const Patience patience_;
  Probe probe_;
  Driver* driver_ = nullptr;
  std::string machine_;
  Words words_;
  WhyNot why_not_;
  io::Signal woken_;
  std::unordered_map<WorkspaceId, std::unique_ptr<Agent>> agents_;
  io::Guarded<std::unordered_map<WorkspaceId, Known>> known_;
  io::Aside hands_;
  io::Aside removers_;  // Removing much takes long; nobody else waits for it.
};

}  // namespace molecule::provision
