// Somebody who waits for the end of a task that goes on behind its message's own end: the agent
// answered "working", and tells nobody by itself.
#pragma once

#include <string>

#include "server/messages/ledger.h"
#include "wire/a2a/a2a.h"

namespace molecule::tasks {

class Waiting {
 public:
  virtual ~Waiting() = default;
  // Whether it waits for this message's task still. Asked on the store's reader.
  virtual bool waits_for(sql::Statements& statements, std::int64_t message) = 0;
  // What the agent says when it is asked, in the transaction that notes it; only of what has
  // changed.
  virtual void heard(sql::Tx&, std::int64_t /*message*/, const a2a::Answer&) {}
  // Nothing more will be heard, or nothing was for long; `canceled`: because the task was called
  // off.
  virtual void given_up(sql::Tx&, std::int64_t /*message*/, bool /*canceled*/,
                        const std::string& /*why*/) {}
};

}  // namespace molecule::tasks
