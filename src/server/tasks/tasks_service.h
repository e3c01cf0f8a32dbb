// What callers ask about tasks: get, list, cancel, subscribe, in both generations; and the way in
// of each workspace's A2A endpoint, since only a request itself says whether it brings a message.
//
// Every message is a task. It has the id that its receipt told, and where its agent made a task of
// it also the agent's own. Whose task it is may not be known to anybody else: what a caller may not
// see is not there.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "platform/http/route.h"
#include "server/cards/cards_service.h"
#include "server/proxy/proxy_service.h"
#include "server/proxy/standing.h"
#include "server/tasks/push_configs.h"
#include "server/tasks/tasks.h"
#include "server/tasks/turns.h"
#include "server/tasks/waiting.h"
#include "wire/a2a/task.h"
#include "wire/api/tasks.h"

namespace molecule::tasks {

struct TreeQuery {
  std::optional<std::string> after;   // behind this task
  std::optional<std::int64_t> limit;  // default 200, at most 500
};
BOOST_DESCRIBE_STRUCT(TreeQuery, (), (after, limit))

struct QuestionQuery {
  std::optional<std::int64_t> before_seq;  // questions below this number
  std::optional<std::int64_t> limit;       // default 50, at most 200
};
BOOST_DESCRIBE_STRUCT(QuestionQuery, (), (before_seq, limit))

class Service {
 public:
  Service(sql::Database& db, messages::Ledger& ledger, const Tasks& tasks,
          const streams::Streams& streams, proxy::Service& proxy, const cards::Service& cards,
          io::Aside& aside, const io::Clock& clock)
      : db_(db),
        ledger_(ledger),
        tasks_(tasks),
        streams_(streams),
        proxy_(proxy),
        cards_(cards),
        aside_(aside),
        clock_(clock) {}

  // Before the first request; nobody is told of anything without it.
  void offer(PushConfigs& push) { push_ = &push; }

  // The task of a message as it is told now, for who tells it; by this id, or else by its agent's
  // or its own. Nothing when the message is gone.
  struct Told {
    std::string id;
    std::string context_id;
    std::string state;
    std::string activity_id;
    std::string text;
  };
  io::Task<std::optional<Told>> told_of(std::int64_t message, std::optional<std::string> id,
                                        a2a::Generation generation);
  // Asks its agent how a task stands that goes on, which the ledger notes.
  struct Heard {
    enum class What {
      goes_on,
      over,     // Or nothing is known of the message any more.
      nothing,  // The agent does not say how it stands.
      lost,     // The agent says that it knows nothing of it.
      away,     // It could not be asked.
    };
    What what = What::over;
    std::optional<WorkspaceId> agent;  // None: nothing is known of the message any more.
    std::string state;                 // Of the task, as it is known now.
    std::string note;                  // Why that is not newer.
  };
  // Whom a message was sent to; nothing when it is no more.
  io::Task<std::optional<WorkspaceId>> agent_of(std::int64_t message);
  io::Task<Heard> hear_again(std::int64_t message);
  // Messages whose agents answered that they are at it, and said nothing else since; the newest.
  io::Task<std::vector<std::int64_t>> going_on(std::size_t max);
  // Ends such a message whose agent is gone for good, or has lost its task.
  io::Task<void> lose(std::int64_t message, messages::End end, std::string why);
  // Is told what agents say of tasks that go on. Before the first request.
  void join(Waiting& waiting) { waiting_.push_back(&waiting); }
  // Is told, in the transaction that ends it, of a canceled message that its agent may have, where
  // the agent was not told to stop. Before the first request.
  using Untold = std::function<void(sql::Tx&, std::int64_t message)>;
  void on_untold(Untold untold) { untold_ = std::move(untold); }

  // Tells who read the answer to a message as a stream what comes of its task, until that ends.
  // `told`: that answer was told just now.
  io::Task<void> go_on_with(http::BodyWriter& out, proxy::Service::Following reading, bool told);

  // POST /workspaces/{id}/a2a and /a2a/{id}: a request about tasks, or a message.
  io::Task<http::Response> call(auth::Member::Caller caller, WorkspaceId id,
                                const http::Request& request);

  // The same as HTTP+JSON of 1.0 has it, below /a2a/{id}: message:send, message:stream, tasks,
  // tasks/{task}, tasks/{task}:cancel, tasks/{task}:subscribe, tasks/{task}/pushNotificationConfigs
  // with {config} below it, and extendedAgentCard.
  io::Task<http::Response> rest_send(auth::Member::Caller caller, WorkspaceId id,
                                     const http::Request& request);
  io::Task<http::Response> rest_stream(auth::Member::Caller caller, WorkspaceId id,
                                       const http::Request& request);
  io::Task<http::Response> rest_list(auth::Member::Caller caller, WorkspaceId id,
                                     const http::Request& request);
  io::Task<http::Response> rest_get(auth::Member::Caller caller, WorkspaceId id, std::string task,
                                    const http::Request& request);
  io::Task<http::Response> rest_cancel(auth::Member::Caller caller, WorkspaceId id,
                                       std::string task, const http::Request& request);
  io::Task<http::Response> rest_subscribe(auth::Member::Caller caller, WorkspaceId id,
                                          std::string task, const http::Request& request);
  io::Task<http::Response> rest_push_set(auth::Member::Caller caller, WorkspaceId id,
                                         std::string task, const http::Request& request);
  io::Task<http::Response> rest_push_list(auth::Member::Caller caller, WorkspaceId id,
                                          std::string task, const http::Request& request);
  io::Task<http::Response> rest_push_get(auth::Member::Caller caller, WorkspaceId id,
                                         std::string task, std::string config,
                                         const http::Request& request);
  io::Task<http::Response> rest_push_erase(auth::Member::Caller caller, WorkspaceId id,
                                           std::string task, std::string config,
                                           const http::Request& request);
  io::Task<http::Response> rest_card(auth::Member::Caller caller, WorkspaceId id,
                                     const http::Request& request);

  // GET /workspaces/{id}/tasks/{task}/tree. Whoever may see a task sees how large what it led to is
  // and how that stands; between whom it goes and what it says only those it is from or to.
  io::Task<api::TaskTree> tree(auth::Member::Caller caller, WorkspaceId id, std::string task,
                               http::Query<TreeQuery> query);

  // GET /questions: what agents of all workspaces ask people.
  io::Task<api::QuestionPage> questions(auth::Operator::Caller caller,
                                        http::Query<QuestionQuery> query);

 private:
  // Who asks whose endpoint.
  struct Asker {
    std::optional<WorkspaceId> workspace;  // Empty: an operator.
    WorkspaceId at;
    bool unbounded = false;  // An operator whom no key's scope bounds.
    std::string by = {};     // As auth::Caller::by.
    bool sees_all() const { return !workspace || *workspace == at; }
  };
  // A message and the task that it is.
  struct Found {
    std::string id;  // As it was asked for.
    messages::Record record;
    std::optional<Row> row;
    std::string heard;  // The agent's newest word on its task, as the result of JSON-RPC.
    std::string note;   // Why that is not newer.
    std::vector<streams::Piece> pieces;  // Of its answer so far, until they are put together.
    std::int64_t newest = 0;  // The number of its newest piece, where its answer comes in pieces.
    std::optional<proxy::Known> known() const {
      if (!row) return std::nullopt;
      return proxy::Known{row->state, row->changed_at};
    }
    bool goes_on() const { return proxy::goes_on(record, known()); }
    bool is_read_on() const { return proxy::is_read_on(record, known()); }
    // What is recorded of it is older than what was heard of it.
    bool outdated() const;
  };

  static Asker asker_of(const auth::Caller& caller, WorkspaceId at);
  // A message at an endpoint of A2A as it is to be sent, where that is another text; throws as
  // a2a::require_message.
  io::Task<std::optional<std::string>> checked(std::string_view body);
  io::Task<http::Response> message(auth::Member::Caller caller, WorkspaceId id,
                                   const http::Request& request);
  // The id under which a request is refused that is read no further.
  io::Task<std::string> rpc_id_of(const http::Request& request);
  io::Task<std::string> answer(const Asker& asker, const a2a::TaskCall& call,
                               const http::Request& request);
  // What a message has to do with push notifications, and the request without that: where to tell,
  // and with which credentials, is not the agent's affair. Throws Fault invalid_params.
  struct Outgoing {
    proxy::Also also;
    std::string body;  // Empty: as it came.
  };
  io::Task<Outgoing> outgoing_of(std::optional<WorkspaceId> asker, WorkspaceId id,
                                 std::string_view body);
  io::Task<http::Response> send(auth::Member::Caller caller, WorkspaceId id,
                                const http::Request& request, bool bare, const Outgoing& outgoing);
  io::Task<std::string> push(const Asker& asker, const a2a::TaskCall& call);
  io::Task<std::string> get(const Asker& asker, const a2a::TaskCall& call);
  io::Task<std::string> card(const Asker& asker, const a2a::TaskCall& call,
                             const http::Request& request);
  io::Task<std::string> list(const Asker& asker, const a2a::TaskCall& call);
  io::Task<std::string> cancel(const Asker& asker, const a2a::TaskCall& call);
  // As server-sent events: the task as it stands, then what comes of it. `last`: the number of the
  // last event that was seen before; `bare`: without JSON-RPC around them.
  io::Task<http::Response> subscribe(const Asker& asker, const a2a::TaskCall& call,
                                     std::int64_t last, bool bare);
  // What the agent said of the task when it was asked just now, to be compared with what it said
  // before; nothing when it was not asked or said nothing.
  io::Task<std::optional<std::size_t>> words_heard(const Found& found);
  // Asks the agent again and again, until its task has ended or wants input, or the reader is gone.
  // `shown`: the state that was told last; empty: nothing was told.
  io::Task<void> keep_asking(http::BodyWriter& out, Found found, a2a::TaskCall call, bool bare,
                             std::string shown);
  // Tells what follows of a message until its end, and then what its task came to behind that.
  using Events = std::move_only_function<io::Task<void>(http::BodyWriter&)>;
  io::Task<void> go_on_after(http::BodyWriter& out, Events first, Asker asker, a2a::TaskCall call,
                             bool bare, std::string shown);
  // A task as events; whole where they are the first that are told of it.
  io::Task<std::string> news_of(const Found& found, const a2a::TaskCall& call, bool bare,
                                bool first);
  io::Task<http::Response> rest(auth::Member::Caller caller, WorkspaceId id,
                                const http::Request& request, a2a::TaskCall call);
  io::Task<http::Response> rest_message(auth::Member::Caller caller, WorkspaceId id,
                                        const http::Request& request, std::string_view method);

  // Throws Fault task_not_found, also for what the asker may not see.
  io::Task<Found> find(const Asker& asker, const std::string& id);
  enum class Bodies { with, without };
  std::optional<Found> look_up(sql::Statements& statements, const Asker& asker,
                               const std::string& id, Bodies bodies = Bodies::with) const;
  api::TaskNode node_of(const Asker& asker, const store::TreeRow& row) const;
  // The same with what its sender and its agent said, which `found` does not hold.
  io::Task<Found> with_bodies(const Found& found);
  // Reads what has come of an answer in pieces, as far as that is not too much; to be put together
  // when no reader of the store waits for it.
  void read_pieces(sql::Statements& statements, Found& found) const;
  // Throws Fault task_not_found for another one's task, unsupported_operation for one that has
  // ended, and invalid_params for one of another conversation.
  void require_open(sql::Statements& statements, const Asker& asker, const std::string& task,
                    const std::string& context) const;
  io::Task<void> put_together(Found& found);
  // What an agent said of its task in an answer that may be long.
  io::Task<std::string> task_in(const RawJson& answer);
  // Asks the agent how its task stands. `over` is said of none.
  io::Task<Heard::What> hear(Found& found);
  // Records what it said: `task` is the same as the result of JSON-RPC.
  io::Task<void> note_heard(const Found& found, const a2a::Answer& answer, std::string_view task);
  io::Task<std::string> told(Found found, a2a::TaskForm form);
  std::string tell(const Found& found, const a2a::TaskForm& form) const;
  a2a::TaskFacts facts_of(const Found& found) const;
  std::optional<Found> look_up(sql::Statements& statements, std::int64_t message) const;

  // The steps of cancel(): what waits ends here and now; what an agent has it is asked to stop.
  // Both come back with nothing when things have moved on meanwhile.
  io::Task<std::optional<Found>> call_off(const Asker& asker, Found found);
  io::Task<std::optional<Found>> ask_to_stop(const Asker& asker, Found found);
  // Of an agent that cannot be asked, and has told of no task: ends here and now. `away`: it can be
  // asked later.
  io::Task<std::optional<Found>> let_go(const Asker& asker, Found found, bool away);

  sql::Database& db_;
  Turns list_turns_;
  messages::Ledger& ledger_;
  const Tasks& tasks_;
  const streams::Streams& streams_;
  proxy::Service& proxy_;
  const cards::Service& cards_;
  PushConfigs* push_ = nullptr;
  std::vector<Waiting*> waiting_;
  Untold untold_;  // May be empty.
  io::Aside& aside_;
  const io::Clock& clock_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::tasks
