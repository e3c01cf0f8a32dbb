// The answer to one message as it comes: message/stream of A2A, read event by event. A connection
// that breaks is taken up behind the last event that came; nothing is told twice.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/platform.h"
#include "platform/http/event_stream.h"

namespace molecule::client {

class MessageStream {
 public:
  // `body` is the JSON-RPC request, with a messageId: it is sent again word for word to go on.
  // `platform` and `as` outlive this.
  MessageStream(Platform& platform, const Credential& as, std::string path, std::string body,
                const io::Clock& clock);
  ~MessageStream();

  // The next event, JSON-RPC; nullopt at the end of the answer. Throws the platform's refusal, or
  // Fault unavailable `platform_unreachable` when it stays away longer than the patience.
  io::Task<std::optional<std::string>> next();

  std::chrono::milliseconds patience{60'000};

 private:
  io::Task<void> connect();
  io::Task<std::optional<std::string>> attempt();

  Platform& platform_;
  const Credential& as_;
  const std::string path_;
  const std::string body_;
  const io::Clock& clock_;
  std::unique_ptr<http::EventReader> events_;
  std::string last_id_;
  std::optional<std::string> whole_;  // An answer that came in one piece.
  bool refused_ = false;              // What was thrown is the platform's own word.
  bool ended_ = false;
  std::string trouble_;
};

}  // namespace molecule::client
