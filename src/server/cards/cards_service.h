// The A2A agent card of each workspace: the platform's endpoint in front of what the agent says,
// signed by the platform; and the key to check that with.
#pragma once

#include <span>
#include <string>

#include "platform/crypto/sign.h"
#include "platform/http/route.h"
#include "server/auth/access.h"
#include "server/workspaces/directory.h"
#include "wire/a2a/card.h"
#include "wire/api/system.h"

namespace molecule::cards {

class Service {
 public:
  // `public_url`: where people reach the platform; empty: as the request did. `key` outlives it.
  Service(const workspaces::Directory& directory, std::string public_url,
          const crypto::SigningKey& key)
      : directory_(directory), public_url_(std::move(public_url)), key_(key) {}

  // GET /a2a/{id}/.well-known/agent-card.json, and agent.json, where it was before 0.3. The card of
  // 1.0 alone for who says so in A2A-Version, otherwise one that clients of 0.3 read as well.
  io::Task<http::Response> card(auth::Peer::Caller caller, WorkspaceId id,
                                const http::Request& request);
  // The same for who asks for the extended card. There is one card, and nobody reads it who may not
  // reach the workspace, so it says all already. Throws Fault as the card does.
  std::string extended(std::optional<WorkspaceId> asker, WorkspaceId id, a2a::CardForm form,
                       const http::Request& request) const;
  // GET /.well-known/jwks.json
  io::Task<api::WebKeys> keys(auth::Open::Caller caller);

  // Throws Fault when there is no such workspace for who asks, as the extended card does.
  void require_seen(std::optional<WorkspaceId> asker, WorkspaceId id) const;

 private:
  // The platform's address as whoever asks reaches it.
  std::string base(const http::Request& request) const;
  std::string signed_card(WorkspaceId id, a2a::CardForm form, const http::Request& request) const;

  const workspaces::Directory& directory_;
  const std::string public_url_;
  const crypto::SigningKey& key_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::cards
