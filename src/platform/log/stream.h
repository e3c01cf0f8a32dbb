// A descriptor, such as standard error, that lines are written to without ever waiting for whoever
// reads it. A reader that stops (a pager, a log collector that is stuck) costs lines, not requests.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "platform/log/log.h"

namespace molecule::log {

class Stream final : public Sink {
 public:
  // Bytes of lines that wait for the reader; what comes beyond is dropped, counted and told of in a
  // line of its own once there is room again.
  static constexpr std::size_t backlog_max = 1u << 20;
  // At the end, for what waits.
  static constexpr std::chrono::milliseconds patience{500};

  // `fd` stays the caller's.
  explicit Stream(int fd);
  ~Stream() override;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // A line that can be written at once is, so that a crash loses none of these; else it waits.
  void write(std::string_view line) noexcept override;
  std::uint64_t dropped() const noexcept override;

 private:
  void work();
  // Writes what goes without waiting and tells how much that was: all of it when nobody is there
  // any more.
  std::size_t write_some(std::string_view text) noexcept;

  const int fd_;
  int own_ = -1;         // The same, opened anew so that it makes nobody wait; -1: as it is.
  bool socket_ = false;  // Written to by send(2).
  mutable std::mutex mutex_;
  std::condition_variable waits_;
  std::string backlog_;
  std::uint64_t dropped_ = 0;  // Lines.
  std::uint64_t untold_ = 0;   // Of them, since the last line that told of any.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace molecule::log
