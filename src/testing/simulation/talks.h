// Streams that a relay carries, and the account of their bytes: which were said and which were
// heard, in which order, and how each side ended.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/net/stream.h"

namespace molecule::simulation {

// What one side does with a stream.
struct Part {
  std::uint64_t says = 0;              // Bytes; then it ends its direction.
  std::size_t at_once = 4096;          // Of them.
  std::chrono::nanoseconds pauses{0};  // Between two such.
  std::size_t hears_at_once = 4096;
  std::chrono::nanoseconds dawdles{0};  // Between two reads.
  std::uint64_t leaves_after = ~0ULL;   // So many bytes heard: it drops the stream.
  bool holds_back = false;              // Hears nothing before let_go().
};

struct Talk {
  int number = 0;
  std::string name;
  struct Side {
    Part part;
    std::uint64_t said = 0, heard = 0;
    bool begun = false, over = false;
    bool said_all = false;   // And ended its direction.
    bool heard_end = false;  // Of the other's.
    bool broken = false;     // The stream was lost to it.
    bool left = false;       // It dropped the stream, or its process ended.
  };
  std::array<Side, 2> sides;  // The first opened it.
  // Whether what carried it is over for good: then it may break.
  std::array<std::function<bool()>, 2> may_break;
  bool settled() const { return sides[0].over && (sides[1].over || !sides[1].begun); }
  bool held_back() const { return sides[0].part.holds_back || sides[1].part.holds_back; }
};

class Talks {
 public:
  Talk& begin(std::array<Part, 2> parts);
  std::deque<Talk>& all() { return all_; }

  // Both sides, until the stream is over for them. The second side learns which talk it is from
  // the stream; `came` is told.
  io::Task<void> open(Talk& talk, std::unique_ptr<net::Stream> stream);
  io::Task<void> accept(std::unique_ptr<net::Stream> stream, std::function<void(Talk&)> came);
  void let_go();

  // At any time. `window`: what may be on its way in a stream.
  void judge_bounds(std::size_t window);
  // When the network has been good for long enough: nothing waits any more.
  void judge_over(bool held_back_too);
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  io::Task<void> take_part(Talk& talk, std::size_t which, std::unique_ptr<net::Stream> stream);
  io::Task<void> say(Talk& talk, std::size_t which, net::Stream& stream);
  io::Task<void> hear(Talk& talk, std::size_t which, net::Stream& stream);
  void failed(Talk& talk, std::size_t which, std::exception_ptr failure);
  void complain(std::string what);

  std::deque<Talk> all_;
  bool let_go_ = false;
  io::Signal going_;
  std::vector<std::string> complaints_;
};

}  // namespace molecule::simulation
