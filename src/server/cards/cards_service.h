// The A2A agent card of each workspace: the platform's endpoint in front of what the agent says.
#pragma once

#include <span>
#include <string>

#include "platform/http/route.h"
#include "server/auth/access.h"
#include "server/workspaces/directory.h"

namespace molecule::cards {

class Service {
 public:
  // `public_url`: where people reach the platform; empty: as the request did.
  Service(const workspaces::Directory& directory, std::string public_url)
      : directory_(directory), public_url_(std::move(public_url)) {}

  // GET /a2a/{id}/.well-known/agent-card.json, and agent.json, where it was before 0.3. The card of
  // 1.0 alone for who says so in A2A-Version, otherwise one that clients of 0.3 read as well.
  io::Task<http::Response> card(auth::Peer::Caller caller, WorkspaceId id,
                                const http::Request& request);

 private:
  const workspaces::Directory& directory_;
  const std::string public_url_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::cards
