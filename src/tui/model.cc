#include "tui/model.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "platform/json/answer.h"
#include "tui/cells.h"

namespace molecule::tui {
namespace {

using json::Node;
using json::Type;

constexpr std::size_t about_max = 400;  // Bytes of what is said about an event.

std::string text_in(Node of, std::string_view name) {
  const Node found = of.find(name);
  return found.is(Type::string) ? std::string(found.string()) : std::string();
}

std::int64_t number_in(Node of, std::string_view name) {
  const Node found = of.find(name);
  return found.is(Type::integer) ? found.integer() : 0;
}

std::string name_in(Node of, std::string_view name, const Model& model) {
  const auto id = WorkspaceId::parse(text_in(of, name));
  return id ? model.name_of(*id) : std::string();
}

struct Lands {
  std::string_view type;
  std::string_view status;
};
constexpr std::array arrivals{
    Lands{"WORKSPACE_PROVISIONING", "provisioning"},
    Lands{"WORKSPACE_ONLINE", "online"},
    Lands{"WORKSPACE_AWAITING_AGENT", "awaiting_agent"},
    Lands{"WORKSPACE_OFFLINE", "offline"},
    Lands{"WORKSPACE_DEGRADED", "degraded"},
    Lands{"WORKSPACE_PROVISION_FAILED", "failed"},
    Lands{"WORKSPACE_PAUSED", "paused"},
    Lands{"WORKSPACE_HIBERNATED", "hibernated"},
};

std::string_view status_after(std::string_view type) {
  const auto found = std::ranges::find(arrivals, type, &Lands::type);
  return found == arrivals.end() ? std::string_view() : found->status;
}

void arrive(Agent& agent, std::string_view type, Node payload) {
  take_members(agent, payload);
  if (const auto status = status_after(type); !status.empty()) {
    agent.status = status;
    agent.late = false;
  }
  if (type == "WORKSPACE_ONLINE") {
    agent.error_rate = 0;
    agent.error.clear();
  } else if (type == "WORKSPACE_DEGRADED") {
    const Node rate = payload.find("error_rate");
    if (rate.is(Type::number) || rate.is(Type::integer)) agent.error_rate = rate.number();
    if (auto sample = text_in(payload, "sample_error"); !sample.empty()) agent.error = sample;
  } else if (type == "WORKSPACE_PROVISION_FAILED") {
    agent.error = text_in(payload, "error");
  } else if (type == "WORKSPACE_OFFLINE" || type == "WORKSPACE_PAUSED") {
    agent.task.clear();
    agent.tasks = 0;
  }
}

}  // namespace

void Model::say(std::string text, bool bad) {
  notice = std::move(text);
  notice_is_bad = bad;
  notice_at = now;
}

void Model::keep(Invitation made) {
  const WorkspaceId id = made.id;
  kept.insert_or_assign(id, std::move(made));
  unread_tokens.push_back(id);
}

bool Model::show_kept(const WorkspaceId& of) {
  const auto found = kept.find(of);
  if (found == kept.end()) return false;
  std::erase(unread_tokens, of);
  invitation = found->second;
  mode = Mode::invitation;
  return true;
}

void Model::replace(Node workspaces) {
  ++version;
  std::map<WorkspaceId, Agent> fresh;
  for (std::size_t i = 0; workspaces.is(Type::array) && i < workspaces.size(); ++i) {
    auto agent = read_agent(workspaces.at(i));
    if (agent && agent->status != "removed") fresh.emplace(agent->id, std::move(*agent));
  }
  for (const auto& [id, agent] : agents) {
    if (!fresh.contains(id)) former[id] = agent.name;
  }
  agents = std::move(fresh);
}

void Model::replace_questions(Node told) {
  ++version;
  questions.clear();
  const Node items = told.find("items");
  for (std::size_t i = 0; items.is(Type::array) && i < items.size(); ++i) {
    const auto of = WorkspaceId::parse(text_in(items.at(i), "workspace_id"));
    // The newest of each.
    if (of) questions.emplace(*of, text_in(items.at(i), "summary"));
  }
}

void Model::note(Happening happening) {
  happening.about = json::storable(happening.about, about_max);
  // Newest first; what comes late (a page of the past) finds its place.
  auto at = std::ranges::find_if(events,
                                 [&](const Happening& each) { return each.seq <= happening.seq; });
  if (at != events.end() && at->seq == happening.seq) return;
  // Who reads further below keeps reading the same.
  if (events_at.selected > 0 && at == events.begin() && passes(*this, happening))
    ++events_at.selected;
  events.insert(at, std::move(happening));
  while (events.size() > events_max) events.pop_back();
}

void Model::add_past(Node past) {
  // What is newer than that is of a log that was replaced, by a backup.
  const std::int64_t newest =
      past.is(Type::array) && past.size() > 0 ? number_in(past.at(0), "seq") : 0;
  std::erase_if(events, [&](const Happening& each) { return each.seq > newest; });
  // Oldest first, so that names are known where they are needed.
  for (std::size_t left = past.is(Type::array) ? past.size() : 0; left > 0; --left) {
    const Node row = past.at(left - 1);
    client::Event event;
    event.type = text_in(row, "event_type");
    event.workspace = WorkspaceId::parse(text_in(row, "workspace_id")).value_or(WorkspaceId());
    event.at = Instant::parse(text_in(row, "created_at")).value_or(Instant());
    event.seq = number_in(row, "seq");
    const Node payload = row.find("payload");
    if (event.type == "WORKSPACE_PROVISIONING" && !agents.contains(event.workspace))
      former[event.workspace] = text_in(payload, "name");
    if (event.type.starts_with("DELEGATION_")) note_handover(event, payload);
    note({event.seq, event.at, event.type, event.workspace,
          words_about(event.type, payload, *this)});
  }
}

void Model::note_handover(const client::Event& event, Node payload) {
  const std::string id = text_in(payload, "delegation_id");
  if (id.empty()) return;
  auto at = std::ranges::find(handovers, id, &Handover::id);
  if (at == handovers.end()) {
    Handover fresh;
    fresh.id = id;
    fresh.began = event.at;
    handovers.push_front(std::move(fresh));
    at = handovers.begin();
    if (handovers_at.selected > 0 && filter.empty()) ++handovers_at.selected;
    if (handovers.size() > handovers_max) handovers.pop_back();
  }
  Handover& handover = *at;
  if (handover.changed > event.at) return;
  handover.changed = event.at;
  handover.source = event.workspace;
  if (const auto target = WorkspaceId::parse(text_in(payload, "target_id")))
    handover.target = *target;
  if (auto task = text_in(payload, "task_preview"); !task.empty()) handover.task = task;
  if (auto status = text_in(payload, "status"); !status.empty()) handover.status = status;
  if (handover.status.empty()) handover.status = "sent";
  if (event.type == "DELEGATION_COMPLETE") {
    handover.status = "completed";
    handover.outcome = text_in(payload, "response_preview");
  } else if (event.type == "DELEGATION_FAILED") {
    if (handover.status != "canceled") handover.status = "failed";
    handover.outcome = text_in(payload, "error");
  }
}

void Model::remove(const WorkspaceId& id) {
  const auto at = agents.find(id);
  if (at == agents.end()) return;
  former[id] = at->second.name;
  while (former.size() > former_max) former.erase(former.begin());
  agents.erase(at);
  kept.erase(id);
  std::erase(unread_tokens, id);
  folded.erase(id);
}

bool Model::apply(const client::Event& event) {
  std::optional<json::Document> document;
  try {
    document = json::parse_answer(event.payload.text);
  } catch (const Fault&) {
    return false;
  }
  const Node payload = document->root();
  const auto at = agents.find(event.workspace);
  // Of what a beat tells, some filters and orders look at something; the tree looks at nothing.
  if (event.type != "WORKSPACE_HEARTBEAT" || order != Order::name || !filter.empty()) ++version;
  if (event.type == "WORKSPACE_REMOVED") {
    remove(event.workspace);
  } else if (event.type == "WORKSPACE_HEARTBEAT") {
    if (at == agents.end()) return false;
    take_members(at->second, payload);
    at->second.late = false;
    at->second.heard = event.at;
    return true;
  } else if (event.type == "WORKSPACE_LATE") {
    if (at != agents.end()) at->second.late = true;
  } else if (event.type == "WORKSPACE_UPDATED" || event.type == "TASK_UPDATED" ||
             event.type == "AGENT_CARD_UPDATED") {
    if (at != agents.end()) take_members(at->second, payload);
  } else if (!status_after(event.type).empty()) {
    // Only what has a name may add one: a late word must not bring a removed one back.
    if (at != agents.end()) {
      arrive(at->second, event.type, payload);
    } else if (const std::string name = text_in(payload, "name"); !name.empty()) {
      Agent agent;
      agent.id = event.workspace;
      agent.made = event.at;
      arrive(agent, event.type, payload);
      agents.emplace(agent.id, std::move(agent));
    }
  }
  if (event.type.starts_with("DELEGATION_")) note_handover(event, payload);
  if (event.type == "AGENT_MESSAGE") {
    const auto chat = chats.find(event.workspace);
    if (chat != chats.end()) chat->second.add_answer(text_in(payload, "message"), event.at);
  }
  if (event.type == "USER_MESSAGE") {
    const auto chat = chats.find(event.workspace);
    if (chat != chats.end() && chat->second.recalled) {
      Turn told{Turn::Who::person, text_in(payload, "content"), event.at,
                text_in(payload, "message_id"), text_in(payload, "by")};
      if (told.by.empty()) told.by = "somebody";
      chat->second.add_message(std::move(told));
    }
  }
  if (event.transient) return event.type == "AGENT_REFUSED";
  note({event.seq, event.at, event.type, event.workspace, words_about(event.type, payload, *this)});
  return true;
}

std::string Model::name_of(const WorkspaceId& id) const {
  if (id.nil()) return {};
  if (const auto at = agents.find(id); at != agents.end()) return at->second.name;
  if (const auto at = former.find(id); at != former.end()) return at->second;
  return short_id(id);
}

std::vector<WorkspaceId> Model::children_of(const WorkspaceId& id) const {
  std::vector<WorkspaceId> found;
  for (const auto& [each, agent] : agents) {
    if (agent.parent == id) found.push_back(each);
  }
  return found;
}

std::size_t Model::count_below(const WorkspaceId& id) const {
  std::multimap<WorkspaceId, WorkspaceId> below;
  for (const auto& [each, agent] : agents) {
    if (agent.parent) below.emplace(*agent.parent, each);
  }
  std::set<WorkspaceId> seen{id};
  std::vector<WorkspaceId> left{id};
  while (!left.empty()) {
    const WorkspaceId at = left.back();
    left.pop_back();
    const auto [begin, end] = below.equal_range(at);
    for (auto child = begin; child != end; ++child) {
      if (seen.insert(child->second).second) left.push_back(child->second);
    }
  }
  return seen.size() - 1;
}

void Chat::add(Turn::Who who, std::string text, Instant at) {
  if (text.size() > text_max) text = json::storable(text, text_max) + "…";
  turns.push_back({who, std::move(text), at});
  limit();
  if (who == Turn::Who::agent) ++unread;
}

void Chat::add_answer(std::string text, Instant at) {
  constexpr auto twins_within = std::chrono::seconds(10);
  for (auto turn = turns.rbegin(); turn != turns.rend(); ++turn) {
    if (turn->who == Turn::Who::person) break;
    if (turn->who == Turn::Who::agent && turn->text == text && at - turn->at < twins_within) return;
  }
  add(Turn::Who::agent, std::move(text), at);
}

void Chat::sent(std::string_view text, std::string id) {
  const auto turn = std::find_if(turns.rbegin(), turns.rend(), [&](const Turn& each) {
    return each.who == Turn::Who::person && each.id.empty() && each.text == text;
  });
  if (turn != turns.rend()) turn->id = std::move(id);
}

void Chat::add_message(Turn told) {
  const auto known = std::ranges::find_if(
      turns, [&](const Turn& turn) { return !turn.id.empty() && turn.id == told.id; });
  if (known == turns.end()) {
    turns.push_back(std::move(told));
    limit();
  }
}

void Chat::put_before(std::vector<Turn> earlier) {
  // Without ids, those are the same that say the same at the same time, by two clocks.
  constexpr auto same_time = std::chrono::minutes(5);
  const auto is_same = [&](const Turn& a, const Turn& b) {
    if (a.who != b.who) return false;
    if (!a.id.empty() && !b.id.empty()) return a.id == b.id;
    return a.text == b.text && a.at - b.at < same_time && b.at - a.at < same_time;
  };
  std::erase_if(earlier, [&](const Turn& turn) {
    return std::ranges::any_of(turns, [&](const Turn& known) { return is_same(known, turn); });
  });
  for (Turn& each : earlier) {
    const auto place = std::ranges::upper_bound(turns, each.at, {}, &Turn::at);
    turns.insert(place, std::move(each));
  }
  anchor.reset();
  limit();
}

void Chat::limit() {
  while (turns.size() > turns_max) {
    turns.pop_front();
    ++gone;
  }
}

std::string words_about(std::string_view type, Node payload, const Model& model) {
  const auto said = [&](std::string_view name) { return text_in(payload, name); };
  if (type == "DELEGATION_SENT")
    return fmt::format("to {}: {}", name_in(payload, "target_id", model), said("task_preview"));
  if (type == "DELEGATION_STATUS")
    return fmt::format("to {}: {}", name_in(payload, "target_id", model), said("status"));
  if (type == "DELEGATION_COMPLETE")
    return fmt::format("by {}: {}", name_in(payload, "target_id", model), said("response_preview"));
  if (type == "DELEGATION_FAILED")
    return fmt::format("by {}: {}", name_in(payload, "target_id", model), said("error"));
  if (type == "TASK_UPDATED") return said("current_task").empty() ? "idle" : said("current_task");
  if (type == "USER_MESSAGE") return said("content");
  if (type == "AGENT_MESSAGE") return said("message");
  if (type == "ACTIVITY_LOGGED") {
    const std::string summary = said("summary").empty() ? said("method") : said("summary");
    return fmt::format("{} {}: {}", said("activity_type"), said("status"), summary);
  }
  if (type == "A2A_RESPONSE")
    return fmt::format("{} after {} ms", said("method"), number_in(payload, "duration_ms"));
  if (type == "SECRET_CHANGED") return said("key");
  if (type == "TICKET_MADE") return said("name").empty() ? said("role") : said("name");
  if (type == "WORKSPACE_UPDATED") {
    std::string names;
    for (std::size_t i = 0; payload.is(Type::object) && i < payload.size(); ++i) {
      if (!names.empty()) names += ", ";
      names += payload.name_at(i);
    }
    return names;
  }
  if (type == "WORKSPACE_PROVISIONING") return said("role");
  for (const std::string_view name : {"error", "sample_error", "recovered_from", "address"}) {
    if (auto text = said(name); !text.empty()) return text;
  }
  return {};
}

}  // namespace molecule::tui
