// Handing work to a peer: accepted durably together with the message that carries it, followed to
// its result, and told to the asker once.
#pragma once

#include <functional>
#include <vector>

#include "server/activity/feed.h"
#include "server/cancellations/cancellations.h"
#include "server/delegations/delegations_store.h"
#include "server/proxy/proxy_service.h"
#include "server/tasks/waiting.h"
#include "server/workspaces/directory.h"
#include "wire/api/delegations.h"

namespace molecule::delegations {

struct Wait {
  http::Wait wait;  // at most 30 s
};
BOOST_DESCRIBE_STRUCT(Wait, (), (wait))

// What is known of a group already: it is waited for until more of it has ended.
struct GroupWait {
  http::Wait wait;                    // at most 30 s
  std::optional<std::int64_t> ended;  // default: all but the last
};
BOOST_DESCRIBE_STRUCT(GroupWait, (), (wait, ended))

// Records what became of delegated messages, in the transaction that makes it so.
class Outcomes final : public messages::Follower, public tasks::Waiting {
 public:
  Outcomes(events::Log& log, activity::Feed& feed, const io::Clock& clock)
      : log_(log), feed_(feed), clock_(clock) {}

  // A message that died is sent again, with its delegation.
  void accepted(sql::Tx& tx, const messages::NewMessage& message, const messages::Place& place,
                messages::State state) override;
  void waits(sql::Tx& tx, const messages::Message& message, std::string_view why) override;
  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  // What an agent says of a task that it was at when it answered.
  bool waits_for(sql::Statements& statements, std::int64_t message) override;
  void heard(sql::Tx& tx, std::int64_t message, const a2a::Answer& answer) override;
  void given_up(sql::Tx& tx, std::int64_t message, bool canceled, const std::string& why) override;
  // The same as a message of its own: it may answer so what it was at.
  std::optional<proxy::Service::Wanted> answered_late(sql::Tx& tx, const messages::Message& message,
                                                      const a2a::Answer& answer);
  // False when the delegation has its result already. `by`: the organisation key that says so, if
  // one does.
  bool finish(sql::Tx& tx, const Delegation& delegation, Status status, const std::string& text,
              std::string_view answer = {}, std::optional<WorkspaceId> author = std::nullopt,
              std::string_view by = {});
  // Retention of the `max` delegations after `from`, in the order of their ids: deletes what ended
  // before, and what nobody brought to an end when no message of it can be open any more. Answers
  // where to go on; an empty id is the end.
  DelegationId prune(sql::Tx& tx, DelegationId from, Instant before, std::int64_t max);

 private:
  void stands(sql::Tx& tx, Delegation delegation, Status status);

  events::Log& log_;
  activity::Feed& feed_;
  const io::Clock& clock_;
};

class Service {
 public:
  struct Parts {
    sql::Database& db;
    events::Log& log;
    activity::Feed& feed;
    messages::Ledger& ledger;
    Outcomes& outcomes;
    cancellations::Cancellations& cancellations;
    proxy::Service& proxy;
    const workspaces::Directory& directory;
    events::Hubs& hubs;
    const io::Clock& clock;
    io::Random& random;
  };
  explicit Service(const Parts& parts) : parts_(parts) {}

  // One scope per loop, for the deliveries that follow an accepted delegation.
  void add_scope(io::Scope& scope) { scopes_.push_back(&scope); }

  io::Task<http::Reply<api::Delegated>> delegate(auth::Member::Caller caller, WorkspaceId id,
                                                 api::NewDelegation ask,
                                                 const http::Request& request);
  // The same to several at once: all of them are accepted or none is.
  io::Task<http::Reply<api::DelegatedGroup>> delegate_all(auth::Self::Caller caller, WorkspaceId id,
                                                          api::NewDelegations ask,
                                                          const http::Request& request);
  io::Task<api::DelegationGroup> group(auth::Self::Caller caller, WorkspaceId id, GroupId group,
                                       http::Query<GroupWait> wait);
  io::Task<std::vector<api::Delegation>> list(auth::Self::Caller caller, WorkspaceId id);
  io::Task<api::Delegation> get(auth::Self::Caller caller, WorkspaceId id, DelegationId delegation,
                                http::Query<Wait> wait);
  io::Task<http::Reply<api::Delegated>> record(auth::Holder::Caller caller, WorkspaceId id,
                                               api::DelegationNote note);
  // Its asker wants nothing of it any more. It is over then, whoever has it.
  io::Task<api::Delegated> cancel(auth::Self::Caller caller, WorkspaceId id,
                                  DelegationId delegation);
  // Retention, slice by slice, until it went through all of it or `budget` has passed; the next
  // call goes on where this one stopped.
  io::Task<void> prune(std::chrono::hours retention, std::chrono::nanoseconds budget);

  io::Task<api::Delegated> update(auth::Holder::Caller caller, WorkspaceId id,
                                  DelegationId delegation, api::DelegationUpdate update);

 private:
  // Work on its way in.
  struct Handing {
    Delegation delegation;
    proxy::Admission admission;
    proxy::Service::Accepted accepted;
    json::Omit<std::string> by;
  };
  void require_target(WorkspaceId source, WorkspaceId target) const;
  io::Task<Handing> admit(WorkspaceId source, WorkspaceId target, std::string task,
                          const http::Request& request);
  void accept(sql::Tx& tx, Handing& handing, const std::optional<std::string>& key);
  io::Task<void> dispatch(Handing handing);
  // What this key stands for already, when that is the same group.
  std::vector<Delegation> earlier_group(sql::Tx& tx, const std::string& key,
                                        const std::vector<Handing>& now) const;

  const Parts parts_;
  std::vector<io::Scope*> scopes_;
  DelegationId pruned_;  // Retention went so far.
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::delegations
