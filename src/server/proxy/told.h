// People hear as events what becomes of their messages: that they were taken, and their end; twice
// where an agent answered that it is at it, the second time with what came of that.
#pragma once

#include "server/events/log.h"
#include "server/messages/ledger.h"

namespace molecule::proxy {

class Told final : public messages::Follower {
 public:
  explicit Told(events::Log& log) : log_(log) {}

  void accepted(sql::Tx& tx, const messages::NewMessage& message, const messages::Place& place,
                messages::State state) override;
  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  void amended(sql::Tx& tx, const messages::Message& message,
               const messages::Outcome& outcome) override {
    ended(tx, message, outcome);
  }

 private:
  events::Log& log_;
};

}  // namespace molecule::proxy
