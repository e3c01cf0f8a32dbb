// A conversation over server-sent events: what is said goes out as events, with comments while
// nothing is. It ends with its reader, with its credential and when the platform goes down.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "dialogue/session.h"
#include "platform/http/message.h"
#include "platform/io/signal.h"

namespace molecule::mcp_endpoint {

// What is posted to the stream of the old pair, from any loop.
struct Letterbox {
  static constexpr std::size_t letters_max = 64;

  http::Principal owner;
  WorkspaceId workspace;
  io::Loop* loop = nullptr;
  std::atomic<std::size_t> waiting = 0;
  // On its loop:
  std::deque<std::string> letters;
  io::Signal* news = nullptr;  // Null: the stream has ended.
};
// False: too many wait.
bool post(const std::shared_ptr<Letterbox>& box, std::string letter);

struct Conversation {
  std::string revision;      // Agreed on elsewhere; may be empty.
  std::string opening;       // The first event, whole; may be empty.
  std::string first;         // The client's first message; may be empty.
  std::string unanswered;    // Said of it when it had to end without an answer; may be empty.
  Letterbox* box = nullptr;  // Its further messages; null: it ends when the first is answered.
};
io::Task<void> converse(http::BodyWriter& out, mcp::Offer& offer, const Conversation& talk);

http::Response event_stream(std::move_only_function<io::Task<void>(http::BodyWriter&)> stream);

}  // namespace molecule::mcp_endpoint
