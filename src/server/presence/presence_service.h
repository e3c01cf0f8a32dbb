// The registry: agents register, beat and are found; and the background work that writes behind
// what they say and tells their silence. A beat touches memory only.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "platform/http/route.h"
#include "platform/io/signal.h"
#include "platform/metrics/metrics.h"
#include "server/auth/access.h"
#include "server/auth/tokens.h"
#include "server/events/log.h"
#include "server/presence/direct_calls.h"
#include "server/presence/registration.h"
#include "server/presence/roster.h"
#include "server/workspaces/workspaces_service.h"
#include "wire/api/registry.h"
#include "wire/api/status.h"

namespace molecule::presence {

// What waits for an agent with room for another task; told after each beat and registration that
// leaves room, on the caller's thread: it must return at once.
class Capacity {
 public:
  virtual ~Capacity() = default;
  virtual void agent_ready(WorkspaceId id) = 0;
  // It has registered, anew or elsewhere: nothing of what its last process said holds.
  virtual void agent_anew(WorkspaceId id) = 0;
};

// Whether an agent is reached over a connection of its own. In memory, any thread.
class Relayed {
 public:
  virtual ~Relayed() = default;
  virtual bool is_relayed(WorkspaceId id) const = 0;
  // Whether it is known by a key, which whoever is connected has proven to have.
  virtual bool is_pinned(WorkspaceId id) const = 0;
};

struct Settings {
  bool register_creates = false;  // The dev profile: an unknown id becomes a workspace.
};

struct Sought {
  std::optional<std::string> q;
  std::optional<std::int64_t> limit;  // default: all
  std::optional<std::string> after;   // the id of the last of the page before
};
BOOST_DESCRIBE_STRUCT(Sought, (), (q, limit, after))

struct Probe {
  metrics::Counter& heartbeats;
  metrics::Counter& registrations;
  metrics::Counter& silenced;
  metrics::Gauge& waiting;
  explicit Probe(metrics::Registry& registry)
      : heartbeats(registry.counter("molecule_heartbeats_total", "Heartbeats accepted.")),
        registrations(registry.counter("molecule_registrations_total", "Registrations accepted.")),
        silenced(registry.counter("molecule_agents_silenced_total",
                                  "Agents that went offline by silence.")),
        waiting(registry.gauge("molecule_presence_waiting",
                               "Workspaces whose last heartbeat is not stored yet.")) {}
};

class Service final : public workspaces::Departure {
 public:
  static constexpr std::size_t batch_max = 512;    // Changes in one transaction.
  static constexpr std::size_t behind_max = 4096;  // Beats written behind in one second; more wait.
  static constexpr std::chrono::seconds gap_max{5};  // Between two turns of the sweep.
  static constexpr std::chrono::milliseconds gather{
      20};  // Urgent changes of so long share a commit.

  Service(sql::Database& db, events::Log& log, workspaces::Service& workspaces,
          workspaces::UrlCheck& urls, auth::Tokens& tokens, workspaces::InboundSecrets& inbound,
          Roster& roster, Capacity& capacity, const Relayed& relayed,
          const DirectCalls& direct_calls, Settings settings, metrics::Registry& registry)
      : db_(db),
        log_(log),
        workspaces_(workspaces),
        table_(workspaces.table()),
        urls_(urls),
        tokens_(tokens),
        inbound_(inbound),
        roster_(roster),
        capacity_(capacity),
        relayed_(relayed),
        direct_calls_(direct_calls),
        settings_(settings),
        probe_(registry) {}

  // Fills the roster from the store. At start, after workspaces::Service::load.
  io::Task<void> load();
  // Sweeps and writes behind until cancelled; spawn it once, on one loop.
  io::Task<void> run();
  // Writes everything that waits. Before a graceful end, after run() has ended.
  io::Task<void> flush_all();

  // The parts of run(), for tests that step by hand.
  io::Task<bool> tell_urgent();   // False: the store was away, what waits still waits.
  io::Task<bool> write_behind();  // As above.
  io::Task<void> sweep();
  io::Task<bool> every_second();  // Both of them, and what a late turn means.

  void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override;

  // Routes.
  io::Task<http::Reply<api::Registered>> enrol(auth::Enrol::Caller caller, api::Registration body);
  io::Task<http::Response> heartbeat(auth::Member::Caller caller, api::Heartbeat&& body);
  io::Task<api::Done> update_card(auth::Member::Caller caller, api::CardUpdate body);
  io::Task<api::Discovered> discover(auth::Peer::Caller caller, WorkspaceId id,
                                     const http::Request& request);
  io::Task<std::vector<api::PeerView>> peers(auth::Self::Caller caller, WorkspaceId id,
                                             http::Query<Sought> sought);
  io::Task<api::AccessAnswer> check_access(auth::Member::Caller caller,
                                           api::AccessQuestion question);

 private:
  // Once it is known for whom.
  io::Task<http::Reply<api::Registered>> let_in(auth::Enrol::Caller caller, Registration wanted);
  // Whoever waits for the agent learns that somebody was refused, and why.
  void tell_refused(WorkspaceId id, const Fault& fault);
  enum class Right { operator_, owner, claim };
  Right right_to_register(const auth::Caller& caller, const workspaces::Row& row) const;
  // The dev profile: whoever names an unknown id makes a workspace of it.
  bool may_create(const auth::Caller& caller) const;
  workspaces::Row create(sql::Tx& tx, const Registration& wanted);
  void require_way(WorkspaceId id, bool elsewhere) const;
  workspaces::Row row_to_register(sql::Tx& tx, const Registration& wanted,
                                  const auth::Caller& caller);
  void wake();
  void offer(WorkspaceId id, std::int64_t active_tasks, int max_tasks) {
    if (active_tasks < max_tasks) capacity_.agent_ready(id);
  }
  void notice_gap();
  // One snapshot's changes of status and task, inside the transaction.
  void tell(sql::Tx& tx, const Roster::Snapshot& said);
  void keep(sql::Tx& tx, const Roster::Snapshot& said);
  io::Task<bool> write_snapshots(std::vector<Roster::Slot> slots, bool urgent);

  sql::Database& db_;
  events::Log& log_;
  workspaces::Service& workspaces_;
  workspaces::Table& table_;
  workspaces::UrlCheck& urls_;
  auth::Tokens& tokens_;
  workspaces::InboundSecrets& inbound_;
  Roster& roster_;
  Capacity& capacity_;
  const Relayed& relayed_;
  const DirectCalls& direct_calls_;
  Settings settings_;
  Probe probe_;
  std::optional<std::chrono::nanoseconds> turned_at_;  // The last turn of the sweep.
  std::atomic<io::Loop*> loop_{nullptr};
  std::atomic<bool> woken_{false};
  io::Signal work_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::presence
