// An operator's request to a running platform, as verbs make it from a shell: with ADMIN_TOKEN, or
// the admin_token of the data directory.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "app/config.h"
#include "platform/http/client.h"

namespace molecule::app {

class OperatorCall {
 public:
  // `url` is where the platform answers; empty: as the data directory tells. Throws Fault
  // unavailable `not_reachable` when none runs on it, and forbidden `no_admin_token` where the only
  // token is that of another platform.
  OperatorCall(const Config& config, const std::string& url);

  // The answer's body. Throws Fault unavailable `not_reachable` when none answers, and what a
  // refusal means at a prompt: unless the status is the one expected.
  std::string ask(http::Method method, std::string_view path, std::string_view body, int expected,
                  std::chrono::milliseconds patience = std::chrono::seconds(30)) const;

 private:
  const Config& config_;
  std::string base_;
};

}  // namespace molecule::app
