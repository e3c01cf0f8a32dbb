// The ledger of messages: the only writer of messages, deliveries and outcomes. Everything here
// runs inside a caller's transaction, on the store's thread.
//
// It keeps four promises. A message is accepted once per idempotency key. It is leased to one
// carrier at a time, and a lease that is not the newest records nothing. It ends once. Whatever
// happens to it is told to the followers in the same transaction.
#pragma once

#include <chrono>
#include <vector>

#include "platform/io/clock.h"
#include "platform/sql/database.h"
#include "server/messages/mailboxes.h"
#include "server/messages/message_keys.h"
#include "server/messages/messages_store.h"

namespace molecule::messages {

struct Settings {
  std::chrono::seconds lease_for{60};     // Renewed while the agent shows progress.
  std::chrono::seconds recovered_for{5};  // What is left of a lease after recovery.
  std::chrono::hours age_max{14 * 24};    // A message without a time of its own ends after this.
  std::int64_t attempts_max = 5;        // Deliveries the agent may have seen, until it is given up.
  std::chrono::seconds retry_after{2};  // First wait before another attempt; doubles.
  std::chrono::seconds wait_longest{64};
  std::chrono::seconds asked_longest{3600};  // That an agent may ask to be left alone.
};

// Told inside the transaction that makes it so; joins once, at start. A follower that throws undoes
// the change.
class Follower {
 public:
  virtual ~Follower() = default;
  virtual void accepted(sql::Tx&, const NewMessage&, const Place&, State) {}
  // It waits (again); `why` is what kept it.
  virtual void waits(sql::Tx&, const Message&, std::string_view /*why*/) {}
  // Its agent told which task it made of it and how that stands, before the end.
  virtual void tasked(sql::Tx&, std::int64_t /*message*/, const AgentTask&) {}
  virtual void ended(sql::Tx&, const Message&, const Outcome&) {}
  // It is deleted with its workspace, ended or not.
  virtual void erased(sql::Tx&, std::int64_t /*message*/) {}
  // What came of an agent's work on it that had answered that it is at it: its outcome from now on.
  virtual void amended(sql::Tx&, const Message&, const Outcome&) {}
  // What its agent says of a message beside the outcome: an event of a stream, or how a task stands
  // that went on behind it. As JSON.
  virtual void told(sql::Tx&, std::int64_t /*message*/, std::string_view /*said*/) {}
  // The answer whose beginning an outcome has; nothing where its pieces are not this one's.
  virtual std::optional<std::string> whole(sql::Statements&, const Message&,
                                           std::string_view /*beginning*/) const {
    return std::nullopt;
  }
  // Retention deleted messages behind `from` up to `until`; not all of them.
  virtual void pruned(sql::Tx&, std::int64_t /*from*/, std::int64_t /*until*/) {}
};

class Ledger {
 public:
  Ledger(const io::Clock& clock, io::Random& random, Mailboxes& mailboxes, Settings settings = {})
      : clock_(clock), mailboxes_(mailboxes), settings_(settings), owner_(random.id<OwnerId>()) {}
  Ledger(const Ledger&) = delete;

  void join(Follower& follower) { followers_.push_back(&follower); }
  const Settings& settings() const { return settings_; }

  // When its key is known nothing is written and `earlier` is the first message of that key.
  // State::leased: the caller carries it now, under the lease that comes back.
  struct Accepted {
    Place place;
    Lease lease;
    std::optional<Record> earlier;
  };
  Accepted accept(sql::Tx& tx, const NewMessage& message, State state);
  // Another process took the key first, as the violation that ended accept() says: its message.
  // None when that message is gone; the key is then free again.
  std::optional<Record> taken(sql::Tx& tx, const IdBytes& key);

  std::optional<Record> find(sql::Statements& statements, ActivityId id) const;
  std::optional<Record> find(sql::Statements& statements, std::int64_t seq) const;
  // The same with the whole of an answer of which the outcome has the beginning. Takes as long as
  // that is: not in a transaction that others wait for.
  std::optional<Record> find_whole(sql::Statements& statements, std::int64_t seq) const;
  // Without bodies.
  std::optional<Record> head(sql::Statements& statements, std::int64_t seq) const;

  // Takes the lease of a message that waits; none when it does not wait any more or is overdue.
  std::optional<Lease> lease(sql::Tx& tx, WorkspaceId target, Mailboxes::Next next);
  // Whether the lease is the newest.
  bool holds(sql::Statements& statements, Lease lease) const;
  // False when the lease is void.
  bool renew(sql::Tx& tx, WorkspaceId target, Lease lease);
  // The agent shows under this lease that it is at it: its attempts count anew, and no number of
  // incarnations that end while they carry it gives it up.
  void progressed(sql::Tx& tx, WorkspaceId target, Lease lease);
  // The carrier could not bring it to an end: it waits, longer each time, or ends when it is too
  // old or was tried too often.
  struct Returned {
    std::string why;         // One sentence.
    bool seen = false;       // The agent may have seen it: this was an attempt.
    bool unreached = false;  // The agent was not there: due at once when it is.
    // The agent says that it has it and works on it. That is progress: it is asked for again, its
    // attempts count anew, and to its sender it does not wait.
    bool at_work = false;
    bool behind = false;  // An earlier one of its sender came back before it could go out.
    std::chrono::seconds after{0};  // Not again before.
    RawJson told;                   // The outcome's body, should it be given up.
  };
  enum class Back { waits, expired, dead, stale };
  Back give_back(sql::Tx& tx, const Message& message, Lease lease, const Returned& returned);
  // Takes a lease back that has ended and that nobody renewed: the message waits again.
  void take_back(sql::Tx& tx, const Mailboxes::Held& held);
  // Ends a message under a lease. False when the lease is void: nothing changed.
  bool end(sql::Tx& tx, const Message& message, Lease lease, const Outcome& outcome);
  // Notes that an agent has fetched these, which wait for it to answer.
  void fetched(sql::Tx& tx, WorkspaceId target, std::vector<std::int64_t> messages);
  // Ends a message that waits: an agent answers what it fetched. False when it is carried or ended.
  bool end_open(sql::Tx& tx, const Message& message, const Outcome& outcome);

  // Ends a message whoever has it: nobody wants it any more. A lease is void then. False when it
  // has ended.
  bool call_off(sql::Tx& tx, const Message& message, const Outcome& outcome);
  // Puts what came of the agent's work, or how that stands, in place of an answer that said that
  // the agent is at it; whether it is one is the caller's to know. False when it ended in another
  // way than by an answer.
  bool amend(sql::Tx& tx, const Message& message, const Outcome& outcome);
  // What the agent told of its task while it answers, under a lease.
  void note(sql::Tx& tx, std::int64_t message, const AgentTask& task);
  // Passes on what an agent says of a message beside its outcome, where that is kept or shown.
  void pass_on(sql::Tx& tx, std::int64_t message, std::string_view said);

  // Ends at most `max` messages whose time has passed while they waited; answers how many.
  std::size_t expire(sql::Tx& tx, std::size_t max);
  // What is open for a workspace ends with it, at most `max` messages at a time; answers how many.
  std::size_t end_all_for(sql::Tx& tx, WorkspaceId target, std::size_t max);
  // Deletes messages of a purged workspace, given by their numbers.
  void erase(sql::Tx& tx, WorkspaceId target, std::int64_t seq);

  // Takes over what another incarnation carried and reads back what is open and which keys are
  // known. At start, and again when the outcome of a commit is not known.
  void recover(sql::Tx& tx);

  // Retention, one slice at a time: where the slice of at most `max` messages after `from` ends, or
  // nothing when none in it, nor behind it, is older than `before`.
  std::optional<std::int64_t> aged_until(sql::Tx& tx, std::int64_t from, Instant before,
                                         std::size_t max) const;
  // Deletes what was accepted, and ended, before `before`, between these numbers.
  void prune(sql::Tx& tx, std::int64_t from, std::int64_t until, Instant before);
  // Deletes keys that memory has forgotten, those of `max` numbers at most; whether there were any.
  bool prune_keys(sql::Tx& tx, std::size_t max);

 private:
  void close(sql::Tx& tx, const Message& message, const Outcome& outcome);

  const io::Clock& clock_;
  Mailboxes& mailboxes_;
  const Settings settings_;
  const OwnerId owner_;
  MessageKeys keys_;
  std::vector<Follower*> followers_;
};

}  // namespace molecule::messages
