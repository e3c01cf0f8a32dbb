#include "server/cards/cards_service.h"

#include <fmt/format.h>

#include "server/workspaces/reach.h"
#include "wire/a2a/card.h"

namespace molecule::cards {
namespace {

constexpr auto table = http::table(
    http::get<auth::Peer, &Service::card>("/a2a/{id}/.well-known/agent-card.json")
        .says("The A2A agent card of a workspace.")
        .gives<RawJson>(200)
        .refuses("workspace_not_found", "workspace_removed", "not_reachable"),
    http::get<auth::Peer, &Service::card>("/a2a/{id}/.well-known/agent.json")
        .says("The A2A agent card of a workspace, where clients before 0.3 look for it.")
        .gives<RawJson>(200)
        .refuses("workspace_not_found", "workspace_removed", "not_reachable"));

}  // namespace

const std::span<const http::Route> routes = table;

io::Task<http::Response> Service::card(auth::Peer::Caller, WorkspaceId id,
                                       const http::Request& request) {
  a2a::Endpoint endpoint;
  RawJson own;
  std::optional<Fault> refusal;
  bool found = directory_.look_at(id, [&](const workspaces::Entry& entry) {
    refusal = workspaces::gone_peer(entry);
    endpoint.name = entry.name;
    endpoint.description = entry.role.empty() ? entry.name : entry.role;
    own = entry.agent_card;
  });
  if (!found) throw not_found("workspace");
  if (refusal) throw std::move(*refusal);
  std::string base = public_url_;
  while (base.ends_with('/')) base.pop_back();
  if (base.empty()) base = fmt::format("{}://{}", request.secure ? "https" : "http", request.host);
  endpoint.url = fmt::format("{}/a2a/{}", base, id.text());
  auto version = request.header("A2A-Version");
  const bool new_one = version && version->starts_with("1.");
  co_return http::Response::json(
      200, a2a::card_at(endpoint, own.text, new_one ? a2a::CardForm::v10 : a2a::CardForm::hybrid))
      .with("Vary", "A2A-Version");
}

}  // namespace molecule::cards
