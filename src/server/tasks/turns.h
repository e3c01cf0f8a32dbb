// Turns at what reads much of the store: so many at once for one who asks, the others of theirs in
// line, so that nobody takes the store's readers from everybody else. Any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/fault.h"
#include "platform/io/loop.h"
#include "platform/io/task.h"

namespace molecule::tasks {

class Turns {
 public:
  static constexpr std::size_t at_once = 1;
  static constexpr std::size_t waiting_max = 64;

  // Over when it goes.
  class Turn {
   public:
    Turn(Turns& turns, std::string who) : turns_(&turns), who_(std::move(who)) {}
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), who_(std::move(other.who_)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_) turns_->over(who_);
    }

   private:
    Turns* turns_;
    std::string who_;
  };

  // Waits until it is the turn of `who`. Throws Fault too_many_lists when as many as may wait.
  io::Task<Turn> take(std::string who) {
    bool refused = false;
    io::Completion<void> ours([&](io::Completion<void>* turn) {
      const std::unique_lock lock(mutex_);
      Line& line = lines_[who];
      if (line.under_way >= at_once && line.waiting.size() < waiting_max) {
        line.waiting.push_back(turn);
        return;
      }
      refused = line.under_way >= at_once;
      if (!refused) ++line.under_way;
      turn->complete();
    });
    co_await ours;
    if (refused) {
      throw Fault(Kind::rate_limited, "too_many_lists",
                  "you ask for too many lists of tasks at once — wait for some of them first")
          .retry_after(std::chrono::seconds(1));
    }
    co_return Turn(*this, std::move(who));
  }

 private:
  struct Line {
    std::size_t under_way = 0;
    std::deque<io::Completion<void>*> waiting;
  };

  // Whoever waits has the turn then, without it being anybody's in between.
  void over(const std::string& who) {
    const std::unique_lock lock(mutex_);
    const auto line = lines_.find(who);
    if (!line->second.waiting.empty()) {
      io::Completion<void>* next = line->second.waiting.front();
      line->second.waiting.pop_front();
      next->complete();
    } else if (--line->second.under_way == 0) {
      lines_.erase(line);
    }
  }

  std::mutex mutex_;
  std::unordered_map<std::string, Line> lines_;
};

}  // namespace molecule::tasks
