// Standard input and output as lines, each one message (MCP 2025-11-25, Transports, stdio). Two
// threads of their own read and write, since neither a file nor a pipe that nobody empties may keep
// the loop.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "mcp/line_reader.h"
#include "platform/files/descriptor.h"
#include "platform/io/loop.h"

namespace molecule::mcp {

class Lines {
 public:
  static constexpr std::size_t line_max = 16u << 20;     // Longer ones are passed over.
  static constexpr std::size_t waiting_max = 64u << 20;  // Bytes in either direction.

  struct Ears {
    std::function<void(std::string line)> line;
    std::function<void()> too_long;
    // Nothing more will come, or what is written is read by nobody.
    std::function<void()> end;
  };
  // Calls on the loop. The descriptors stay their owner's.
  Lines(io::Loop& loop, int in, int out, Ears ears);
  // Writes what waits, for a second at most.
  ~Lines();
  Lines(const Lines&) = delete;

  // A newline is put behind it. Any thread; waits for nobody.
  void write(std::string line);

 private:
  void read_all();
  void write_all();
  bool wait_for_input() const;
  void hand_on(std::string line);

  io::Loop& loop_;
  const int in_;
  const int out_;
  const Ears ears_;
  files::Descriptor wake_read_, wake_write_;  // Ends the reading.
  LineReader lines_;                          // Of the reading thread.

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t unread_ = 0;  // Bytes of lines that the loop has not taken yet.
  std::deque<std::string> unwritten_;
  std::size_t unwritten_bytes_ = 0;
  bool closing_ = false;
  bool deaf_ = false;  // Nobody reads what is written.
  std::thread reader_, writer_;
};

}  // namespace molecule::mcp
