// Handing work to a peer: accepted durably together with the message that carries it, followed to
// its result, and told to the asker once.
#pragma once

#include "server/activity/feed.h"
#include "server/delegations/delegations_store.h"
#include "server/proxy/proxy_service.h"
#include "server/workspaces/directory.h"
#include "wire/api/delegations.h"

namespace molecule::delegations {

struct Wait {
  http::Wait wait;  // at most 30 s
};
BOOST_DESCRIBE_STRUCT(Wait, (), (wait))

// Records what became of delegated messages, in the transaction that makes it so.
class Outcomes final : public messages::Follower {
 public:
  Outcomes(events::Log& log, activity::Feed& feed, const io::Clock& clock)
      : log_(log), feed_(feed), clock_(clock) {}

  void waits(sql::Tx& tx, const messages::Message& message, std::string_view why) override;
  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  // False when the delegation has its result already.
  bool finish(sql::Tx& tx, const Delegation& delegation, Status status, const std::string& text);
  // Retention of the `max` delegations after `from`, in the order of their ids: deletes what ended
  // before, and what nobody brought to an end when no message of it can be open any more. Answers
  // where to go on; an empty id is the end.
  DelegationId prune(sql::Tx& tx, DelegationId from, Instant before, std::int64_t max);

 private:
  events::Log& log_;
  activity::Feed& feed_;
  const io::Clock& clock_;
};

class Service {
 public:
  Service(sql::Database& db, events::Log& log, activity::Feed& feed, Outcomes& outcomes,
          proxy::Service& proxy, const workspaces::Directory& directory, events::Hubs& hubs,
          const io::Clock& clock, io::Random& random)
      : db_(db),
        log_(log),
        feed_(feed),
        outcomes_(outcomes),
        proxy_(proxy),
        directory_(directory),
        hubs_(hubs),
        clock_(clock),
        random_(random) {}

  // One scope per loop, for the deliveries that follow an accepted delegation.
  void add_scope(io::Scope& scope) { scopes_.push_back(&scope); }

  io::Task<http::Reply<api::Delegated>> delegate(auth::Member::Caller caller, WorkspaceId id,
                                                 api::NewDelegation ask,
                                                 const http::Request& request);
  io::Task<std::vector<api::Delegation>> list(auth::Self::Caller caller, WorkspaceId id);
  io::Task<api::Delegation> get(auth::Self::Caller caller, WorkspaceId id, DelegationId delegation,
                                http::Query<Wait> wait);
  io::Task<http::Reply<api::Delegated>> record(auth::Self::Caller caller, WorkspaceId id,
                                               api::DelegationNote note);
  // Retention, slice by slice, until it went through all of it or `budget` has passed; the next
  // call goes on where this one stopped.
  io::Task<void> prune(std::chrono::hours retention, std::chrono::nanoseconds budget);

  io::Task<api::Delegated> update(auth::Self::Caller caller, WorkspaceId id,
                                  DelegationId delegation, api::DelegationUpdate update);

 private:
  void require_target(WorkspaceId source, WorkspaceId target) const;

  sql::Database& db_;
  events::Log& log_;
  activity::Feed& feed_;
  Outcomes& outcomes_;
  proxy::Service& proxy_;
  const workspaces::Directory& directory_;
  events::Hubs& hubs_;
  const io::Clock& clock_;
  io::Random& random_;
  std::vector<io::Scope*> scopes_;
  DelegationId pruned_;  // Retention went so far.
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::delegations
