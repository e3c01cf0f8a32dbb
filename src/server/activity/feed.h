// The writing half of the feed: reports, what is announced of them and of messages, and the index
// by workspace that follows the writer.
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "platform/io/clock.h"
#include "platform/sql/database.h"
#include "server/activity/activity_store.h"
#include "server/events/log.h"
#include "server/messages/ledger.h"
#include "server/workspaces/directory.h"

namespace molecule::activity {

// Bodies up to this size travel inside ACTIVITY_LOGGED; larger ones are read from the feed.
inline constexpr std::size_t event_body_max = 2048;
// What an answer to a person brings along with its event; a larger one is told by its beginning.
inline constexpr std::size_t event_answer_max = 64u << 10;

// Told inside the transaction that writes a report; joins once, at start.
class ReportFollower {
 public:
  virtual ~ReportFollower() = default;
  virtual void reported(sql::Tx& tx, const NewReport& report, const messages::Place& place) = 0;
};

class Feed final : public messages::Follower {
 public:
  static constexpr std::int64_t fill_max = 1024;  // Entries of one transaction.
  static constexpr std::int64_t purge_max = 256;

  Feed(events::Log& log, const workspaces::Directory& directory, const io::Clock& clock)
      : log_(log), directory_(directory), clock_(clock) {}

  void join(ReportFollower& follower) { report_followers_.push_back(&follower); }
  // Writes a report and announces it as ACTIVITY_LOGGED.
  messages::Place record(sql::Tx& tx, const NewReport& report);
  // Brings a delegation's row up to date; the delegation's own events announce it.
  void restate(sql::Tx& tx, std::int64_t seq, std::string_view status,
               std::optional<std::string> error, std::optional<std::int64_t> duration_ms) {
    tx.post(store::restate, seq, status, std::move(error), duration_ms);
  }

  void accepted(sql::Tx& tx, const messages::NewMessage& message, const messages::Place& place,
                messages::State state) override;
  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  void amended(sql::Tx& tx, const messages::Message& message,
               const messages::Outcome& outcome) override {
    ended(tx, message, outcome);
  }

  // Grows whenever a row of the workspace was committed or ended; shared by a few workspaces. For
  // long polls: look, read, and look again only when it moved. Any thread.
  std::uint64_t pulse(WorkspaceId workspace) const {
    return pulses_[slot(workspace)].load(std::memory_order_acquire);
  }

  // Fills at most fill_max entries; false when nothing was behind. In a transaction of its own, so
  // that nobody's commit waits for more than one slice.
  bool fill(sql::Tx& tx);
  // Begins to delete everything of a workspace that is purged: at most purge_max entries now. What
  // is left is the store's to remember, and purge_slice's to delete, so that nobody's commit waits
  // for a workspace with a million messages.
  void purge(sql::Tx& tx, messages::Ledger& ledger, WorkspaceId workspace);
  // At most purge_max entries more; whether something may be left.
  bool purge_slice(sql::Tx& tx, messages::Ledger& ledger, WorkspaceId workspace);
  // Rows were written since the last fill() that found nothing behind. Any thread.
  bool behind() const { return behind_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t pulse_count = 4096;
  static std::size_t slot(WorkspaceId workspace) {
    return std::hash<WorkspaceId>{}(workspace) % pulse_count;
  }
  void beat(sql::Tx& tx, WorkspaceId workspace);
  struct Line;
  void announce(sql::Tx& tx, const Line& line);

  events::Log& log_;
  const workspaces::Directory& directory_;
  const io::Clock& clock_;
  std::array<std::atomic<std::uint64_t>, pulse_count> pulses_{};
  std::atomic<bool> behind_{true};
  std::vector<ReportFollower*> report_followers_;
};

}  // namespace molecule::activity
