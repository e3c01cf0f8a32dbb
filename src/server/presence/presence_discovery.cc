#include <algorithm>
#include <cctype>

#include "server/presence/presence_service.h"

namespace molecule::presence {

namespace {

using workspaces::Delivery;
using workspaces::Entry;
using workspaces::Status;

constexpr std::size_t looked_at_once = 500;  // Peers, while the organisation is held still.

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string trimmed(const std::string& text) {
  std::size_t from = text.find_first_not_of(" \t");
  if (from == std::string::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

bool is_reachable(const Entry& entry, const Relayed& relayed) {
  bool alive = entry.status == Status::online || entry.status == Status::degraded;
  return alive &&
         (entry.delivery == Delivery::poll || !entry.url.empty() || relayed.is_relayed(entry.id));
}

// As peers see it, without what it is at.
api::PeerView seen(const Entry& peer) {
  api::PeerView view;
  view.id = peer.id;
  view.name = peer.name;
  if (!peer.role.empty()) view.role = peer.role;
  view.tier = peer.tier;
  view.status = peer.status;
  view.url = peer.url;
  view.parent_id = peer.parent;
  view.agent_card = peer.agent_card;
  view.runtime = peer.runtime;
  view.delivery_mode = peer.delivery;
  return view;
}

Entry live_entry(const workspaces::Directory& directory, WorkspaceId id) {
  auto entry = directory.find(id);
  if (!entry) throw workspaces::unknown_workspace();
  if (entry->status == Status::removed) throw workspaces::removed_workspace(id, entry->removed_at);
  return std::move(*entry);
}

}  // namespace

io::Task<api::Discovered> Service::discover(auth::Peer::Caller caller, WorkspaceId id,
                                            const http::Request& request) {
  auto header = request.header("X-Workspace-ID");
  std::optional<WorkspaceId> asker = caller.workspace();
  if (header) {
    auto named = WorkspaceId::parse(*header);
    if (!named)
      throw bad_request("invalid_workspace_id", "X-Workspace-ID is not the id of a workspace");
    if (asker && *asker != *named) {
      throw Fault(Kind::forbidden, "token_workspace_mismatch",
                  "X-Workspace-ID names another workspace than the token");
    }
    asker = named;
  }
  if (!asker) throw bad_request("workspace_id_required", "X-Workspace-ID header is required");
  const workspaces::Directory& directory = table_.directory();
  if (!directory.may_reach(*asker, id)) {
    throw Fault(Kind::forbidden, "not_reachable", "not authorized to discover this workspace");
  }
  Entry entry = live_entry(directory, id);
  if (!is_reachable(entry, relayed_)) {
    throw Fault(Kind::unavailable, "workspace_not_available", "workspace not available")
        .with(json::members(api::StatusHint{entry.status}));
  }
  api::Discovered found;
  found.id = id;
  found.url = entry.url;
  found.name = entry.name;
  found.delivery_mode = entry.delivery;
  // Only who proved to be the caller gets what says so, and only towards whom it may send.
  const bool direct = entry.delivery == Delivery::push && !entry.url.empty();
  if (direct && caller.workspace() && *asker != id && directory.may_send(*asker, id)) {
    found.direct_token = direct_calls_.token(*asker, id);
    found.direct_token_expires_in = DirectCalls::lives.count();
  }
  co_return found;
}

io::Task<std::vector<api::PeerView>> Service::peers(auth::Self::Caller, WorkspaceId id,
                                                    http::Query<Sought> sought) {
  const workspaces::Directory& directory = table_.directory();
  live_entry(directory, id);
  const Sought& asked = sought.value;
  if (asked.limit && *asked.limit < 1) throw bad_request("bad_query", "limit is 1 or more");
  std::optional<workspaces::PeerPlace> from;
  if (asked.after) {
    const auto after = WorkspaceId::parse(*asked.after);
    if (after) from = directory.peer_place(id, *after);
    if (!from)
      throw Fault(Kind::gone, "cursor_gone",
                  "after: that one is no peer any more; list them from the beginning");
  }
  const std::string words = lower(trimmed(asked.q.value_or("")));
  std::vector<api::PeerView> views;
  const auto enough = [&] { return asked.limit && std::ssize(views) >= *asked.limit; };
  const auto take = [&](const Entry& peer) {
    if (words.empty() || lower(peer.name).contains(words) || lower(peer.role).contains(words))
      views.push_back(seen(peer));
    return !enough();
  };
  while (!enough()) {
    from = directory.look_at_peers(id, from, looked_at_once, take);
    if (!from) break;
    // Others of this loop have their turns in between.
    co_await io::yield();
  }
  for (api::PeerView& view : views) view.active_tasks = roster_.of(view.id).active_tasks;
  co_return views;
}

io::Task<api::AccessAnswer> Service::check_access(auth::Member::Caller,
                                                  api::AccessQuestion question) {
  co_return api::AccessAnswer{table_.directory().may_send(question.caller_id, question.target_id)};
}

}  // namespace molecule::presence
