// The authenticated way from a caller to an agent: admit, accept durably, carry, settle. A message
// that cannot go out now stays in its agent's mailbox and goes out when the agent is reachable.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "platform/http/route.h"
#include "platform/io/aside.h"
#include "platform/io/scope.h"
#include "platform/metrics/metrics.h"
#include "server/events/hub.h"
#include "server/proxy/admit.h"
#include "server/proxy/carriers.h"
#include "server/proxy/settle.h"
#include "server/streams/streams.h"
#include "server/workspaces/workspaces.h"
#include "wire/api/messages.h"

namespace molecule::proxy {

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
http::Response receipt(int status, api::Receipt body, const a2a::Incoming& message,
                       std::string_view state, ActivityId task);

// Throws Fault conflict `message_id_reused` unless both say the same.
void require_same(const Admission& admission, const messages::Record& earlier);

class Service {
 public:
  Service(sql::Database& db, messages::Ledger& ledger, messages::Mailboxes& mailboxes,
          const workspaces::Directory& directory, std::span<Link* const> links,
          streams::Streams& streams, io::Aside& aside, const io::Clock& clock, io::Random& random,
          metrics::Registry& registry, const Settings& settings);

  // One lane per loop; before the first request.
  void add_lane(Lane lane) { lanes_.push_back(lane); }
  // Takes over what the last process was carrying and reads back what waits. At start; sweep() does
  // it again when the outcome of a commit is not known.
  io::Task<void> recover();
  // False while what a lost commit has kept is not read back: nothing is accepted then. Any thread.
  bool knows() const { return db_.unknown_commits() == unknown_commits_; }

  // A message to a workspace's endpoint, which server/tasks has read the way to. A message that
  // asks for a stream is answered with server-sent events, numbered from 1; the same message with
  // Last-Event-ID goes on behind that number.
  // `bare`: without JSON-RPC around them, as HTTP+JSON has them. `also` runs where the message is
  // accepted, unless it was before.
  io::Task<http::Response> send(auth::Member::Caller caller, WorkspaceId id,
                                const http::Request& request, bool bare = false, Also also = {});
  // The pieces of a message's answer as server-sent events, for who asks for them by its task.
  struct Following {
    std::int64_t message = 0;
    std::string message_id;
    a2a::Generation generation = a2a::Generation::v03;
    std::string rpc_id;
    std::int64_t after = 0;  // The number of the last piece that is known already.
    bool ahead = false;      // It was more than there is.
    std::string opening;     // The data of a first event without a number; may be empty.
    bool opened = false;     // A task has been told that no agent told.
    bool bare = false;
    std::optional<std::int64_t> history_length;  // Of a task, as its reader wants it.
    // The task that the opening told: how it stands is told as well, until its agent says that
    // itself. Without a state nothing of it is.
    std::string task_id;
    std::string context_id;
    std::string state;
    // Whoever follows tells the answer of an agent that had no pieces.
    bool end_untold = false;
    // In place of an opening: told as soon as the message is back in its mailbox. Who sends it
    // again hears nothing of its way, and looks.
    bool untold = false;
    struct PutBack;
    std::shared_ptr<PutBack> put_back;
  };
  http::Response follow(Following following);
  // GET /workspaces/{id}/a2a/queue/{queue_id}
  io::Task<api::QueueItem> queued(auth::Member::Caller caller, WorkspaceId id, ActivityId queue_id);

  // For slices that send on a workspace's behalf: `also` runs in the accepting transaction; the
  // message is then carried in the background.
  // `parent` is what the sender's request says it belongs to, if anything.
  io::Task<Admission> admit(std::optional<WorkspaceId> source, WorkspaceId to, std::string body,
                            std::optional<std::string> parent);
  // Inside a transaction: writes the message. Afterwards call dispatch() with what came back.
  struct Accepted {
    messages::Message message;
    messages::Place place;
    messages::Lease lease;                    // Of what goes out at once.
    std::optional<messages::Record> earlier;  // The message was accepted before: this is it.
  };
  Accepted accept(sql::Tx& tx, const Admission& admission, std::optional<DelegationId> delegation);
  // Carries an accepted message in the background, where its link is push.
  io::Task<void> dispatch(Admission admission, Accepted accepted);

  // Asks the agent of a message about it, bounded in time. Nothing when there is no way to ask it.
  io::Task<std::optional<Carried>> ask(const messages::Message& message, a2a::TaskRequest what,
                                       std::string task, std::string context);
  // Asked in the transaction that brings an answer to a delegated message that has ended: whether
  // it is recorded with this, or was; nothing when nobody waits for it. Before the first request.
  enum class Wanted { recorded, known };
  using Late =
      std::function<std::optional<Wanted>(sql::Tx&, const messages::Message&, const a2a::Answer&)>;
  void on_late_answer(Late late) { late_ = std::move(late); }
  // Writes what comes of a task whose agent said in its answer that it is at it, to who read that
  // answer as a stream. `told`: the answer was told just now. Before the first request.
  using GoingOn =
      std::function<io::Task<void>(http::BodyWriter& out, Following reading, bool told)>;
  void on_stream_end(GoingOn going_on) { going_on_ = std::move(going_on); }
  // Something of a workspace's mailbox has gone: the next of it may go out. Any thread.
  void go_on(WorkspaceId agent) { try_mailbox(agent); }
  // What an agent said of its task when it was asked, as the result of JSON-RPC; `said` becomes the
  // answer to the message that the task was made of. Empty, and nothing changes, where it told of
  // none.
  io::Task<std::string> task_told(const messages::Message& message, a2a::Answer& said);
  // Notes how that task stands, and puts the answer in place of the one that the agent is at it.
  void amend(sql::Tx& tx, const messages::Message& message, const messages::AgentTask& now,
             const a2a::Answer& answer);
  // How an agent gets its messages.
  bool is_polled(WorkspaceId agent) const;
  // Empty where there is none.
  std::string name_of(WorkspaceId agent) const;

  // An agent was heard and has room: sends what waits for it. Any thread; cheap when nothing waits.
  void agent_ready(WorkspaceId agent);
  // An agent has registered: that it asked to be left alone was its last process's word. Any
  // thread.
  void agent_anew(WorkspaceId agent);
  // Once a second on the first lane: renews the leases of what is being carried and takes back
  // those that nobody renews, ends what is too old or has lost its target, and tries the mailboxes.
  io::Task<void> sweep();
  // The platform stops: nothing waits any longer for a store that is away. Any thread.
  void go_down() { going_down_.store(true, std::memory_order_relaxed); }

 private:
  // send(), whose refusals are told in the words of whoever sent.
  io::Task<http::Response> take(auth::Member::Caller caller, WorkspaceId id,
                                const http::Request& request, bool bare, Also also);
  // As the admitter does, without keeping the loop from others for a long body.
  io::Task<Admission> admit_long(std::optional<WorkspaceId> source, std::optional<KeyId> credential,
                                 WorkspaceId to, std::string_view body);
  const Lane& lane_of(io::Loop& loop) const;
  io::Task<Accepted> accept_once(const Admission& admission);
  io::Task<std::optional<Carried>> deliver(const Lane& lane, const Parcel& parcel,
                                           messages::Lease lease, std::function<void()> away = {});
  io::Task<std::optional<Carried>> bring(const Lane& lane, const Parcel& parcel,
                                         messages::Lease lease, std::function<void()> away);
  class Keeping;
  // Answers as server-sent events: to a message just accepted, which is then carried in the
  // background, and to one that was accepted before.
  static Following reading_of(const Admission& admission, std::int64_t seq);
  io::Task<http::Response> stream_new(Admission& admission, Accepted& accepted);
  http::Response stream_again(const Admission& admission, const messages::Record& earlier,
                              std::int64_t after);
  io::Task<void> write_stream(http::BodyWriter& out, Following reading);
  io::Task<std::string> closing(const Following& reading, bool gone);
  // What is new of a task whose agent has said nothing; may be empty.
  io::Task<std::string> still_standing(Following& reading);
  // As the settler does; a result that the store cannot take now is recorded when it can, in the
  // background, while the caller gets the Fault.
  io::Task<Settled> settle(const Lane& lane, const messages::Message& message,
                           messages::Lease lease, const Carried& carried);
  io::Task<void> settle_later(messages::Message message, messages::Lease lease, Carried carried);
  io::Task<void> place(Admission& admission, std::optional<std::string> parent);
  // What a delivery came to, and what of it was recorded: `carried` is there unless it is stale.
  struct Came {
    std::optional<Carried> carried;
    Settled settled = Settled::stale;
  };
  // `away`: as Sink::away().
  io::Task<Came> carry_now(const Lane& lane, const Admission& admission, const Accepted& accepted,
                           std::function<void()> away = {});
  io::Task<http::Response> answer_of(const Lane& lane, const Admission& admission,
                                     const Accepted& accepted, std::function<void()> away);
  io::Task<http::Response> carry_for_sender(const Lane& lane, Admission admission,
                                            Accepted accepted, bool person);
  // The answer to a reply; nothing when the message is none and goes on like any other.
  io::Task<std::optional<http::Response>> record_reply(Admission& admission, ActivityId reply_to,
                                                       bool certain);
  void try_mailbox(WorkspaceId agent);
  io::Task<void> drain(const Lane& lane, WorkspaceId agent);
  io::Task<void> carry_waiting(const Lane& lane, Target target, messages::Record record,
                               messages::Lease lease);
  io::Task<void> keep_leases();
  io::Task<void> end_overdue();
  // What is told of an answer to who wants no more than a part of the history.
  io::Task<http::Response> shortened(const a2a::Incoming& message, http::Response response);
  http::Response answer(const Admission& admission, const Accepted& accepted,
                        const Carried& carried, Settled settled);
  io::Task<http::Response> answer_recorded(const Admission& admission,
                                           const messages::Place& place);
  http::Response answer_repeated(const Admission& admission, const messages::Record& earlier);
  http::Response answer_queued(const WorkspaceId& target, const a2a::Incoming& message,
                               const messages::Place& place, std::string_view why);
  http::Response answer_polled(const Admission& admission, const messages::Place& place);
  http::Response answer_under_way(const a2a::Incoming& message, const messages::Place& place);

  sql::Database& db_;
  messages::Ledger& ledger_;
  messages::Mailboxes& mailboxes_;
  const workspaces::Directory& directory_;
  streams::Streams& streams_;
  io::Aside& aside_;
  const io::Clock& clock_;
  const Settings& settings_;
  Carriers carriers_;
  Quiet quiet_;
  Admitter admitter_;
  Settler settler_;
  Probe probe_;
  std::vector<Lane> lanes_;
  Late late_;         // May be empty.
  GoingOn going_on_;  // May be empty.
  std::atomic<bool> going_down_{false};
  std::atomic<std::uint64_t> unknown_commits_{0};  // That recovery has seen.
  io::Guarded<std::unordered_set<WorkspaceId>> draining_;
  io::Guarded<std::unordered_map<WorkspaceId, int>> asking_;  // Questions under way.
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::proxy
