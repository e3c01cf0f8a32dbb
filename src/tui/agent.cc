#include "tui/agent.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace molecule::tui {
namespace {

using json::Node;
using json::Type;

constexpr std::size_t skills_max = 100;

void take(Node of, std::string_view name, std::string& out) {
  const Node found = of.find(name);
  if (found.is(Type::string)) out = found.string();
  if (found.is(Type::null)) out.clear();
}

void take(Node of, std::string_view name, std::int64_t& out) {
  const Node found = of.find(name);
  if (found.is(Type::integer)) out = found.integer();
}

void take(Node of, std::string_view name, double& out) {
  const Node found = of.find(name);
  if (found.is(Type::integer) || found.is(Type::number)) out = found.number();
}

void take(Node of, std::string_view name, bool& out) {
  const Node found = of.find(name);
  if (found.is(Type::boolean)) out = found.boolean();
}

void take_card(Agent& agent, Node card) {
  if (!card.is(Type::object)) return;
  agent.card_description.clear();
  agent.skills.clear();
  take(card, "description", agent.card_description);
  const Node skills = card.find("skills");
  if (!skills.is(Type::array)) return;
  for (std::size_t i = 0; i < std::min(skills.size(), skills_max); ++i) {
    Skill skill;
    take(skills.at(i), "id", skill.name);
    take(skills.at(i), "name", skill.name);
    take(skills.at(i), "description", skill.description);
    if (!skill.name.empty()) agent.skills.push_back(std::move(skill));
  }
}

}  // namespace

void take_members(Agent& agent, Node payload) {
  take(payload, "name", agent.name);
  take(payload, "role", agent.role);
  take(payload, "runtime", agent.runtime);
  take(payload, "status", agent.status);
  take(payload, "url", agent.url);
  take(payload, "delivery_mode", agent.delivery);
  take(payload, "current_task", agent.task);
  take(payload, "last_sample_error", agent.error);
  take(payload, "tier", agent.tier);
  take(payload, "active_tasks", agent.tasks);
  take(payload, "max_concurrent_tasks", agent.tasks_max);
  take(payload, "uptime_seconds", agent.uptime);
  take(payload, "last_error_rate", agent.error_rate);
  take(payload, "late", agent.late);
  if (const Node parent = payload.find("parent_id"); parent.is(Type::null)) {
    agent.parent.reset();
  } else if (parent.is(Type::string)) {
    agent.parent = WorkspaceId::parse(parent.string());
  }
  if (const Node heard = payload.find("last_heartbeat_at"); heard.is(Type::string))
    agent.heard = Instant::parse(heard.string());
  take_card(agent, payload.find("agent_card"));
}

std::optional<Agent> read_agent(Node node) {
  const Node id = node.find("id");
  const auto read = id.is(Type::string) ? WorkspaceId::parse(id.string()) : std::nullopt;
  if (!read) return std::nullopt;
  Agent agent;
  agent.id = *read;
  take_members(agent, node);
  if (const Node made = node.find("created_at"); made.is(Type::string))
    agent.made = Instant::parse(made.string()).value_or(Instant());
  return agent;
}

Standing standing(const Agent& agent) {
  struct Known {
    std::string_view status;
    Standing standing;
  };
  static constexpr std::array all{
      Known{"online", {"●", "online", Ink::good}},
      Known{"degraded", {"◐", "degraded", Ink::warn}},
      Known{"offline", {"○", "offline", Ink::bad}},
      Known{"failed", {"✗", "failed", Ink::bad}},
      Known{"provisioning", {"◌", "starting", Ink::info}},
      Known{"awaiting_agent", {"◌", "awaiting", Ink::info}},
      Known{"paused", {"■", "paused", Ink::faint}},
      Known{"hibernating", {"◇", "asleep", Ink::faint}},
      Known{"hibernated", {"◇", "asleep", Ink::faint}},
  };
  if (agent.late && agent.status == "online") return {"◐", "late", Ink::warn};
  const auto found = std::ranges::find(all, agent.status, &Known::status);
  if (found != all.end()) return found->standing;
  return {"?", agent.status, Ink::plain};
}

int concern(const Agent& agent) {
  const Standing shown = standing(agent);
  switch (shown.ink) {
    case Ink::bad: return 0;
    case Ink::warn: return 1;
    case Ink::good: return agent.tasks > 0 ? 2 : 3;
    case Ink::info: return 4;
    default: return 5;
  }
}

bool is_paused(const Agent& agent) { return agent.status == "paused"; }

std::string span(std::int64_t seconds) {
  seconds = std::max<std::int64_t>(seconds, 0);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d{:02}h", seconds / 86'400, seconds / 3600 % 24);
}

std::string short_id(const WorkspaceId& id) { return id.text().substr(0, 8); }

}  // namespace molecule::tui
