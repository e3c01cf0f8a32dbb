// Where facts are put on the log, inside the transaction of the change they tell of, and what feeds
// them to the projections: to each, in the order of the log, every fact that it applies, once. The
// log's followers are events::Log's business, which is built on this.
//
// A fact reaches the projections once its transaction is durable, before the writer of that
// transaction resumes. Facts that this process did not put there itself (a commit whose outcome was
// not known has kept them) are read from the log before any later fact is fed: by whoever appends
// next, in the same transaction, or by catch_up().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "platform/io/clock.h"
#include "server/facts/projection.h"

namespace molecule::facts {

class Record {
 public:
  Record(sql::Database& db, const io::Clock& clock) : db_(db), clock_(clock) {}
  virtual ~Record() = default;
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  // The sequence that numbers the facts. Where the store is found to be a copy or older than what
  // was told of it, it leaps: positions from before are of another history and not resumed.
  static constexpr std::string_view numbering = "log";

  // At start, before load(). It must live as long as the record is written to.
  void join(Projection& projection);
  // Every projection reads what it holds, all of them at one position. Once, at start, before
  // anything is appended.
  io::Task<void> load();
  // Feeds what is on the log beyond what was fed. After the store is back
  // (Database::unknown_commits), and whenever others may have written.
  io::Task<void> follow();

  // Inside the transaction of the change; `at` is now unless the change itself has a time. Returns
  // the position.
  template <Internal kind>
  std::int64_t note(sql::Tx& tx, WorkspaceId about,
                    const typename PayloadOf<kind>::Payload& payload,
                    std::optional<Instant> at = std::nullopt) {
    return note(tx, {0, at.value_or(clock_.now()), kind, about, RawJson(json::text(payload))});
  }

  // Deletes facts from before an instant, slice by slice, until none is left or `budget` has passed;
  // the newest one always stays. Each slice is a transaction of its own.
  io::Task<void> prune(Instant before, std::chrono::nanoseconds budget);

 protected:
  // For facts that are told. The next position; then the row; then, after commit, arrived().
  std::int64_t place(sql::Tx& tx);
  void put(sql::Tx& tx, std::int64_t seq, Instant at, events::Type type, WorkspaceId about,
           const RawJson& payload);
  void arrived(std::int64_t seq) { reached_ = std::max(reached_, seq); }
  // In a transaction: what is on the log and was not fed is fed once that is durable.
  void follow(sql::Tx& tx);
  // Nothing has been appended yet, and what is on the log up to here is known.
  void begin_at(std::int64_t seq) { arrived(seq); }
  // All facts after this position were appended by this process. On the store's thread.
  std::int64_t own_since() const { return own_since_; }

  sql::Database& db_;
  const io::Clock& clock_;

 private:
  using Readers = std::vector<Projection*>;
  std::int64_t note(sql::Tx& tx, Fact fact);
  void feed_between(sql::Tx& tx, std::int64_t until);
  std::vector<Fact> between(sql::Statements& statements, std::int64_t from, std::int64_t until);
  const Readers* readers_of(const Kind& kind) const;
  void feed_after_commit(sql::Tx& tx, Fact fact);
  void feed(const Fact& fact);

  std::vector<Projection*> joined_;
  std::vector<Readers> told_, internal_;  // By kind.
  // All up to here were fed. The store's thread alone uses it, and what follows, once there is
  // something to write.
  std::int64_t reached_ = 0;
  std::int64_t own_since_ = 0;
  std::weak_ptr<void> batch_;  // Lives while a batch has a fact of ours that was not undone.
};

}  // namespace molecule::facts
