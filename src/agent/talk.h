// A program that is spoken to in lines over its standard streams. What is sent waits in order and
// holds nobody up; what it prints is taken when somebody asks for it; what it says on standard
// error is kept as a tail. It has a process group of its own, and nothing of that outlives it; nor
// does what has left the group, where this process adopts strays.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/redactor.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/net/socket.h"
#include "platform/process/child.h"

namespace molecule::agent {

class Talk {
 public:
  static constexpr std::size_t line_max = 4u << 20;        // Longer lines are skipped.
  static constexpr std::size_t waiting_max = 32u << 20;    // Bytes that were sent and not taken.
  static constexpr std::size_t tail_max = 8u << 10;        // Kept of standard error.
  static constexpr std::chrono::milliseconds linger{300};  // For output behind its end.

  // Throws Fault `not_started`.
  Talk(io::Loop& loop, process::Program program,
       std::shared_ptr<const Redactor> redactor = std::make_shared<const Redactor>());
  ~Talk();  // close() has ended by then.
  Talk(const Talk&) = delete;

  // A line, or with `send_raw` bytes. What exceeds the bound ends the program.
  void send(std::string_view line);
  void send_raw(std::string_view bytes);
  // No more is sent.
  void end_input();

  // The next line that is a JSON object; others are logged and skipped. Nothing at the end of its
  // output, or when the time has come.
  io::Task<std::optional<std::string>> line();
  // What it printed, as it comes; nothing as above.
  io::Task<std::optional<std::string>> some();
  // From now on until limit() is called again.
  void limit(std::chrono::nanoseconds from_now);
  bool late() const { return late_; }  // The time has come.

  bool ended() const { return child_.ended().has_value(); }
  // Its exit status, as process::Child tells it; nothing when it has not ended within that time.
  io::Task<std::optional<int>> status(std::chrono::milliseconds within);
  // Its status, and what it last said on standard error, in a sentence. Waits a moment for it.
  io::Task<std::string> last_words();
  // The last line of that; empty: it has said nothing there.
  std::string last_line() const;

  void terminate() noexcept { child_.terminate(); }
  void kill() noexcept { child_.kill(); }
  // Ends its input, then the program: by itself within `patience`, asked within as long again, else
  // killed.
  io::Task<void> close(std::chrono::milliseconds patience);

 private:
  io::Task<void> write_on();
  io::Task<void> hear_errors();
  io::Task<void> watch_end();
  io::Task<bool> read_more();

  std::string last_said(std::size_t most) const;

  io::Loop& loop_;
  const std::shared_ptr<const Redactor> redactor_;
  const std::string mark_;  // By which what it leaves behind is known.
  process::Child child_;
  std::unique_ptr<net::Socket> input_, output_, error_output_, end_;
  std::string outgoing_;
  bool input_over_ = false;
  io::Signal to_send_;
  std::string read_;
  std::size_t looked_ = 0;  // Of read_: there is no end of a line in it.
  bool skipping_ = false;   // What follows belongs to a line that is too long.
  std::string errors_;
  bool late_ = false, drained_ = false, gone_ = false;
  io::Signal over_;  // It has ended.
  io::Scope running_;
};

}  // namespace molecule::agent
