// Results, errors and notifications, as a revision knows them. All texts are JSON.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "platform/json/json.h"
#include "wire/mcp/content.h"
#include "wire/mcp/message.h"

namespace molecule::mcp {

// Who answers.
struct Server {
  std::string_view name, title;
  std::string_view version = "1.0.0";
  std::string_view capabilities;  // JSON text.
  bool completes = false;         // What is half typed, with completion/complete.
};

std::string refusal(const Refused& refused);
std::string notification(std::string_view method, std::string_view params);

// The answer to an initialize that asked for this revision.
std::string initialized(const Server& server, std::string_view id, std::string_view revision,
                        const std::optional<std::string>& instructions);
// How grave what a server tells of its own accord is, in the order of RFC 5424.
enum class Severity { debug, info, notice, warning, error, critical, alert, emergency };
BOOST_DESCRIBE_ENUM(Severity, debug, info, notice, warning, error, critical, alert, emergency)
// The params of notifications/message.
std::string log_params(Severity severity, std::string_view text);

// The answer to server/discover.
std::string discovered(const Server& server, std::string_view id,
                       const std::optional<std::string>& instructions);

// A result. Those of the stateless era say whether they are whole, and how long a list is good.
enum class Kept { not_at_all, for_now, as_a_list };
std::string answered(const Server& server, std::string_view id, bool stateless, json::Object result,
                     Kept kept = Kept::not_at_all, std::string_view type = "complete");
// That of a tool.
json::Object tool_result(std::string_view text, bool failed,
                         const std::vector<Enclosed>& files = {}, std::string_view revision = {});

// The params of notifications/progress; `token` is JSON text.
std::string progress_params(std::string_view token, double progress, std::string_view text,
                            std::string_view revision);
// What the caller of a request wants to be told its progress by; empty: it does not.
std::string progress_token(json::Node params);

}  // namespace molecule::mcp
