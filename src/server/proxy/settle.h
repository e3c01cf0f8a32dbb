// The third moment: what a delivery came to is recorded, in one transaction. A spent lease records
// nothing. Who waits for it is told by the ledger's followers.
#pragma once

#include "server/messages/ledger.h"
#include "server/proxy/link.h"

namespace molecule::proxy {

enum class Settled {
  recorded,  // This result is the message's result.
  stale,     // Another delivery took over; nothing changed.
  retry,     // Back in the mailbox for another attempt.
  expired,   // Its time had passed.
  dead,      // Given up.
};

messages::AgentTask task_of(const a2a::TaskSeen& seen);

class Settler {
 public:
  Settler(sql::Database& db, messages::Ledger& ledger, const io::Clock& clock)
      : db_(db), ledger_(ledger), clock_(clock) {}

  // Durable when it returns.
  io::Task<Settled> settle(messages::Message message, messages::Lease lease, Carried carried);
  // An answer that arrives as a reply, inside the caller's transaction. False when the message has
  // its end already, or is being carried and `under_way` does not say that this ends it.
  bool record_answer(sql::Tx& tx, const messages::Message& message, const a2a::Answer& answer,
                     bool under_way);
  // What the agent says of its task when it is asked, in place of its answer that it is at it,
  // inside the caller's transaction.
  void amend(sql::Tx& tx, const messages::Message& message, const a2a::Answer& answer);

 private:
  messages::Outcome outcome_of(const messages::Message& message, const a2a::Answer& answer) const;
  Settled try_again(sql::Tx& tx, const messages::Message& message, messages::Lease lease,
                    const Carried& carried);

  sql::Database& db_;
  messages::Ledger& ledger_;
  const io::Clock& clock_;
};

}  // namespace molecule::proxy
