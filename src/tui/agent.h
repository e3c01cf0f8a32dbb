// A workspace as it is shown: read with care, since the platform may be older or newer than this
// program and its agent says what it likes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/instant.h"
#include "platform/json/json.h"
#include "tui/picture.h"

namespace molecule::tui {

struct Skill {
  std::string name;
  std::string description;
};

struct Agent {
  WorkspaceId id;
  std::string name;
  std::string role;
  std::string runtime;
  std::string status;  // As the platform's word has it.
  std::string url;
  std::string delivery;
  std::string task;   // What it says it is doing.
  std::string error;  // What went wrong last.
  std::string card_description;
  std::vector<Skill> skills;
  std::optional<WorkspaceId> parent;
  std::int64_t tier = 3;
  std::int64_t tasks = 0;
  std::int64_t tasks_max = 1;
  std::int64_t uptime = 0;  // Seconds, as it said last.
  double error_rate = 0;
  bool late = false;
  std::optional<Instant> heard;  // Its last heartbeat.
  Instant made;
};

// Of GET /workspaces; nothing without an id.
std::optional<Agent> read_agent(json::Node node);
// Takes those members that an event has under the workspace's own names.
void take_members(Agent& agent, json::Node payload);

// How a state is shown: the sign alone tells it where there are no colours.
struct Standing {
  std::string_view sign;
  std::string_view word;
  Ink ink = Ink::plain;
};
Standing standing(const Agent& agent);
// What wants somebody's eye first is small.
int concern(const Agent& agent);

bool is_paused(const Agent& agent);

// "3s", "4m10s", "2h03m", "5d02h"
std::string span(std::int64_t seconds);
// The first 8 characters of an id.
std::string short_id(const WorkspaceId& id);

}  // namespace molecule::tui
