// The workspaces are registered once and beat, so that the platform knows that their agent lives.
#pragma once

#include <functional>

#include "mcp/platforms.h"
#include "mcp/settings.h"
#include "wire/mcp/answer.h"

namespace molecule::mcp {

class Attendance {
 public:
  using Refused = std::function<void(const WorkspaceId& workspace, std::string why)>;
  // `refused` is called when the token of a workspace is refused: in a channel each time that it
  // is so after it was not, else when it was never taken before.
  // `tell`: what a client that asks for a log hears of it.
  using Tell = std::function<void(Severity severity, std::string_view text)>;
  Attendance(Platforms& platform, Settings& settings, const io::Clock& clock, Refused refused,
             Tell tell)
      : platform_(platform),
        settings_(settings),
        clock_(clock),
        refused_(std::move(refused)),
        tell_(std::move(tell)) {}

  // Until it is cancelled.
  io::Task<void> run();

 private:
  io::Task<void> attend(client::Credential& as);
  io::Task<client::Answer> enrol(client::Credential& as);
  io::Task<client::Answer> beat(client::Credential& as, std::chrono::nanoseconds up);

  Platforms& platform_;
  Settings& settings_;
  const io::Clock& clock_;
  const Refused refused_;
  const Tell tell_;
};

}  // namespace molecule::mcp
