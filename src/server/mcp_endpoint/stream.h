// A conversation over server-sent events: what is said goes out as events, with comments while
// nothing is. It ends with its reader, with its credential and when the platform goes down.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dialogue/session.h"
#include "platform/http/message.h"
#include "platform/io/signal.h"

namespace molecule::mcp_endpoint {

// What waits to be read.
struct Waiting {
  std::atomic<std::size_t> letters = 0;
  std::atomic<std::size_t> bytes = 0;
};
// One message that waits, for as long as there is a place for it in memory.
class Letter {
 public:
  Letter(std::string text, std::shared_ptr<Waiting> of_box, std::shared_ptr<Waiting> of_all);
  Letter(Letter&&) noexcept = default;
  Letter& operator=(Letter&&) = delete;
  ~Letter();
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::size_t bytes_;
  std::shared_ptr<Waiting> of_box_, of_all_;
};

// What is posted to a stream, from any loop: to one of the old pair whatever its client says, to
// others what calls off their requests.
struct Letterbox {
  static constexpr std::size_t letters_max = 64;
  static constexpr std::size_t bytes_max = 8u << 20;
  static constexpr std::size_t bytes_of_all_max = 128u << 20;

  http::Principal owner;
  WorkspaceId workspace;
  io::Loop* loop = nullptr;
  std::vector<std::string>
      calls;  // Ids of the requests that it answers; none: one of the old pair.
  std::shared_ptr<Waiting> waiting = std::make_shared<Waiting>();
  std::shared_ptr<Waiting> of_all;  // Of all boxes of the platform together.
  // On its loop:
  std::deque<Letter> letters;
  io::Signal* news = nullptr;  // Null: the stream has ended.
};
// False: too many wait.
bool post(const std::shared_ptr<Letterbox>& box, std::string letter);

struct Conversation {
  std::string revision;      // Agreed on elsewhere; may be empty.
  std::string opening;       // The first event, whole; may be empty.
  std::string first;         // The client's first message; may be empty.
  std::string unanswered;    // Said of it when it had to end without an answer; may be empty.
  Letterbox* box = nullptr;  // Its further messages; may be null.
  bool stays = false;        // It does not end when what was asked is answered.
  std::function<bool()> stands = [] { return true; };  // False: whom it is with has gone.
};
io::Task<void> converse(http::BodyWriter& out, mcp::Offer& offer, const Conversation& talk);

http::Response event_stream(std::move_only_function<io::Task<void>(http::BodyWriter&)> stream);

}  // namespace molecule::mcp_endpoint
