#include "testing/simulation/network.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>

#include "platform/net/sides.h"

namespace molecule::simulation {

using namespace std::chrono_literals;
using net::Attempt;
using net::Direction;

namespace {

constexpr std::size_t on_the_way_max = 32u << 10;  // Of one direction; more waits.
constexpr std::uint64_t told_late_max = 20'000;    // Milliseconds.
constexpr auto dial_timeout = 5s;                  // As net::DialSettings has it.

class Ears final : public net::Sides {
 public:
  using Sides::Sides;
};

}  // namespace

// One connection. End 0 dialled.
class Network::Line final : public std::enable_shared_from_this<Line> {
 public:
  explicit Line(Network& network)
      : network_(network),
        ends_{EndState{std::make_shared<Ears>(network.loop_)},
              EndState{std::make_shared<Ears>(network.loop_)}} {}

  Attempt read(std::size_t end, std::span<char> into);
  Attempt write(std::size_t end, std::span<const std::string_view> pieces);
  bool readable(std::size_t end) const {
    const Way& way = ways_[1 - end];
    return ends_[end].broken || way.read < way.come.size() || way.ended;
  }
  bool writable(std::size_t end) const { return ends_[end].broken || left(end) || room(end) > 0; }
  void say_end(std::size_t end);
  void close(std::size_t end);
  Ears& ears(std::size_t end) { return *ends_[end].ears; }
  io::Loop& loop() { return network_.loop_; }
  const std::string& from() const { return network_.from_; }

  void cut_after(std::uint64_t bytes) { bytes_left_ = bytes; }
  void silence() { silent_ = true; }
  void break_off();

 private:
  struct Piece {
    std::chrono::nanoseconds at;
    std::string bytes;  // None: the end.
  };
  struct Way {  // From one end to the other.
    std::deque<Piece> flying;
    std::size_t flying_bytes = 0;
    std::string come;
    std::size_t read = 0;
    bool end_said = false, ended = false;
    std::chrono::nanoseconds newest{0};
  };
  struct EndState {
    std::shared_ptr<Ears> ears;
    bool broken = false, closed = false;
  };

  std::size_t room(std::size_t end) const {
    const Way& way = ways_[end];
    const std::size_t held = way.flying_bytes + way.come.size() - way.read;
    return held >= on_the_way_max ? 0 : on_the_way_max - held;
  }
  // Whether the other end has left, and this one could know.
  bool left(std::size_t end) const { return ends_[1 - end].closed && ways_[1 - end].ended; }
  void fly(std::size_t from, std::string bytes);
  void land(std::size_t from);
  void tell(std::size_t end);
  void tell_after(std::size_t end, std::chrono::nanoseconds late);

  Network& network_;
  std::array<Way, 2> ways_;
  std::array<EndState, 2> ends_;
  bool silent_ = false;
  std::optional<std::uint64_t> bytes_left_;
};

Attempt Network::Line::read(std::size_t end, std::span<char> into) {
  if (ends_[end].broken) return {Attempt::State::broken, 0};
  Way& way = ways_[1 - end];
  const std::size_t bytes = std::min(into.size(), way.come.size() - way.read);
  if (bytes == 0) return {way.ended ? Attempt::State::end : Attempt::State::wait, 0};
  std::memcpy(into.data(), way.come.data() + way.read, bytes);
  way.read += bytes;
  if (way.read == way.come.size()) {
    way.come.clear();
    way.read = 0;
  }
  ends_[1 - end].ears->ring(Direction::write);
  return {Attempt::State::moved, bytes};
}

Attempt Network::Line::write(std::size_t end, std::span<const std::string_view> pieces) {
  if (ends_[end].broken || ways_[end].end_said || left(end)) return {Attempt::State::broken, 0};
  std::size_t moved = 0, wanted = 0;
  for (std::string_view piece : pieces) {
    wanted += piece.size();
    while (!piece.empty()) {
      const std::size_t most = std::min(
          {piece.size(), room(end),
           1 + static_cast<std::size_t>(network_.chance_.below(network_.weather.piece_max))});
      if (most == 0 || room(end) == 0) break;
      fly(end, std::string(piece.substr(0, most)));
      piece.remove_prefix(most);
      moved += most;
    }
    if (!piece.empty()) break;
  }
  if (moved == 0 && wanted > 0) return {Attempt::State::wait, 0};
  return {Attempt::State::moved, moved};
}

void Network::Line::fly(std::size_t from, std::string bytes) {
  Way& way = ways_[from];
  const auto late_max = static_cast<std::uint64_t>(network_.weather.late_max.count());
  const auto late = std::chrono::microseconds(network_.chance_.below(late_max * 1000 + 1));
  way.newest = std::max(way.newest, network_.timers_.now() + late);
  way.flying_bytes += bytes.size();
  way.flying.push_back({way.newest, std::move(bytes)});
  auto land_them = [weak = weak_from_this(), from](bool) {
    if (auto line = weak.lock()) line->land(from);
  };
  network_.timers_.add(way.newest - network_.timers_.now(), std::move(land_them));
}

void Network::Line::land(std::size_t from) {
  Way& way = ways_[from];
  if (silent_) return;
  bool came = false;
  while (!way.flying.empty() && way.flying.front().at <= network_.timers_.now()) {
    Piece piece = std::move(way.flying.front());
    way.flying.pop_front();
    way.flying_bytes -= piece.bytes.size();
    came = true;
    if (piece.bytes.empty()) {
      way.ended = true;
      // Who writes to one that has left learns it.
      if (ends_[from].closed) ends_[1 - from].ears->ring(Direction::write);
      continue;
    }
    const bool cut = bytes_left_ && piece.bytes.size() >= *bytes_left_;
    way.come.append(piece.bytes, 0, cut ? *bytes_left_ : piece.bytes.size());
    if (cut) {
      break_off();
      return;
    }
    if (bytes_left_) *bytes_left_ -= piece.bytes.size();
  }
  if (came) ends_[1 - from].ears->ring(Direction::read);
}

void Network::Line::tell(std::size_t end) {
  ends_[end].broken = true;
  ends_[end].ears->ring(Direction::read);
  ends_[end].ears->ring(Direction::write);
}

void Network::Line::tell_after(std::size_t end, std::chrono::nanoseconds late) {
  network_.timers_.add(late, [weak = weak_from_this(), end](bool) {
    if (auto line = weak.lock()) line->tell(end);
  });
}

void Network::Line::break_off() {
  silent_ = true;
  const auto first = static_cast<std::size_t>(network_.chance_.below(2));
  const std::uint64_t how = network_.chance_.below(8);
  if (how == 0) return;  // Nobody is told.
  tell(first);
  if (how == 1) return;
  if (how <= 3) {
    tell_after(1 - first, std::chrono::milliseconds(network_.chance_.below(told_late_max)));
  } else {
    tell(1 - first);
  }
}

void Network::Line::say_end(std::size_t end) {
  if (!std::exchange(ways_[end].end_said, true) && !ends_[end].broken) fly(end, {});
}

void Network::Line::close(std::size_t end) {
  EndState& mine = ends_[end];
  if (std::exchange(mine.closed, true)) return;
  say_end(end);
  mine.broken = true;
  mine.ears->ring(Direction::read);
  mine.ears->ring(Direction::write);
}

class Network::End final : public net::Stream {
 public:
  End(std::shared_ptr<Line> line, std::size_t which) : line_(std::move(line)), which_(which) {}
  ~End() override { close(); }

  Attempt try_read(std::span<char> into) noexcept override { return line_->read(which_, into); }
  Attempt try_write(std::span<const std::string_view> pieces) noexcept override {
    return line_->write(which_, pieces);
  }
  bool arm(Direction direction, net::Sleeper& sleeper, net::Wake* at_once) noexcept override {
    const bool ready =
        direction == Direction::read ? line_->readable(which_) : line_->writable(which_);
    return line_->ears(which_).arm(direction, sleeper, at_once, ready);
  }
  void disarm(Direction direction) noexcept override { line_->ears(which_).disarm(direction); }
  void set_deadline(Direction direction, net::TimePoint at) noexcept override {
    line_->ears(which_).set_deadline(direction, at);
  }
  io::Task<void> shutdown_write() override {
    line_->say_end(which_);
    co_return;
  }
  void close() noexcept override { line_->close(which_); }
  const std::string& peer() const override { return line_->from(); }
  bool secure() const override { return false; }
  io::Loop& loop() override { return line_->loop(); }

 private:
  const std::shared_ptr<Line> line_;
  const std::size_t which_;
};

Network::Network(io::Loop& loop, io::ManualTimers& timers, Chance& chance, std::string from,
                 Accept accept)
    : loop_(loop),
      timers_(timers),
      chance_(chance),
      from_(std::move(from)),
      accept_(std::move(accept)) {}
Network::~Network() = default;

io::Task<std::unique_ptr<net::Stream>> Network::dial(const net::Url&) {
  const auto late_max = static_cast<std::uint64_t>(weather.late_max.count());
  co_await io::sleep(std::chrono::milliseconds(chance_.below(late_max + 1)));
  if (!weather.reachable) {
    if (chance_.one_in(2))
      throw Fault(Kind::bad_gateway, "agent_unreachable", "there is no way to it");
    co_await io::sleep(dial_timeout);
    throw Fault(Kind::bad_gateway, "agent_timeout", "nothing was heard of it");
  }
  auto line = std::make_shared<Line>(*this);
  lines_.push_back(line);
  accept_(std::make_unique<End>(line, 1));
  co_return std::make_unique<End>(line, 0);
}

std::vector<std::shared_ptr<Network::Line>> Network::lines() {
  std::erase_if(lines_, [](const auto& each) { return each.expired(); });
  std::vector<std::shared_ptr<Line>> there;
  for (const auto& each : lines_) there.push_back(each.lock());
  return there;
}

void Network::cut_after(std::uint64_t bytes) {
  for (const auto& line : lines()) line->cut_after(std::max<std::uint64_t>(bytes, 1));
}
void Network::reset() {
  for (const auto& line : lines()) line->break_off();
}
void Network::silence() {
  for (const auto& line : lines()) line->silence();
}

}  // namespace molecule::simulation
