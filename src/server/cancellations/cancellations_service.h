// Does what cancellations.h has noted: sees to what is below a canceled message, and tells the
// agents that have something of it to stop. On one loop.
#pragma once

#include <chrono>
#include <unordered_map>
#include <unordered_set>

#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/io/waits.h"
#include "platform/metrics/metrics.h"
#include "server/cancellations/cancellations.h"
#include "server/proxy/proxy_service.h"

namespace molecule::cancellations {

struct Settings {
  // When an agent could not be told; in the end it has no use for the word.
  io::Waits waits{std::chrono::seconds(1), std::chrono::seconds(60), std::chrono::hours(1)};
  std::size_t slots_max = 32;          // Agents' tasks that are told about at once.
  std::size_t slots_of_agent_max = 4;  // Of them of one agent.
};

struct Probe {
  explicit Probe(metrics::Registry& registry);
  metrics::Counter& stopped;
  metrics::Counter& told;
  metrics::Counter& given_up;
};

class Service {
 public:
  Service(sql::Database& db, Cancellations& cancellations, messages::Ledger& ledger,
          const tasks::Tasks& tasks, proxy::Service& proxy, const io::Clock& clock, io::Loop& loop,
          metrics::Registry& registry, Settings settings = {});

  // Until it is cancelled. What it begins runs in `scope`, on the same loop.
  io::Task<void> run(io::Scope& scope);

 private:
  io::Task<void> walk();
  io::Task<void> begin_telling(io::Scope& scope);
  io::Task<void> tell(store::ToTell due);
  // Empty: it was told, or there is nobody to tell.
  io::Task<std::string> attempt(const store::ToTell& due);

  sql::Database& db_;
  Cancellations& cancellations_;
  messages::Ledger& ledger_;
  const tasks::Tasks& tasks_;
  proxy::Service& proxy_;
  const io::Clock& clock_;
  const Settings settings_;
  Probe probe_;
  io::Signal woken_;
  std::unordered_set<std::int64_t> under_way_;
  std::unordered_map<WorkspaceId, std::size_t> agents_;  // How much of it is each agent's.
};

}  // namespace molecule::cancellations
