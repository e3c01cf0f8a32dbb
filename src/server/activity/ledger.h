// The ledger of messages and deeds: the operations other slices use inside their own transactions.
// It guards the three promises of the message path: a message is accepted once per idempotency key,
// is leased to one carrier at a time, and has its result recorded once.
#pragma once

#include <array>
#include <atomic>

#include "platform/io/clock.h"
#include "platform/sql/database.h"
#include "server/activity/activity_store.h"
#include "server/activity/message_keys.h"
#include "server/events/log.h"

namespace molecule::activity {

// How a message ended.
struct Result {
  std::string_view status = "ok";  // ok or error
  RawJson response_body;
  std::optional<std::string> error_detail;
  std::optional<std::int64_t> duration_ms;
  RawJson tool_trace;
};

// Bodies up to this size travel inside ACTIVITY_LOGGED; larger ones are read from the feed.
inline constexpr std::size_t event_body_max = 2048;
// What an answer to a person brings along with its event; a larger one is told by its beginning.
inline constexpr std::size_t event_answer_max = 64u << 10;

class Ledger {
 public:
  Ledger(events::Log& log, const io::Clock& clock) : log_(log), clock_(clock) {}

  // Writes a row and announces it as ACTIVITY_LOGGED.
  Place record(sql::Tx& tx, const NewRow& row);
  // As record, for a message: when its key is known already nothing is written and the first
  // message is returned.
  struct Accepted {
    Place place;
    std::optional<store::Message> earlier;
  };
  Accepted accept(sql::Tx& tx, const NewRow& row);

  // Another process took the key first, as the violation that ended accept() says: its message.
  // None when that message is gone; the key is then free again.
  std::optional<store::Message> taken(sql::Tx& tx, const IdBytes& key);
  // Reads the keys back. Once, at start.
  void load_keys(sql::Tx& tx);
  // Deletes at most `max` rows of keys that are not looked for any more.
  void prune_keys(sql::Tx& tx, std::int64_t max);

  std::optional<store::Message> find(sql::Statements& statements, std::int64_t seq);
  std::optional<store::Message> find(sql::Statements& statements, ActivityId id);

  // False when the lease is stale or the result is recorded already: then nothing changed.
  // Announces the outcome as ACTIVITY_LOGGED when `announce` is set.
  bool settle(sql::Tx& tx, const store::Message& message, const Result& result);
  // The next message of a workspace that may go out now, leased.
  std::optional<store::Message> lease(sql::Tx& tx, WorkspaceId workspace);
  bool requeue(sql::Tx& tx, const store::Message& message, std::optional<Instant> not_before,
               std::string why);
  // `told` is what the sender is told from now on.
  bool bury(sql::Tx& tx, const store::Message& message, std::string_view why, const RawJson& told);

  // Brings a delegation's row up to date; the delegation's own events announce it.
  void restate(sql::Tx& tx, std::int64_t seq, std::string_view status,
               std::optional<std::string> error, std::optional<std::int64_t> duration_ms) {
    tx.post(store::restate, seq, status, std::move(error), duration_ms);
  }

  // Grows whenever a row of the workspace was committed or settled; shared by a few workspaces. For
  // long polls: look, read, and look again only when it moved. Any thread.
  std::uint64_t pulse(WorkspaceId workspace) const {
    return pulses_[slot(workspace)].load(std::memory_order_acquire);
  }

 private:
  static constexpr std::size_t pulse_count = 4096;
  static std::size_t slot(WorkspaceId workspace) {
    return std::hash<WorkspaceId>{}(workspace) % pulse_count;
  }
  void beat(sql::Tx& tx, WorkspaceId workspace);
  void write(sql::Tx& tx, const NewRow& row, std::int64_t seq, Instant now);
  void announce(sql::Tx& tx, const NewRow& row, ActivityId id);

  events::Log& log_;
  const io::Clock& clock_;
  MessageKeys keys_;
  std::array<std::atomic<std::uint64_t>, pulse_count> pulses_{};
};

// What a person reads in a list: at most `max` bytes, cut at a character.
std::string preview(std::string_view text, std::size_t max);

}  // namespace molecule::activity
