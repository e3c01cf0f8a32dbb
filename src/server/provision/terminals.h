// Which terminals are open, so that there are not too many, and so that they end when their
// workspace is paused or removed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/id.h"
#include "platform/io/loop.h"
#include "platform/metrics/metrics.h"

namespace molecule::provision {

struct TerminalBounds {
  std::size_t of_workspace = 4;
  std::size_t at_once = 16;
  std::chrono::milliseconds idle = std::chrono::minutes(30);  // Nothing was typed, nothing said.
  std::chrono::milliseconds longest = std::chrono::hours(8);
  std::chrono::milliseconds to_start = std::chrono::seconds(10);
  std::size_t typed_max = 256u << 10;  // Bytes that wait for the program.
};

class Terminals {
 public:
  Terminals(TerminalBounds bounds, metrics::Registry& registry);
  Terminals(const Terminals&) = delete;

  // One terminal's place. Belongs to its loop.
  class Seat {
   public:
    // Throws Fault unavailable `too_many_terminals`.
    Seat(Terminals& terminals, io::Loop& loop, WorkspaceId workspace);
    ~Seat();
    Seat(const Seat&) = delete;

    // Why it has to be left; empty: it has not.
    const std::string& left() const { return taken_->why; }
    // Somebody sits there now; `leave` is called on the loop when that has to end.
    void take(std::function<void()> leave);
    // Nobody does any more.
    void free() { taken_->leave = nullptr; }

   private:
    friend class Terminals;
    struct Taken {
      io::Loop& loop;
      const WorkspaceId workspace;
      std::string why;              // On its loop only, as the next.
      std::function<void()> leave;  // Empty where nobody is there.
    };
    Terminals& terminals_;
    std::shared_ptr<Taken> taken_;
  };

  // Has all of the workspace left. Any thread.
  void end(WorkspaceId workspace, std::string_view why);
  const TerminalBounds& bounds() const { return bounds_; }

 private:
  const TerminalBounds bounds_;
  metrics::Gauge& open_;
  metrics::Counter& opened_;
  std::mutex mutex_;
  std::unordered_set<std::shared_ptr<Seat::Taken>> taken_;
};

}  // namespace molecule::provision
