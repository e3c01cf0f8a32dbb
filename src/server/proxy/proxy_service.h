// The authenticated way from a caller to an agent: admit, accept durably, carry, settle. A message
// that cannot go out now stays in its agent's mailbox and goes out when the agent is reachable.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "platform/http/route.h"
#include "platform/io/scope.h"
#include "platform/metrics/metrics.h"
#include "server/events/hub.h"
#include "server/proxy/settle.h"
#include "server/workspaces/workspaces.h"

namespace molecule::proxy {

// What a loop needs to carry messages.
struct Lane {
  io::Loop* loop = nullptr;
  http::Client* client = nullptr;
  io::Scope* scope = nullptr;  // Owns deliveries that outlive their request.
};

struct Probe {
  explicit Probe(metrics::Registry& registry);
  metrics::Counter& accepted;
  metrics::Counter& repeated;
  metrics::Counter& answered;
  metrics::Counter& queued;
  metrics::Counter& polled;
  metrics::Counter& dead;
};

// Says that a message was taken. Clients of A2A find a task in it; `body` has what others read.
http::Response receipt(int status, json::Object body, const a2a::Incoming& message,
                       std::string_view state, ActivityId task);

class Service {
 public:
  Service(sql::Database& db, events::Log& log, activity::Ledger& ledger,
          const workspaces::Directory& directory, const workspaces::InboundSecrets& inbound,
          OnSettled& on_settled, const io::Clock& clock, io::Random& random,
          metrics::Registry& registry, const Settings& settings);

  // One lane per loop; before the first request.
  void add_lane(Lane lane) { lanes_.push_back(lane); }
  // Puts back what the last process was carrying and counts the mailboxes. Once, at start.
  io::Task<void> recover();

  // POST /workspaces/{id}/a2a
  io::Task<http::Response> send(auth::Member::Caller caller, WorkspaceId id,
                                const http::Request& request);
  // GET /workspaces/{id}/a2a/queue/{queue_id}
  io::Task<RawJson> queued(auth::Member::Caller caller, WorkspaceId id, ActivityId queue_id);

  // For slices that send on a workspace's behalf: `also` runs in the accepting transaction; the
  // message is then carried in the background.
  using Also = std::function<void(sql::Tx&, const activity::Place&)>;
  Admission admit(std::optional<WorkspaceId> source, WorkspaceId to, std::string_view body) const {
    return admitter_.admit_from(source, to, body);
  }
  void require_reachable(WorkspaceId source, WorkspaceId to) const {
    admitter_.require_reachable(source, to);
  }
  // Inside a transaction: writes the message. Afterwards call dispatch() with what came back.
  struct Accepted {
    activity::store::Message message;  // As leased, when it goes out at once.
    activity::Place place;
    bool repeated = false;
  };
  Accepted accept(sql::Tx& tx, const Admission& admission, std::optional<DelegationId> delegation);
  // Carries an accepted message in the background, where its link is push.
  io::Task<void> dispatch(Admission admission, Accepted accepted);

  // An agent has become reachable or has room: sends what waits for it. Any thread; cheap when
  // nothing waits.
  void agent_ready(WorkspaceId agent);
  // Tries every mailbox whose agent may be reachable; called once a second on the first lane.
  void sweep();
  std::int64_t waiting_for(WorkspaceId agent) const;
  // The platform stops: nothing waits any longer for a store that is away. Any thread.
  void go_down() { going_down_.store(true, std::memory_order_relaxed); }

 private:
  const Lane& lane_of(io::Loop& loop) const;
  io::Task<Accepted> accept_once(const Admission& admission);
  io::Task<Carried> deliver(const Lane& lane, Parcel& parcel);
  // As the settler does; a result that the store cannot take now is recorded when it can, in the
  // background, while the caller gets the Fault.
  io::Task<Settled> settle(const Lane& lane, const activity::store::Message& message,
                           const Carried& carried);
  io::Task<void> settle_later(activity::store::Message message, Carried carried);
  io::Task<http::Response> carry_for_agent(const Lane& lane, Admission& admission,
                                           Accepted& accepted);
  io::Task<http::Response> carry_for_person(const Lane& lane, Admission admission,
                                            Accepted accepted);
  // The answer to a reply; nothing when the message is none and goes on like any other.
  io::Task<std::optional<http::Response>> record_reply(Admission& admission, ActivityId reply_to,
                                                       bool certain);
  io::Task<void> drain(const Lane& lane, WorkspaceId agent);
  http::Response answer(const Admission& admission, const Accepted& accepted,
                        const Carried& carried, Settled settled);
  http::Response answer_repeated(const Admission& admission,
                                 const activity::store::Message& earlier);
  http::Response answer_queued(const Admission& admission, const activity::Place& place,
                               std::string_view why);
  http::Response answer_polled(const Admission& admission, const activity::Place& place);
  http::Response answer_under_way(const a2a::Incoming& message, const activity::Place& place);
  void count_waiting(WorkspaceId agent, std::int64_t by);

  sql::Database& db_;
  events::Log& log_;
  activity::Ledger& ledger_;
  const workspaces::Directory& directory_;
  const workspaces::InboundSecrets& inbound_;
  const io::Clock& clock_;
  const Settings& settings_;
  InFlight in_flight_;
  Admitter admitter_;
  Settler settler_;
  Probe probe_;
  std::vector<Lane> lanes_;
  std::atomic<bool> going_down_{false};
  struct Box {
    std::int64_t waiting = 0;
    bool draining = false;
  };
  io::Guarded<std::unordered_map<WorkspaceId, Box>> boxes_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::proxy
