// An event of the log as pages of the past show it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "platform/json/shape.h"

namespace molecule::api {

struct PastEvent {
  std::string id;
  std::string event_type;
  std::optional<WorkspaceId> workspace_id;
  RawJson payload;
  Instant created_at;
  std::int64_t seq = 0;

  static constexpr std::array about{json::About{"payload", "as the event's type has it"}};
};
BOOST_DESCRIBE_STRUCT(PastEvent, (), (id, event_type, workspace_id, payload, created_at, seq))

}  // namespace molecule::api
