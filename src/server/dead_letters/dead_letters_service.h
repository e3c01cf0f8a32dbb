// Dead letters: messages that ended without anybody's word, because they were given up or their
// time passed. People see them and decide, once for each and with a reason: it is sent again, as a
// new message of the same sender, or dropped. Who decided what, when and why is on the log.
#pragma once

#include <span>

#include "platform/http/route.h"
#include "platform/io/aside.h"
#include "server/activity/feed.h"
#include "server/dead_letters/dead_letters_store.h"
#include "server/proxy/proxy_service.h"

namespace molecule::dead_letters {

struct ListQuery {
  std::optional<std::string> workspace_id;
  std::optional<std::string> state;        // open | decided
  std::optional<std::int64_t> before_seq;  // letters below this number
  std::optional<std::int64_t> limit;       // default 50, at most 200
};
BOOST_DESCRIBE_STRUCT(ListQuery, (), (workspace_id, state, before_seq, limit))

// Keeps them, in the transactions that make them.
class Letters final : public messages::Follower {
 public:
  explicit Letters(const io::Clock& clock) : clock_(clock) {}

  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  void erased(sql::Tx& tx, std::int64_t message) override { tx.post(store::erase, message); }
  void pruned(sql::Tx& tx, std::int64_t from, std::int64_t until) override {
    tx.post(store::erase_orphans, from, until);
  }

 private:
  const io::Clock& clock_;
};

class Service {
 public:
  Service(sql::Database& db, const messages::Ledger& ledger, activity::Feed& feed,
          proxy::Service& proxy, io::Aside& aside, const io::Clock& clock, io::Random& random)
      : db_(db),
        ledger_(ledger),
        feed_(feed),
        proxy_(proxy),
        aside_(aside),
        clock_(clock),
        random_(random) {}

  // One scope per loop, for the deliveries of what is sent again.
  void add_scope(io::Scope& scope) { scopes_.push_back(&scope); }

  io::Task<api::DeadLetterPage> list(auth::Operator::Caller caller, http::Query<ListQuery> query);
  io::Task<api::DeadLetterDecided> resend(auth::Operator::Caller caller, ActivityId id,
                                          api::DeadLetterDecision decision);
  io::Task<api::DeadLetterDecided> drop(auth::Operator::Caller caller, ActivityId id,
                                        api::DeadLetterDecision decision);

 private:
  struct Decision {
    Fate fate;
    std::string by;
    std::string reason;
  };
  Row find(sql::Statements& statements, ActivityId id) const;
  void decide(sql::Tx& tx, const Row& letter, const Decision& decision,
              std::optional<std::int64_t> again);

  sql::Database& db_;
  const messages::Ledger& ledger_;
  activity::Feed& feed_;
  proxy::Service& proxy_;
  io::Aside& aside_;
  const io::Clock& clock_;
  io::Random& random_;
  std::vector<io::Scope*> scopes_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::dead_letters
