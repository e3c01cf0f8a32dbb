// The third moment: the result is recorded once, spent leases are refused, and everyone who waits
// for it is told, all in one transaction.
#pragma once

#include "server/activity/ledger.h"
#include "server/events/log.h"
#include "server/proxy/carry.h"

namespace molecule::proxy {

// Told inside the settling transaction; fulfilled by the delegations slice.
class OnSettled {
 public:
  virtual ~OnSettled() = default;
  // `text` is the answer's text, or the error's when `ok` is false.
  virtual void settled(sql::Tx& tx, const activity::store::Message& message, bool ok,
                       const std::string& text) = 0;
  virtual void waiting(sql::Tx& tx, const activity::store::Message& message) = 0;
};

enum class Settled {
  recorded,  // This result is the message's result.
  stale,     // Another delivery took over; nothing changed.
  retry,     // Back in the mailbox for another attempt.
  dead,      // Given up.
};

class Settler {
 public:
  Settler(sql::Database& db, events::Log& log, activity::Ledger& ledger, OnSettled& on_settled,
          const io::Clock& clock, const Settings& settings)
      : db_(db),
        log_(log),
        ledger_(ledger),
        on_settled_(on_settled),
        clock_(clock),
        settings_(settings) {}

  // Durable when it returns.
  io::Task<Settled> settle(activity::store::Message message, Carried carried);
  // The same inside a caller's transaction, for results that arrive as replies.
  bool record_answer(sql::Tx& tx, const activity::store::Message& message,
                     const a2a::Answer& answer);

 private:
  void tell_person(sql::Tx& tx, const activity::store::Message& message, const RawJson& body,
                   std::string_view text = {});
  Settled try_again(sql::Tx& tx, const activity::store::Message& message, const Carried& carried);

  sql::Database& db_;
  events::Log& log_;
  activity::Ledger& ledger_;
  OnSettled& on_settled_;
  const io::Clock& clock_;
  const Settings& settings_;
};

}  // namespace molecule::proxy
