#include "platform/net/wheel.h"

#include <boost/asio/execution_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <time.h>

#include "platform/io/loop_asio.h"

namespace molecule::net {

namespace asio = boost::asio;

struct Wheel::Impl {
  explicit Impl(asio::io_context& context) : timer(context) {}
  asio::steady_timer timer;
  io::Loop* loop = nullptr;
  io::ManualTimers::Key key{};  // Of the alarm that is set with manual timers.
};

namespace {
// Ties the wheel to the life of the loop's context.
class WheelService final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;
  explicit WheelService(asio::execution_context& context)
      : service(context),
        wheel(std::make_unique<Wheel>(
            std::make_unique<Wheel::Impl>(static_cast<asio::io_context&>(context)))) {}
  void shutdown() noexcept override { wheel.reset(); }
  std::unique_ptr<Wheel> wheel;
};
}  // namespace

Wheel& Wheel::of(io::Loop& loop) {
  Wheel& wheel = *asio::use_service<WheelService>(loop.impl().context).wheel;
  wheel.impl_->loop = &loop;
  return wheel;
}

Wheel::Wheel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Wheel::~Wheel() {
  auto forget = [](Entry*& head) {
    while (head) {
      Entry* entry = head;
      head = entry->next_;
      entry->wheel_ = nullptr;
      entry->link_ = nullptr;
      entry->next_ = nullptr;
    }
  };
  for (Entry*& head : heads_) forget(head);
  forget(due_);
}

Wheel::TimePoint Wheel::now() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
  timespec at{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &at);
  return TimePoint(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec));
#else
  return std::chrono::steady_clock::now();
#endif
}

Wheel::TimePoint Wheel::now(io::Loop& loop) noexcept {
  const io::ManualTimers* manual = loop.impl().manual;
  return manual ? TimePoint(manual->now()) : now();
}

// The coarse time may lag behind the timer.
Wheel::TimePoint Wheel::exact() const noexcept {
  const io::ManualTimers* manual = impl_->loop->impl().manual;
  return manual ? TimePoint(manual->now()) : std::chrono::steady_clock::now();
}

std::size_t Wheel::tick_of(TimePoint at) noexcept {
  return static_cast<std::size_t>(at.time_since_epoch() / tick);
}

void Wheel::Entry::leave() noexcept {
  if (!link_) return;
  *link_ = next_;
  if (next_) next_->link_ = link_;
  link_ = nullptr;
  next_ = nullptr;
  --wheel_->entries_;
}

void Wheel::set(Entry& entry, TimePoint due) noexcept {
  entry.due_ = due;
  if (due == TimePoint::max()) return;  // Dropped when its slot comes round.
  if (entry.link_) {
    if (tick_of(due) + 1 >= entry.slot_tick_) return;  // Its slot comes first; it moves on then.
    entry.leave();
  }
  entry.wheel_ = this;
  insert(entry);
}

void Wheel::insert(Entry& entry) noexcept {
  if (!armed_) done_ = tick_of(now(*impl_->loop));
  std::size_t at = tick_of(entry.due_) + 1;
  if (at <= done_) at = done_ + 1;
  if (at > done_ + slots - 1) at = done_ + slots - 1;
  Entry*& head = heads_[at % slots];
  entry.slot_tick_ = at;
  entry.next_ = head;
  entry.link_ = &head;
  if (head) head->link_ = &entry.next_;
  head = &entry;
  ++entries_;
  if (!turning_ && (!armed_ || at < armed_for_)) arm(at);
}

void Wheel::arm(std::size_t at) noexcept {
  armed_for_ = at;
  arm(TimePoint(at * tick));
}

void Wheel::arm(TimePoint at) noexcept {
  armed_ = true;
  if (io::ManualTimers* manual = impl_->loop->impl().manual) {
    manual->cancel(impl_->key);
    impl_->key = manual->add(at - exact(), [this](bool in_time) {
      if (in_time) turn();
    });
    return;
  }
  impl_->timer.expires_at(at);
  impl_->timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) turn();
  });
}

// Takes the entries of the slots up to a tick out of them; one that on_due() destroys unlinks
// itself from where it is then.
void Wheel::collect(std::size_t until) noexcept {
  for (std::size_t turned = 0; done_ < until && turned < slots; ++turned) {
    ++done_;
    Entry*& head = heads_[done_ % slots];
    while (head) {
      Entry* entry = head;
      head = entry->next_;
      if (head) head->link_ = &head;
      entry->next_ = due_;
      entry->link_ = &due_;
      if (due_) due_->link_ = &entry->next_;
      due_ = entry;
    }
  }
  done_ = until > done_ ? until : done_;
}

void Wheel::turn() noexcept {
  turning_ = true;
  const TimePoint at = exact();
  if (!due_) collect(tick_of(at));
  int told = 0;
  while (due_ && told < turn_max) {
    Entry& entry = *due_;
    entry.leave();
    if (entry.due_ == TimePoint::max()) continue;
    if (entry.due_ <= at) {
      ++told;
      entry.on_due();
    } else {
      insert(entry);
    }
  }
  turning_ = false;
  armed_ = false;
  if (due_) {
    armed_for_ = done_;  // No slot comes before this.
    arm(at);
    return;
  }
  if (entries_ == 0) return;
  // Sleep until the next slot that holds something: an idle program does not tick.
  std::size_t next = done_ + 1;
  while (!heads_[next % slots]) ++next;
  arm(next);
}

}  // namespace molecule::net
