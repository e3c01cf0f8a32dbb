// One open terminal: what is typed goes over the link to the program, what it says over the
// WebSocket to who sits in front of it. Neither is read faster than the other takes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.h"
#include "platform/io/clock.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/net/stream.h"
#include "platform/sandbox/attended.h"
#include "server/provision/terminals.h"
#include "wire/api/terminals.h"

namespace molecule::provision {

// How whoever sits there talks.
struct Manner {
  bool told = false;       // It said how to start, and is told of begin and end in words.
  bool terminal = true;    // Else output and errors are told apart.
  std::size_t window = 0;  // Bytes of output that may be under way; 0: any number.
};

// What a text message says; nothing when it is none of our words, and typed then.
std::optional<api::TerminalWord> word_of(std::string_view text);
// Within what terminals know. Throws Fault bad_request.
sandbox::Size size_of(std::optional<std::int64_t> columns, std::optional<std::int64_t> rows);

class Sitting {
 public:
  struct Parts {
    http::WebSocket& socket;
    net::Stream& link;
    const io::Clock& clock;
    const TerminalBounds& bounds;
  };
  Sitting(const Parts& parts, Manner manner) : parts_(parts), manner_(manner) {}

  // How it came out.
  struct Outcome {
    bool refused = false;                // It did not begin.
    std::optional<std::int64_t> status;  // Of a program that ended by itself.
    std::string why;                     // Why it ended otherwise.
    bool left = false;                   // Whoever sat there is gone.
  };
  // Until the program has ended, whoever sits there leaves, or the seat has to be left.
  io::Task<Outcome> run(Terminals::Seat& seat);

 private:
  io::Task<void> hear(io::Scope& scope);
  io::Task<void> type();
  io::Task<bool> passed_on(std::string_view out);
  io::Task<void> show(io::Scope& scope);
  io::Task<void> look_at_clock(io::Scope& scope);
  void take_word(const api::TerminalWord& word);
  void take_input(std::string_view bytes);
  // The next bytes for the socket, from what came over the link.
  std::string frames();
  void end_for(std::string why) {
    if (outcome_.why.empty()) outcome_.why = std::move(why);
  }

  const Parts parts_;
  const Manner manner_;
  Outcome outcome_;
  std::string came_;         // Over the link, no whole frame yet.
  std::string typed_;        // Frames for the link.
  std::size_t waiting_ = 0;  // Bytes of input in them.
  std::uint64_t typed_all_ = 0;
  std::uint64_t shown_ = 0;  // Bytes of output.
  std::uint64_t taken_ = 0;  // Of these, by who sits there.
  bool over_ = false;        // The link has said its last.
  io::Signal typed_more_;
  io::Signal taken_more_;
  std::chrono::nanoseconds began_{};
  std::chrono::nanoseconds stirred_{};  // When something was typed or said.
};

}  // namespace molecule::provision
