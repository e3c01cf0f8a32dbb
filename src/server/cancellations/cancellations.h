// What follows from a cancel. Whoever calls a message off wants nothing further of what was asked
// because of it: that is called off too, and what was asked because of that, down to the last.
//
// A message of which nothing is wanted is noted in the transaction that ends it, and what is below
// it is seen to afterwards, a slice at a time; so a process that is killed in between goes on where
// it stopped. What is noted stays noted as long as the message is kept, and nobody can add to it:
// every message is either there when its parent is walked, or is refused. A message has one parent,
// which is older, so each is seen once and nothing goes round.
//
// What waits ends before its agent was given it. What an agent has is over, too, and its answer is
// not recorded any more; whoever has it is told to stop by cancellations_service.h. What has its
// answer keeps it. An answer that is on its way back is no work, and arrives.
#pragma once

#include <functional>
#include <vector>

#include "platform/io/clock.h"
#include "server/cancellations/cancellations_store.h"
#include "server/messages/ledger.h"
#include "server/tasks/tasks.h"

namespace molecule::cancellations {

class Cancellations final : public messages::Follower {
 public:
  Cancellations(messages::Ledger& ledger, const tasks::Tasks& tasks, const io::Clock& clock)
      : ledger_(ledger), tasks_(tasks), clock_(clock) {}

  // Called on the store's thread after a commit that left something to do. Before the first
  // request.
  void on_due(std::function<void()> wake) { wake_ = std::move(wake); }

  // Ends a message as canceled whoever has it, for a reason of one sentence. False when it has
  // ended. `by`: the organisation key that wants it, if one does.
  bool stop(sql::Tx& tx, const messages::Record& record, std::string_view why,
            std::string_view by = {});

  // The same of one that has ended: nothing further is wanted of it, and its agent is told so where
  // it is still at it.
  void leave(sql::Tx& tx, const messages::Record& record);

  // The agent of a message that has just ended as canceled is told to stop, when it can be.
  void tell(sql::Tx& tx, std::int64_t message) { tx.post(store::tell, message, clock_.steady()); }

  // Sees to what is below the next few messages behind `from`; to be called until it says it is
  // over, which is an answer when it was asked from the beginning.
  struct Walked {
    std::int64_t at = 0;  // Where to go on; 0 is the beginning.
    bool over = false;    // Nothing was left behind `from`.
    std::int64_t stopped = 0;
    std::vector<WorkspaceId> freed;  // Whose mailboxes something has left.
  };
  static constexpr std::int64_t slice_max = 256;  // Messages below of one transaction.
  Walked walk(sql::Tx& tx, std::int64_t from, std::int64_t slice = slice_max);

  // Throws Fault conflict `task_canceled` for what is sent because of a message of which nothing is
  // wanted any more.
  void accepted(sql::Tx& tx, const messages::NewMessage& message, const messages::Place& place,
                messages::State state) override;
  void tasked(sql::Tx& tx, std::int64_t message, const messages::AgentTask& task) override;
  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  void erased(sql::Tx& tx, std::int64_t message) override { tx.post(store::erase, message); }
  void pruned(sql::Tx& tx, std::int64_t from, std::int64_t until) override {
    tx.post(store::erase_orphans, from, until);
  }

 private:
  void note(sql::Tx& tx, std::int64_t message);
  void see_to(sql::Tx& tx, std::int64_t message, Walked& walked);

  messages::Ledger& ledger_;
  const tasks::Tasks& tasks_;
  const io::Clock& clock_;
  std::function<void()> wake_;
};

}  // namespace molecule::cancellations
