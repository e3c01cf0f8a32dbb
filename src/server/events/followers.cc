#include "server/events/followers.h"

#include <utility>

#include "platform/log/log.h"

namespace molecule::events {

Followers::Followers(metrics::Registry& metrics, std::size_t most)
    : most_(most),
      held_(metrics.gauge("molecule_followers_held_bytes",
                          "Bytes of events that followers have not taken yet.")),
      left_(metrics.counter("molecule_followers_left_total",
                            "Followers ended because too much waited for the slow ones.")) {}

Followers::Seat::Seat(Followers& followers, io::Loop& loop, std::function<void()> leave)
    : followers_(followers), taken_(std::make_shared<Taken>(loop, std::move(leave))) {
  std::lock_guard lock(followers_.mutex_);
  followers_.seats_.insert(taken_);
}

Followers::Seat::~Seat() {
  taken_->leave = nullptr;
  std::lock_guard lock(followers_.mutex_);
  followers_.total_ -= taken_->bytes;
  followers_.held_.set(static_cast<std::int64_t>(followers_.total_));
  followers_.seats_.erase(taken_);
}

void Followers::Seat::hold(std::size_t bytes) {
  std::vector<std::shared_ptr<Taken>> slow;
  {
    std::lock_guard lock(followers_.mutex_);
    if (taken_->left) return;
    followers_.total_ += bytes - taken_->bytes;
    taken_->bytes = bytes;
    taken_->since = ++followers_.turns_;
    while (followers_.total_ > followers_.most_) {
      auto one = followers_.slowest();
      followers_.total_ -= std::exchange(one->bytes, 0);
      one->left = true;
      slow.push_back(std::move(one));
    }
    followers_.held_.set(static_cast<std::int64_t>(followers_.total_));
  }
  for (auto& one : slow) {
    followers_.left_.add();
    log::info("a follower is too slow and was left; it may resume",
              log::field("cause", "followers together hold more than their bound"));
    io::Loop& loop = one->loop;
    loop.post([one = std::move(one)] {
      if (auto leave = std::exchange(one->leave, nullptr)) leave();
    });
  }
}

std::shared_ptr<Followers::Seat::Taken> Followers::slowest() {
  std::shared_ptr<Seat::Taken> found;
  for (const auto& each : seats_) {
    if (each->bytes > 0 && (!found || each->since < found->since)) found = each;
  }
  return found;
}

}  // namespace molecule::events
