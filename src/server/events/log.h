// The one append-only record of what happened. append() writes a fact in the same transaction as
// the change it announces; once that transaction is durable the fact is published to every
// follower, in sequence order. Sockets, streams, the activity feed's long polls and the mailbox
// follow the log. Internal facts (facts::Record, on which this is built) have positions on it too
// and are published to nobody.
//
// announce() is for facts that only their latest value matters for (heartbeats): not stored, not
// numbered. The newest of each kind is kept for each workspace, so a follower that is slow misses
// values, never a workspace; nothing is kept while nobody follows.
//
// Positions ascend but need not be dense: internal facts lie between. A commit whose outcome was
// not known may have left facts in the store that were never published; what memory holds never
// spans them, so followers read them from the store.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "platform/io/clock.h"
#include "platform/io/guarded.h"
#include "platform/json/json.h"
#include "platform/sql/database.h"
#include "server/events/audience.h"
#include "server/facts/record.h"
#include "wire/events/payloads.h"

namespace molecule::events {

struct Event {
  Type type;
  WorkspaceId workspace;  // What it is about; nil when about no workspace.
  RawJson payload;        // An object.
};

// One with the payload of its type; all that arrivals bring is Arrival.
template <Type type>
Event event(WorkspaceId workspace, const typename PayloadOf<type>::Payload& payload) {
  return {type, workspace, RawJson(json::text(payload))};
}

inline constexpr json::Limits payload_limits = facts::Fact::limits;

// One published event, encoded once and shared by all followers.
struct Frame {
  std::int64_t seq = 0;  // The log position; for transient frames the newest position at the time.
  bool transient = false;
  WorkspaceId workspace;
  std::string type;
  Audience audience;
  Instant at;
  std::string text;            // {"event","workspace_id","timestamp","payload","seq"[,"transient"]}
  std::size_t payload_at = 0;  // In the text.
  std::size_t payload_size = 0;
  std::string peer_text;  // The same for peers; empty when they see nothing, or all of it.

  std::string_view payload() const {
    return std::string_view(text).substr(payload_at, payload_size);
  }
};
using FramePtr = std::shared_ptr<const Frame>;

class Log final : public facts::Record {
 public:
  // What is kept in memory for followers; older positions are read from the store.
  static constexpr std::size_t recent_max = 8192;
  static constexpr std::size_t recent_bytes_max = 64u << 20;  // Of them; the newest always stays.
  // Of one fact's payload. What is larger is told with a preview and where the rest is; a payload
  // that is not is replaced by {"truncated":true,"bytes":N}.
  static constexpr std::size_t payload_max = 512u << 10;
  // Read from the store at once; a larger fact comes alone.
  static constexpr std::int64_t step_bytes_max = 256 << 10;

  using facts::Record::Record;

  // Reads the newest position. Once, at start, before anything is appended.
  io::Task<void> open();
  // Finds what a commit left whose outcome was not known, feeds it to the projections and tells
  // followers of it. After the store is back (Database::unknown_commits).
  io::Task<void> catch_up();

  // Inside the transaction of the change; `at` is now unless the change itself has a time. Returns
  // the position.
  std::int64_t append(sql::Tx& tx, Event event, std::optional<Instant> at = std::nullopt);
  // Not stored; any thread.
  void announce(Event event);

  // The newest position that was told to anybody.
  std::int64_t newest() const { return newest_.load(std::memory_order_acquire); }

  // Frames after `seq`, at most `max`, oldest first. `complete` is false when `seq` is older than
  // what memory holds: use read_after then.
  struct Slice {
    std::vector<FramePtr> frames;
    bool complete = true;
  };
  Slice recent_after(std::int64_t seq, std::size_t max) const;
  // Transient frames newer than a follower's own counter, at most `max`, oldest first; the counter
  // moves to the last of them.
  std::vector<FramePtr> transients_after(std::uint64_t& counter, std::size_t max) const;
  // Held by whoever follows: transient frames are kept for those who were there when they came.
  using Presence = std::shared_ptr<void>;
  // A new follower, and where it begins among the transient frames.
  Presence arrive(std::uint64_t& counter);
  // From the store, as many as step_bytes_max allows. Oldest first.
  io::Task<std::vector<FramePtr>> read_after(std::int64_t seq, std::size_t max);
  // The oldest position that can be resumed: still stored (1 when nothing was ever pruned), and
  // given out since the numbering leapt.
  io::Task<std::int64_t> oldest();

  // Called after each publication, from the store's thread: must only wake something. Registered at
  // start, never removed: hubs live as long as the log.
  void on_published(std::function<void()> wake);

 private:
  struct Recent {
    std::deque<FramePtr> frames;  // All that were told after `since`.
    std::int64_t since = 0;
    std::size_t bytes = 0;                                  // Of frames.
    std::map<std::uint64_t, FramePtr> transients;           // By the turn in which they came.
    std::unordered_map<std::string, std::uint64_t> latest;  // Their turns, by workspace and type.
    std::uint64_t turn = 0;
    std::size_t followers = 0;
  };
  void forget_before_own(Recent& recent);
  void publish_staged();
  void wake_followers();

  std::atomic<std::int64_t> newest_{0};
  std::int64_t floor_ = 0;  // Set by open().
  io::Guarded<Recent> recent_;
  std::vector<FramePtr> staged_;  // Durable, not yet published; the store's thread alone uses it.
  io::Guarded<std::vector<std::function<void()>>> wakes_;
};

}  // namespace molecule::events
