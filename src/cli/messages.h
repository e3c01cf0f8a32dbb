// Messages to agents, and their answers as they come.
#pragma once

#include <functional>
#include <string>

#include "base/id.h"
#include "cli/session.h"

namespace molecule::cli {

struct Outgoing {
  std::string text;
  std::string context;  // Of the conversation so far; empty: a new one.
  std::string task;     // That it answers; may be empty.
};

// How it ended.
struct Reply {
  enum class End { done, failed, asks } end = End::done;
  std::string text;   // All that was said.
  std::string error;  // Why there is no result.
  std::string context;
  std::string task;    // Where `asks`: what the next message is to name.
  std::string result;  // JSON-RPC.
};

struct Hearing {
  std::function<void(std::string_view piece)> piece;  // The next of the answer's text.
  std::function<void(std::string_view note)> note;    // What the agent is at meanwhile.
  std::function<void(json::Node event)> event;        // Each event as it came.
};

// Sends it and hears the answer to its end. Throws the platform's refusal.
io::Task<Reply> converse(Session& session, WorkspaceId to, Outgoing message, Hearing hearing);
// Sends it and does not wait: the receipt, or an answer that came at once, JSON-RPC.
io::Task<json::Document> post_message(Session& session, WorkspaceId to, Outgoing message);

}  // namespace molecule::cli
