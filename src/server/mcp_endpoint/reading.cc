// What there is to read at an endpoint: the agent cards of those that may be reached, and words
// that begin a piece of work.
#include <algorithm>

#include "server/mcp_endpoint/tools.h"
#include "wire/mcp/quoting.h"

namespace molecule::mcp_endpoint {
namespace {

constexpr std::string_view before = "molecule://workspaces/", behind = "/card";
constexpr std::size_t page_max = 100;
constexpr std::string_view handing_over = "hand_over";

std::string uri_of(WorkspaceId id) { return fmt::format("{}{}{}", before, id.text(), behind); }

std::optional<WorkspaceId> workspace_in(std::string_view uri) {
  if (!uri.starts_with(before) || !uri.ends_with(behind) ||
      uri.size() <= before.size() + behind.size())
    return std::nullopt;
  uri.remove_prefix(before.size());
  uri.remove_suffix(behind.size());
  return WorkspaceId::parse(uri);
}

std::string listed(const workspaces::Entry& entry) {
  json::Object out;
  const std::string name = mcp::harmless(entry.name);
  out.add("uri", uri_of(entry.id)).add("name", name.empty() ? entry.id.text() : name);
  out.add("description", "The agent card of this workspace");
  out.add("mimeType", "application/json");
  return out.text();
}

}  // namespace

// Itself, then its peers; a cursor is the id of the last one that was told.
std::optional<mcp::Offer::Page> Tools::resources(std::string_view cursor) const {
  const WorkspaceId own = asker_.workspace;
  Page page;
  std::size_t room = page_max;
  std::optional<workspaces::PeerPlace> from;
  const auto last = WorkspaceId::parse(cursor);
  if (cursor.empty()) {
    parts_.directory.look_at(own, [&](const workspaces::Entry& entry) {
      page.items = listed(entry);
      --room;
    });
  } else {
    if (last) from = parts_.directory.peer_place(own, *last);
    if (!from && last != own) return std::nullopt;
  }
  const auto reached =
      parts_.directory.look_at_peers(own, from, room, [&](const workspaces::Entry& entry) {
        page.items += (page.items.empty() ? "" : ",") + listed(entry);
        return true;
      });
  page.items = "[" + page.items + "]";
  const auto any = [](const workspaces::Entry&) { return true; };
  if (reached && parts_.directory.look_at_peers(own, reached, 1, any))
    page.next = reached->place.id.text();
  return page;
}

std::string Tools::templates() const {
  json::Object out;
  out.add("uriTemplate", fmt::format("{}{{id}}{}", before, behind)).add("name", "Agent card");
  out.add("description", "The agent card of a workspace that may be reached");
  out.add("mimeType", "application/json");
  return "[" + out.text() + "]";
}

std::optional<std::string> Tools::resource(std::string_view uri) const {
  const auto id = workspace_in(uri);
  if (!id || !parts_.directory.may_reach(asker_.workspace, *id)) return std::nullopt;
  std::optional<std::string> out;
  parts_.directory.look_at(*id, [&](const workspaces::Entry& entry) {
    if (entry.removed_at) return;
    json::Object contents;
    contents.add("uri", uri_of(*id)).add("mimeType", "application/json");
    contents.add("text", entry.agent_card.empty() ? std::string("{}") : entry.agent_card.text);
    out = "[" + contents.text() + "]";
  });
  return out;
}

std::string Tools::prompts() const {
  json::Object argument, out;
  argument.add("name", "task").add("description", "What is to be done").add("required", true);
  out.add("name", handing_over);
  out.add("description", "Hand a piece of work to the peer that suits it best");
  out.add("arguments", RawJson("[" + argument.text() + "]"));
  return "[" + out.text() + "]";
}

std::optional<json::Object> Tools::prompt(std::string_view name, json::Node arguments) const {
  if (name != handing_over) return std::nullopt;
  const std::string task = mcp::text_of(arguments, "task");
  if (task.empty()) throw bad_request("task: is required");
  json::Object text, message, out;
  text.add("type", "text");
  text.add("text",
           fmt::format("Look at list_peers and choose the agent whose role suits this best. Hand "
                       "it over with delegate_task; if it goes on for long, look again with "
                       "check_task_status. Then tell me what came of it.\n\nThe work:\n{}",
                       task));
  message.add("role", "user").add("content", text.raw());
  out.add("description", "Hand a piece of work to a peer");
  out.add("messages", RawJson("[" + message.text() + "]"));
  return out;
}

}  // namespace molecule::mcp_endpoint
