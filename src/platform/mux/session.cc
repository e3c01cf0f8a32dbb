#include "platform/mux/session.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <unordered_map>
#include <utility>

#include "platform/io/signal.h"
#include "platform/mux/channel.h"
#include "platform/mux/frames.h"
#include "platform/net/wheel.h"

namespace molecule::mux {
namespace {

using net::Attempt;
using net::Direction;

// What has come is acknowledged when a part of what the other side can keep has come, or after so
// long.
constexpr std::size_t acknowledged_parts = 8;
constexpr std::chrono::milliseconds acknowledge_after{100};
// What a frame of data costs beside its bytes while it is kept: many small ones are no cheaper than
// a few large ones.
constexpr std::size_t kept_frame_cost = 48;
// Frames that wait to be acknowledged. Those of data are bounded by what they cost; those without
// (open, end, reset, credit) are few for each stream, and a peer that makes them without end is not
// taking any.
constexpr std::size_t kept_frames_max = 64u << 10;
static_assert(Bounds{}.kept_max / kept_frame_cost < kept_frames_max / 2);
constexpr std::size_t credit_max = 16u << 20;

Fault broken(std::string text) { return bad_request("mux_broken", std::move(text)); }

}  // namespace

class Session::Core final : public std::enable_shared_from_this<Session::Core>,
                            private net::Wheel::Entry {
 public:
  Core(io::Loop& on, Side which, std::string whom, bool encrypted, OnOpen opened, Bounds limits)
      : loop(on),
        side(which),
        peer(std::move(whom)),
        secure(encrypted),
        bounds(limits),
        on_open(std::move(opened)),
        next_own(which == Side::platform ? 2 : 1) {}

  void send(Type type, std::uint32_t stream, std::string_view payload = {});
  std::size_t room() const {
    return kept_bytes >= bounds.kept_max ? 0 : bounds.kept_max - kept_bytes;
  }
  std::shared_ptr<Channel> add(std::uint32_t number);
  void forget(std::uint32_t number);
  std::size_t own_streams() const;
  bool is_ours(std::uint32_t number) const { return number % 2 == next_own % 2; }
  void end();

  void acknowledged(std::uint64_t count);
  void take(const Frame& frame);
  void take_open(std::uint32_t number);
  void take_credit(Channel& channel, std::string_view payload);
  void count_received(std::size_t bytes);
  void on_due() noexcept override { owe_acknowledgement(); }
  void owe_acknowledgement() {
    acknowledgement_owed = true;
    more.notify();
  }

  io::Loop& loop;
  const Side side;
  const std::string peer;
  const bool secure;
  const Bounds bounds;
  OnOpen on_open;

  std::unordered_map<std::uint32_t, std::shared_ptr<Channel>> channels;
  std::uint32_t next_own;
  std::uint32_t newest_of_peer = 0;
  std::size_t served = 0;  // Streams of the other side that somebody here still has.

  // Numbered frames that are not acknowledged: those from `sent` on have not gone out over the
  // present transport.
  struct Kept {
    std::string bytes;
    std::size_t weight = 0;  // Of a stream's data, with what it costs to keep.
  };
  std::deque<Kept> kept;
  std::size_t kept_bytes = 0;
  std::size_t sent = 0;
  std::uint64_t acknowledged_count = 0;  // Frames before kept.front().

  std::uint64_t received = 0;
  std::size_t received_bytes = 0;  // Since the last acknowledgement.
  bool acknowledgement_owed = false;

  Transport transport = 0;  // 0: none.
  Transport transports = 0;
  io::Signal more;
  bool over = false;
  std::string farewell;  // To be said over the present transport.
  std::optional<std::string> goodbye;
};

namespace {

class MuxStream final : public net::Stream {
 public:
  MuxStream(std::shared_ptr<Session::Core> core, std::shared_ptr<Session::Channel> channel)
      : core_(std::move(core)), channel_(std::move(channel)) {
    if (!core_->is_ours(channel_->number)) ++core_->served;
  }
  ~MuxStream() override {
    close();
    if (!core_->is_ours(channel_->number)) --core_->served;
  }

  Attempt try_read(std::span<char> into) noexcept override {
    Session::Channel& at = *channel_;
    if (at.broken) return {Attempt::State::broken, 0};
    const std::size_t bytes = at.read(into);
    if (bytes == 0) {
      const auto none = at.gone ? Attempt::State::broken : Attempt::State::wait;
      return {at.peer_ended ? Attempt::State::end : none, 0};
    }
    if (const std::size_t owed = at.take_owed(); owed > 0)
      core_->send(Type::credit, at.number, number_payload(static_cast<std::uint32_t>(owed)));
    return {Attempt::State::moved, bytes};
  }

  Attempt try_write(std::span<const std::string_view> pieces) noexcept override {
    Session::Channel& at = *channel_;
    if (at.broken || at.ended || at.gone) return {Attempt::State::broken, 0};
    std::size_t moved = 0;
    std::size_t wanted = 0;
    for (std::string_view piece : pieces) {
      wanted += piece.size();
      while (!piece.empty()) {
        const std::size_t bytes = std::min({piece.size(), payload_max, at.credit, core_->room()});
        if (bytes == 0) break;
        core_->send(Type::data, at.number, piece.substr(0, bytes));
        piece.remove_prefix(bytes);
        at.credit -= bytes;
        moved += bytes;
      }
      if (!piece.empty()) break;
    }
    if (moved == 0 && wanted > 0) return {Attempt::State::wait, 0};
    return {Attempt::State::moved, moved};
  }

  bool arm(Direction direction, net::Sleeper& sleeper, net::Wake* at_once) noexcept override {
    const Session::Channel& at = *channel_;
    const bool ready =
        at.gone || (direction == Direction::read ? at.unread() > 0 || at.peer_ended
                                                 : at.credit > 0 && core_->room() > 0);
    return channel_->arm(direction, sleeper, at_once, ready);
  }
  void disarm(Direction direction) noexcept override { channel_->disarm(direction); }
  void set_deadline(Direction direction, net::TimePoint at) noexcept override {
    channel_->set_deadline(direction, at);
  }

  io::Task<void> shutdown_write() override {
    if (!channel_->broken && !channel_->gone && !std::exchange(channel_->ended, true))
      core_->send(Type::end, channel_->number);
    co_return;
  }

  void close() noexcept override {
    Session::Channel& at = *channel_;
    if (at.broken) return;
    const bool known = at.gone || (at.ended && at.peer_ended && at.unread() == 0);
    at.break_off();
    if (!known) core_->send(Type::reset, at.number);
    core_->forget(at.number);
  }

  const std::string& peer() const override { return core_->peer; }
  bool secure() const override { return core_->secure; }
  io::Loop& loop() override { return core_->loop; }

 private:
  std::shared_ptr<Session::Core> core_;
  std::shared_ptr<Session::Channel> channel_;
};

}  // namespace

void Session::Core::send(Type type, std::uint32_t stream, std::string_view payload) {
  if (over) return;
  Kept frame;
  frame.bytes.reserve(frame_head_size + payload.size());
  append_frame(frame.bytes, type, stream, payload);
  frame.weight = type == Type::data ? payload.size() + kept_frame_cost : 0;
  kept_bytes += frame.weight;
  kept.push_back(std::move(frame));
  more.notify();
}

std::shared_ptr<Session::Channel> Session::Core::add(std::uint32_t number) {
  auto channel = std::make_shared<Channel>(loop, number, bounds.window);
  channels.emplace(number, channel);
  return channel;
}

void Session::Core::forget(std::uint32_t number) { channels.erase(number); }

std::size_t Session::Core::own_streams() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(channels, [&](const auto& entry) { return is_ours(entry.first); }));
}

void Session::Core::end() {
  over = true;
  auto all = std::exchange(channels, {});
  for (auto& [number, channel] : all) channel->break_off();
  kept.clear();
  kept_bytes = sent = 0;
  more.notify();
}

void Session::Core::acknowledged(std::uint64_t count) {
  if (count < acknowledged_count || count > acknowledged_count + sent)
    throw broken("frames were acknowledged that were not sent");
  const bool was_full = room() == 0;
  for (; acknowledged_count < count; ++acknowledged_count) {
    kept_bytes -= kept.front().weight;
    kept.pop_front();
    --sent;
  }
  if (!was_full || room() == 0) return;
  for (auto& [number, channel] : channels) {
    if (channel->credit > 0) channel->ring(Direction::write);
  }
}

void Session::Core::take_open(std::uint32_t number) {
  if (is_ours(number) || number <= newest_of_peer)
    throw broken("a stream was opened under a number that is not new");
  newest_of_peer = number;
  // One that was reset counts as long as what it asked for goes on.
  if (!on_open || served >= bounds.opened_max) {
    send(Type::reset, number);
    return;
  }
  on_open(std::make_unique<MuxStream>(shared_from_this(), add(number)));
}

void Session::Core::take_credit(Channel& channel, std::string_view payload) {
  channel.credit += read_u32(payload);
  if (channel.credit > credit_max) throw broken("a stream was given too much credit");
  channel.ring(Direction::write);
}

void Session::Core::take(const Frame& frame) {
  if (frame.type == Type::open) {
    take_open(frame.stream);
    return;
  }
  auto found = channels.find(frame.stream);
  if (found == channels.end()) return;  // Frames for a stream that we have closed.
  const std::shared_ptr<Channel> channel = found->second;
  switch (frame.type) {
    case Type::data:
      if (channel->peer_ended) throw broken("a stream went on after its end");
      if (!channel->take(frame.payload)) throw broken("more was sent than a stream had credit for");
      break;
    case Type::end:
      channel->peer_ended = true;
      channel->ring(Direction::read);
      break;
    case Type::reset:
      channel->peer_left();
      forget(frame.stream);
      break;
    case Type::credit: take_credit(*channel, frame.payload); break;
    case Type::open:
    case Type::acknowledged:
    case Type::goodbye: break;
  }
}

void Session::Core::count_received(std::size_t bytes) {
  ++received;
  const bool first = received_bytes == 0;
  received_bytes += bytes + frame_head_size;
  if (received_bytes >= bounds.kept_max / acknowledged_parts) {
    owe_acknowledgement();
  } else if (first) {
    net::Wheel::of(loop).set(*this, net::Wheel::now(loop) + acknowledge_after);
  }
}

Session::Session(io::Loop& loop, Side side, std::string peer, bool secure, OnOpen on_open,
                 Bounds bounds)
    : core_(std::make_shared<Core>(loop, side, std::move(peer), secure, std::move(on_open),
                                   bounds)) {}

Session::~Session() { core_->end(); }

std::unique_ptr<net::Stream> Session::open() {
  if (core_->over) throw Fault(Kind::bad_gateway, "agent_unreachable", "the connection has ended");
  if (core_->own_streams() >= core_->bounds.opens_max) {
    throw Fault(Kind::unavailable, "connections_exhausted",
                "too many requests are under way over this connection");
  }
  const std::uint32_t number = std::exchange(core_->next_own, core_->next_own + 2);
  core_->send(Type::open, number);
  return std::make_unique<MuxStream>(core_, core_->add(number));
}

std::uint64_t Session::received() const { return core_->received; }

std::optional<Session::Transport> Session::attach(std::uint64_t received) {
  Core& core = *core_;
  const bool known =
      received >= core.acknowledged_count && received <= core.acknowledged_count + core.kept.size();
  if (core.over || !known) return std::nullopt;
  core.sent = core.kept.size();
  core.acknowledged(received);
  core.sent = 0;
  core.acknowledgement_owed = false;
  core.received_bytes = 0;
  core.transport = ++core.transports;
  core.more.notify();
  return core.transport;
}

void Session::detach(Transport transport) noexcept {
  if (core_->transport != transport) return;
  core_->transport = 0;
  core_->more.notify();
}

bool Session::attached() const { return core_->transport != 0; }

io::Task<std::string> Session::outgoing(Transport transport) {
  using namespace std::chrono_literals;
  const std::shared_ptr<Core> held = core_;
  Core& core = *held;
  while (core.transport == transport && !core.over && !core.acknowledgement_owed &&
         core.sent == core.kept.size())
    co_await core.more.wait(1h);
  std::string message;
  if (core.transport != transport) co_return message;
  if (core.over) {
    if (!core.farewell.empty()) append_frame(message, Type::goodbye, 0, core.farewell);
    core.farewell.clear();
    co_return message;
  }
  if (std::exchange(core.acknowledgement_owed, false)) {
    append_frame(message, Type::acknowledged, 0, number_payload(core.received));
    core.received_bytes = 0;
  }
  while (core.sent < core.kept.size()) {
    const std::string& next = core.kept[core.sent].bytes;
    if (!message.empty() && message.size() + next.size() > core.bounds.message_max) break;
    message += next;
    ++core.sent;
  }
  co_return message;
}

bool Session::incoming(Transport transport, std::string_view message) {
  const std::shared_ptr<Core> held = core_;
  Core& core = *held;
  FrameReader reader(message);
  for (;;) {
    if (core.transport != transport || core.over) return false;
    const auto frame = reader.next();
    if (!frame) return true;
    if (frame->type == Type::acknowledged) {
      core.acknowledged(read_u64(frame->payload));
    } else if (frame->type == Type::goodbye) {
      core.goodbye = std::string(frame->payload);
      core.end();
      return false;
    } else {
      core.count_received(frame->payload.size());
      core.take(*frame);
      if (core.kept.size() > kept_frames_max) throw broken("too much waits to be acknowledged");
    }
  }
}

void Session::end(std::string_view goodbye) {
  if (core_->over) return;
  core_->farewell = goodbye;
  core_->end();
}

bool Session::ended() const { return core_->over; }
const std::optional<std::string>& Session::goodbye() const { return core_->goodbye; }
std::size_t Session::streams() const { return core_->channels.size(); }
std::size_t Session::bytes_kept() const { return core_->kept_bytes; }

}  // namespace molecule::mux
