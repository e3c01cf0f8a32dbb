// How much all followers of the process together hold of what they are being sent. There is one
// bound for all of them; when it is passed, the one that has been taking its part the longest is
// left, until the rest is within it. Whoever is left resumes from its position.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "platform/io/loop.h"
#include "platform/metrics/metrics.h"

namespace molecule::events {

class Followers {
 public:
  static constexpr std::size_t held_max = 64u << 20;  // Bytes.

  explicit Followers(metrics::Registry& metrics, std::size_t most = held_max);
  Followers(const Followers&) = delete;

  // One follower's place. Belongs to its loop.
  class Seat {
   public:
    // `leave` ends the follower; called on `loop`, at most once.
    Seat(Followers& followers, io::Loop& loop, std::function<void()> leave);
    ~Seat();
    Seat(const Seat&) = delete;

    // What is being sent now.
    void hold(std::size_t bytes);
    // It has been taken.
    void release() { hold(0); }

   private:
    friend class Followers;
    struct Taken {
      io::Loop& loop;
      std::function<void()>
          leave;              // On its loop only; empty once it was called or nobody is there.
      std::size_t bytes = 0;  // Guarded by the followers' mutex, like what follows.
      std::uint64_t since = 0;
      bool left = false;
    };
    Followers& followers_;
    std::shared_ptr<Taken> taken_;
  };

 private:
  std::shared_ptr<Seat::Taken> slowest();

  const std::size_t most_;
  metrics::Gauge& held_;
  metrics::Counter& left_;
  std::mutex mutex_;
  std::unordered_set<std::shared_ptr<Seat::Taken>> seats_;
  std::size_t total_ = 0;
  std::uint64_t turns_ = 0;  // Orders what is held by when it began.
};

}  // namespace molecule::events
