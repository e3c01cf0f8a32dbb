// The workspaces are registered once and beat, so that the platform knows that their agent lives.
#pragma once

#include <functional>

#include "client/platform.h"
#include "mcp/settings.h"

namespace molecule::mcp {

class Attendance {
 public:
  static constexpr std::chrono::seconds beat_every{20};

  // `refused` is called when the token of a workspace is refused before it was ever taken.
  Attendance(client::Platform& platform, Settings& settings, const io::Clock& clock,
             std::function<void(std::string why)> refused)
      : platform_(platform), settings_(settings), clock_(clock), refused_(std::move(refused)) {}

  // Until it is cancelled.
  io::Task<void> run();

 private:
  io::Task<void> attend(client::Credential& as);
  io::Task<client::Answer> enrol(client::Credential& as);
  io::Task<client::Answer> beat(client::Credential& as, std::chrono::nanoseconds up);

  client::Platform& platform_;
  Settings& settings_;
  const io::Clock& clock_;
  const std::function<void(std::string why)> refused_;
};

}  // namespace molecule::mcp
