// Push notifications: where a caller wants to be told of a task, how that is asked in either
// generation, and what is told. See specification 1.0 §3.1.7 and §4.3, 0.3 §7.5 and §9.5.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "base/instant.h"
#include "platform/json/json.h"
#include "wire/a2a/a2a.h"

namespace molecule::a2a {

struct PushConfig {
  std::string id;           // Empty: whoever keeps it names it.
  std::string url;          // Not judged here.
  std::string token;        // Shown to the receiver; may be empty.
  std::string scheme;       // Of its Authorization; may be empty.
  std::string credentials;  // The same.
};
inline constexpr std::size_t push_id_max = 128;
inline constexpr std::size_t push_url_max = 2048;
inline constexpr std::size_t push_secret_max = 8192;  // Of a token and of credentials, each.

// In the shape of either generation. Throws Fault invalid_params, also for what could not stand in
// a header.
PushConfig read_push_config(json::Node config);

enum class PushVerb { set, get, list, erase };
struct PushCall {
  PushVerb verb = PushVerb::set;
  std::string config_id;  // Of get and erase; empty: the only one.
  PushConfig config;      // Of set.
  std::int64_t page_size = 50;
  std::optional<std::string> page_token;
};
// What a request's params ask. Throws Fault invalid_params.
void read_push_params(json::Node params, PushCall& call);

// What a message that is being sent has to do with them.
struct PushBrought {
  std::optional<PushConfig> config;
  Generation generation = Generation::v03;
  std::string task_id;     // The task that it goes on with; may be empty.
  std::string context_id;  // The conversation that it names with that; may be empty.
  std::string body;        // The request without the configuration; empty where it brought none.
};
// Whether reading a request for that is worth it.
bool may_bring_push(std::string_view request);
// Throws Fault invalid_params. What is no request of A2A brings nothing.
PushBrought push_brought_in(std::string_view request);

// One configuration as it is told, and several. `secrets`: to who has set it.
std::string push_config_told(Generation to, const PushConfig& config, std::string_view task_id,
                             bool secrets);
std::string push_configs_told(Generation to, const std::vector<std::string>& told,
                              std::string_view next_page);
// That one is gone.
std::string_view push_erased(Generation to);

// A change of a task's state, for its receiver.
struct PushChange {
  std::string task_id;
  std::string context_id;
  std::string state;  // As 0.3 names it.
  Instant at;
  std::string activity_id;
};
std::string push_told(Generation to, const PushChange& change);
// The same where the whole task is told.
std::string push_task(Generation to, std::string task);
std::string_view push_media(Generation to);

}  // namespace molecule::a2a
