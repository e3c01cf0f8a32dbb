#include "server/streams/streams.h"

#include <algorithm>
#include <charconv>
#include <mutex>

#include "platform/sql/within.h"
#include "wire/a2a/a2a.h"
#include "wire/a2a/stream.h"

namespace molecule::streams {
namespace {

constexpr std::int64_t pruned_at_once = 64;    // Streams that are looked up.
constexpr std::int64_t pieces_at_once = 4096;  // Of one stream, in one transaction.

}  // namespace

// Where a reader waits, or a writer. It may outlive either by the time that a wake-up needs to its
// loop.
struct Streams::Reader::Seat {
  explicit Seat(io::Loop& l) : loop(l) {}
  io::Loop& loop;
  io::Signal signal;
  // Of a reader, under the lock of its Live.
  std::int64_t after = 0;               // It was given everything up to here.
  std::chrono::nanoseconds moved_at{};  // When it was given something last.
};

struct Streams::Live {
  std::mutex mutex;
  std::deque<Piece> recent;  // The newest, without gaps.
  std::size_t bytes = 0;     // Of them.
  bool over = false;
  std::vector<std::shared_ptr<Reader::Seat>> seats;
  std::weak_ptr<Reader::Seat> writer;  // That waits for room.

  // How many bytes had come with a number, seldom enough that they are few: of the last window.
  struct Mark {
    std::int64_t number = 0;
    std::uint64_t bytes = 0;
  };
  std::deque<Mark> marks;
  std::uint64_t came = 0;  // Bytes, since somebody is at it.
  const Bounds bounds;

  explicit Live(const Bounds& b) : bounds(b) {}

  void add(std::vector<Piece> pieces) {
    std::lock_guard lock(mutex);
    for (Piece& piece : pieces) {
      // Written again after a commit that nobody knew of, or behind pieces that were not seen here.
      if (!recent.empty() && piece.number <= recent.back().number) continue;
      if (!recent.empty() && piece.number != recent.back().number + 1) {
        recent.clear();
        bytes = 0;
      }
      bytes += piece.data.size();
      mark(piece);
      recent.push_back(std::move(piece));
      while (bytes > recent_max && recent.size() > 1) {
        bytes -= recent.front().data.size();
        recent.pop_front();
      }
    }
    wake();
  }
  void end() {
    std::lock_guard lock(mutex);
    over = true;
    wake();
    call_writer();
  }

  // Whether there are readers, and the writer has to wait for all of them.
  bool is_held(std::chrono::nanoseconds now) const {
    bool any = false;
    for (const auto& seat : seats) {
      if (over || is_near(seat->after)) return false;
      any = any || now - seat->moved_at <= bounds.patience;
    }
    return any;
  }
  // Somebody came, left or read on.
  void readers_changed(std::chrono::nanoseconds now) {
    if (!writer.expired() && !is_held(now)) call_writer();
  }
  // What comes right after a number; nothing when it is not held here.
  std::vector<Piece> held_after(std::int64_t number) const {
    std::vector<Piece> out;
    if (recent.empty() || number + 1 < recent.front().number) return out;
    std::size_t size = 0;
    const auto first = static_cast<std::size_t>(number + 1 - recent.front().number);
    for (std::size_t i = first; i < recent.size(); ++i) {
      if (!out.empty() && size + recent[i].data.size() > recent_max) break;
      size += recent[i].data.size();
      out.push_back(recent[i]);
    }
    return out;
  }

 private:
  static void call(std::shared_ptr<Reader::Seat> seat) {
    io::Loop& loop = seat->loop;
    loop.post([seat = std::move(seat)] { seat->signal.notify(); });
  }
  void wake() {
    for (const auto& seat : seats) call(seat);
  }
  void call_writer() {
    if (auto waiting = writer.lock()) call(std::move(waiting));
  }

  void mark(const Piece& piece) {
    // One step of the window is how exact this is.
    const std::uint64_t step = bounds.window / 32;
    if (marks.empty() || came - marks.back().bytes >= step)
      marks.push_back({piece.number - 1, came});
    came += piece.data.size();
    while (marks.size() > 1 && came - marks[1].bytes > bounds.window) marks.pop_front();
  }
  // Whether what comes behind a number is less than the window.
  bool is_near(std::int64_t number) const {
    if (marks.empty()) return true;
    auto past = std::ranges::upper_bound(marks, number, {}, &Mark::number);
    return past != marks.begin() && came - std::prev(past)->bytes <= bounds.window;
  }
};

std::shared_ptr<Streams::Live> Streams::live(std::int64_t message) {
  return live_.write([&](auto& map) {
    // What nobody is at any more goes when as many have come as there were.
    if (map.size() >= swept_at_) {
      std::erase_if(map, [](const auto& each) { return each.second.expired(); });
      swept_at_ = std::max(sweep_min, map.size() * 2);
    }
    auto& place = map[message];
    auto found = place.lock();
    if (!found) {
      found = std::make_shared<Live>(bounds_);
      place = found;
    }
    return found;
  });
}

std::shared_ptr<Streams::Live> Streams::find_live(std::int64_t message) const {
  return live_.read([&](const auto& map) {
    auto it = map.find(message);
    return it == map.end() ? nullptr : it->second.lock();
  });
}

Streams::Writer::Writer(Streams& streams, std::int64_t message, messages::Lease lease)
    : streams_(streams), message_(message), lease_(lease), live_(streams.live(message)) {}

io::Task<bool> Streams::Writer::append(std::vector<std::string> pieces,
                                       std::function<void(sql::Tx&)> also) {
  if (!placed_ && lease_.epoch > 1) {
    // Another delivery of the same message may have written before.
    newest_ = co_await streams_.db_.read(
        [this](sql::Read& read) { return streams_.newest(read, message_); });
    first_ = newest_ + 1;
  }
  placed_ = true;
  auto written = co_await streams_.db_.write([&, this](sql::Tx& tx) {
    if (!streams_.ledger_.holds(tx, lease_)) return false;
    if (newest_ == 0) tx.post(store::begin, message_);
    if (also) also(tx);
    std::vector<Piece> kept;
    std::int64_t number = newest_;
    for (const std::string& data : pieces) {
      tx.post(store::insert, message_, ++number, std::string_view(data));
      kept.push_back({number, data});
    }
    tx.after_commit(
        [live = live_, kept = std::move(kept)]() mutable { live->add(std::move(kept)); });
    return true;
  });
  if (written) {
    newest_ += static_cast<std::int64_t>(pieces.size());
    for (const std::string& data : pieces) bytes_ += static_cast<std::int64_t>(data.size());
  }
  co_return written;
}

io::Task<void> Streams::Writer::room() {
  std::shared_ptr<Reader::Seat> seat;
  for (;;) {
    {
      std::lock_guard lock(live_->mutex);
      if (!live_->is_held(streams_.clock_.monotonic())) co_return;
    }
    if (!seat) {
      io::Context here = co_await io::context();
      seat = std::make_shared<Reader::Seat>(*here.loop);
      std::lock_guard lock(live_->mutex);
      live_->writer = seat;
      continue;
    }
    co_await seat->signal.wait(streams_.bounds_.patience);
  }
}

Streams::Reader::Reader(Streams& streams, io::Loop& loop, std::int64_t message, std::int64_t after)
    : streams_(streams),
      message_(message),
      after_(after),
      live_(streams.live(message)),
      seat_(std::make_shared<Seat>(loop)) {
  {
    std::lock_guard lock(live_->mutex);
    live_->seats.push_back(seat_);
  }
  move_to(after);
}

Streams::Reader::~Reader() {
  std::lock_guard lock(live_->mutex);
  std::erase(live_->seats, seat_);
  live_->readers_changed(streams_.clock_.monotonic());
}

void Streams::Reader::move_to(std::int64_t number) {
  after_ = number;
  std::lock_guard lock(live_->mutex);
  seat_->after = number;
  seat_->moved_at = streams_.clock_.monotonic();
  live_->readers_changed(seat_->moved_at);
}

io::Signal& Streams::Reader::woken() { return seat_->signal; }

io::Task<Streams::Reader::Part> Streams::Reader::next(std::chrono::nanoseconds limit,
                                                      const std::function<bool()>& stop) {
  bool waited = false;
  for (;;) {
    Part part;
    {
      std::lock_guard lock(live_->mutex);
      part.pieces = live_->held_after(after_);
    }
    if (part.pieces.empty()) {
      // Behind what is held, or at the end: the store knows. What ends a message is stored after
      // its last piece, so what is seen here together is whole.
      struct Seen {
        std::vector<Piece> pieces;
        bool over = false;
      };
      auto seen = co_await streams_.db_.read([this](sql::Read& read) {
        Seen out;
        out.pieces = streams_.part(read, message_, after_);
        if (out.pieces.empty()) {
          auto head = streams_.ledger_.head(read, message_);
          out.over = !head || head->outcome;
        }
        return out;
      });
      part.pieces = std::move(seen.pieces);
      part.over = seen.over;
    }
    if (!part.pieces.empty() && part.pieces.front().number != after_ + 1) {
      part.pieces.clear();
      part.gone = part.over = true;
      co_return part;
    }
    if (!part.pieces.empty()) {
      move_to(part.pieces.back().number);
      co_return part;
    }
    if (part.over || waited || stop()) co_return part;
    waited = true;
    bool came = false;
    {
      std::lock_guard lock(live_->mutex);
      came = live_->over || !live_->held_after(after_).empty();
    }
    if (!came) co_await seat_->signal.wait(limit);
  }
}

std::vector<Piece> Streams::part(sql::Statements& statements, std::int64_t message,
                                 std::int64_t after) const {
  auto behind = [&](const Piece* last, std::int64_t limit) {
    return statements.all(store::after, message, last ? last->number : after, limit);
  };
  return sql::within<Piece>(rows_max, static_cast<std::int64_t>(recent_max), behind,
                            [](const Piece& piece) { return piece.data.size(); });
}

std::optional<std::string> Streams::last(sql::Statements& statements, std::int64_t message) const {
  return statements.optional(store::last, message);
}

std::int64_t Streams::newest(sql::Statements& statements, std::int64_t message) const {
  return statements.one(store::newest, message).value_or(0);
}

void Streams::ended(sql::Tx& tx, const messages::Message& message,
                    const messages::Outcome& outcome) {
  // What is listed goes after an hour.
  if (messages::is_beginning(outcome.body.text)) tx.post(store::erase, message.seq);
  auto found = find_live(message.seq);
  if (!found && !a2a::asks_stream(message.method)) return;
  tx.after_commit([this, seq = message.seq] {
    if (auto live = find_live(seq)) live->end();
  });
}

std::string Streams::beginning(std::string answer, std::int64_t from, std::int64_t until) {
  return fmt::format("{}[{},{}],{}", messages::pieces_mark, from, until,
                     std::string_view(answer).substr(1));
}

std::optional<std::string> Streams::whole(sql::Statements& statements,
                                          const messages::Message& message,
                                          std::string_view beginning) const {
  std::string_view rest = beginning.substr(messages::pieces_mark.size() + 1);
  const auto number = [&rest] {
    std::int64_t out = 0;
    const char* end = std::from_chars(rest.data(), rest.data() + rest.size(), out).ptr;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
    return out;
  };
  std::int64_t at = number() - 1;
  const std::int64_t until = number();
  // As it came, and as it was told then.
  try {
    a2a::Stream stream;
    while (at < until) {
      const auto pieces = part(statements, message.seq, at);
      if (pieces.empty() || pieces.front().number != at + 1) break;
      at = pieces.back().number;
      for (const Piece& piece : pieces) {
        if (piece.number <= until) stream.take(piece.data);
      }
    }
    if (at >= until) {
      const auto answer = a2a::read_answer(stream.answer(), message.rpc_id);
      return a2a::told_in(a2a::generation_of(message.method), answer, message.id().text(),
                          message.rpc_id);
    }
  } catch (const Fault& fault) {
    // More than one object may hold: what there is of it is told.
    if (fault.kind() != Kind::bad_gateway) throw;
  }
  return fmt::format("{{{}", rest.substr(1));
}

void Streams::erased(sql::Tx& tx, std::int64_t message) {
  tx.post(store::erase_pieces, message);
  tx.post(store::erase, message);
}

void Streams::pruned(sql::Tx& tx, std::int64_t from, std::int64_t until) {
  tx.post(store::erase_orphans, from, until);
  tx.post(store::erase_orphaned, from, until);
}

io::Task<void> Streams::prune(std::chrono::seconds age) {
  const Instant before = clock_.now() - age;
  for (;;) {
    auto old = co_await db_.read(
        [&](sql::Read& read) { return read.all(store::ended, before, pruned_at_once); });
    if (old.empty()) co_return;
    for (std::int64_t message : old) {
      for (bool more = true; more;) {
        more = co_await db_.write([&, this](sql::Tx& tx) {
          const std::int64_t last = newest(tx, message);
          const std::int64_t from = tx.one(store::oldest, message).value_or(last);
          const std::int64_t until = std::min(last, from + pieces_at_once);
          tx.post(store::erase_before, message, until);
          if (until == last) tx.post(store::erase, message);
          return until < last;
        });
      }
    }
  }
}

}  // namespace molecule::streams
