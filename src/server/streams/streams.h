// The pieces of answers, kept before they are shown. One writer per message, as many readers as
// ask, each at its own place and pace. Any thread; a reader belongs to the loop that made it.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/io/guarded.h"
#include "platform/io/signal.h"
#include "server/messages/ledger.h"
#include "server/streams/streams_store.h"

namespace molecule::streams {

class Streams final : public messages::Follower {
 public:
  // Bytes of the newest pieces that are kept in memory for each stream being written or read, and
  // of what a reader is given at once; a longer piece comes alone.
  static constexpr std::size_t recent_max = 256u << 10;
  static constexpr std::int64_t rows_max = 256;  // Pieces read from the store at once.

  // How far the readers of a stream may be behind what is kept before its writer waits for them.
  struct Bounds {
    std::size_t window = 8u << 20;  // Bytes that the foremost of them has not been given.
    // Who takes nothing for so long is waited for no longer.
    std::chrono::nanoseconds patience = std::chrono::seconds(60);
  };

  Streams(sql::Database& db, const messages::Ledger& ledger, const io::Clock& clock,
          const Bounds& bounds)
      : db_(db), ledger_(ledger), clock_(clock), bounds_(bounds) {}
  Streams(sql::Database& db, const messages::Ledger& ledger, const io::Clock& clock)
      : Streams(db, ledger, clock, Bounds()) {}

  // What has come of one message's answer, and who is at it.
  struct Live;

  // Writes the pieces of one delivery.
  class Writer {
   public:
    Writer(Streams& streams, std::int64_t message, messages::Lease lease);
    // Keeps the pieces behind those there are and shows them; durable when it returns. False when
    // the lease is void: nothing was kept. Throws Fault unavailable while the store is away; the
    // same call may then be made again.
    // `also` runs in the transaction that keeps them.
    io::Task<bool> append(std::vector<std::string> pieces, std::function<void(sql::Tx&)> also = {});
    std::int64_t written() const { return newest_; }
    // What this one has kept: the first of its pieces, and how many bytes they have together.
    std::int64_t first() const { return first_; }
    std::int64_t bytes() const { return bytes_; }
    // Waits while there are readers and all of them are too far behind. Comes back when one has
    // caught up or nobody reads any more, and when the message has ended. May be asked while
    // append() is under way.
    io::Task<void> room();

   private:
    Streams& streams_;
    std::int64_t message_;
    messages::Lease lease_;
    std::shared_ptr<Live> live_;
    std::int64_t newest_ = 0;
    std::int64_t first_ = 1;
    std::int64_t bytes_ = 0;
    bool placed_ = false;  // newest_ is known.
  };

  // Reads one message's answer from a place on.
  class Reader {
   public:
    // On its own loop.
    Reader(Streams& streams, io::Loop& loop, std::int64_t message, std::int64_t after);
    Reader(const Reader&) = delete;
    ~Reader();
    // What is next, or nothing when nothing came within `limit` or `stop` says so. `over`: there is
    // no more and will be no more. `gone`: what would be next is not kept any longer.
    struct Part {
      std::vector<Piece> pieces;
      bool over = false;
      bool gone = false;
    };
    io::Task<Part> next(std::chrono::nanoseconds limit, const std::function<bool()>& stop);
    std::int64_t after() const { return after_; }
    // Wakes next(), which asks `stop`.
    io::Signal& woken();

    struct Seat;

   private:
    void move_to(std::int64_t number);

    Streams& streams_;
    std::int64_t message_;
    std::int64_t after_;
    std::shared_ptr<Live> live_;
    std::shared_ptr<Seat> seat_;
  };

  // The pieces behind a number, as many as are read at once.
  std::vector<Piece> part(sql::Statements& statements, std::int64_t message,
                          std::int64_t after) const;
  // The newest piece that is kept.
  std::optional<std::string> last(sql::Statements& statements, std::int64_t message) const;
  // The number of the newest piece that is kept; 0: none.
  std::int64_t newest(sql::Statements& statements, std::int64_t message) const;

  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  void erased(sql::Tx& tx, std::int64_t message) override;

  void pruned(sql::Tx& tx, std::int64_t from, std::int64_t until) override;

  // An answer of which an outcome has the beginning, with what says so before it: the rest is in
  // these pieces, which stay as long as their message does.
  static std::string beginning(std::string answer, std::int64_t from, std::int64_t until);
  std::optional<std::string> whole(sql::Statements& statements, const messages::Message& message,
                                   std::string_view beginning) const override;

  // Lets the pieces go of messages that ended `age` ago, all but the last, which says how far a
  // reader had come.
  io::Task<void> prune(std::chrono::seconds age);

 private:
  static constexpr std::size_t sweep_min = 64;
  std::shared_ptr<Live> live(std::int64_t message);
  std::shared_ptr<Live> find_live(std::int64_t message) const;

  sql::Database& db_;
  const messages::Ledger& ledger_;
  const io::Clock& clock_;
  const Bounds bounds_;
  io::Guarded<std::unordered_map<std::int64_t, std::weak_ptr<Live>>> live_;
  std::size_t swept_at_ = sweep_min;  // Under the lock of live_.
};

}  // namespace molecule::streams
