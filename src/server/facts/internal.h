// Facts that concern nobody outside: what makes the memory of a process follow the log. They are a
// type of their own, and nothing makes a frame, a page or a stream of them; that a token ended is
// told in other words, or not at all. PayloadOf<kind>::Payload is the struct that belongs to one.
//
// A payload holds all that memory takes over, and never a secret in the clear. Times are
// microseconds since the epoch where memory compares them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/raw_json.h"
#include "wire/api/keys.h"
#include "wire/api/workspaces.h"

namespace molecule::facts {

enum class Internal {
  WORKSPACE_MADE,
  WORKSPACE_ENROLLED,
  WORKSPACES_PURGED,
  TOKEN_ISSUED,
  TOKENS_ENDED,
  SESSION_BEGUN,
  SESSIONS_ENDED,
  KEY_ISSUED,
  KEY_ENDED,
  INBOUND_SECRET_MADE,
  INBOUND_SECRETS_GONE
};
BOOST_DESCRIBE_ENUM(Internal, WORKSPACE_MADE, WORKSPACE_ENROLLED, WORKSPACES_PURGED, TOKEN_ISSUED,
                    TOKENS_ENDED, SESSION_BEGUN, SESSIONS_ENDED, KEY_ISSUED, KEY_ENDED,
                    INBOUND_SECRET_MADE, INBOUND_SECRETS_GONE)

// Its time is the workspace's creation.
struct WorkspaceMade {
  std::optional<WorkspaceId> parent;
  std::string name;
  std::string role;
  int tier = 3;
  std::string runtime;
  api::WorkspaceStatus status = api::WorkspaceStatus::provisioning;
  std::string url;
  json::Omit<RawJson> agent_card;
  std::optional<api::DeliveryMode> delivery;  // What was chosen, if anybody did.
  int max_concurrent_tasks = 1;
  std::optional<std::int64_t> budget_limit;
};
BOOST_DESCRIBE_STRUCT(WorkspaceMade, (),
                      (parent, name, role, tier, runtime, status, url, agent_card, delivery,
                       max_concurrent_tasks, budget_limit))

struct WorkspaceEnrolled {
  std::string url;
  RawJson agent_card;
  api::DeliveryMode delivery = api::DeliveryMode::poll;
};
BOOST_DESCRIBE_STRUCT(WorkspaceEnrolled, (), (url, agent_card, delivery))

struct WorkspacesPurged {
  std::vector<WorkspaceId> ids;
};
BOOST_DESCRIBE_STRUCT(WorkspacesPurged, (), (ids))

struct TokenIssued {
  TokenId id;
  std::string digest;        // Hex.
  std::int64_t ends_at = 0;  // Seconds since the epoch, 0 never.
};
BOOST_DESCRIBE_STRUCT(TokenIssued, (), (id, digest, ends_at))

// All of one workspace.
struct TokensEnded {
  std::vector<std::string> digests;
  bool departed = false;  // Their workspace was removed: they still say so to their holders.
};
BOOST_DESCRIBE_STRUCT(TokensEnded, (), (digests, departed))

struct SessionBegun {
  SessionId id;
  std::string digest;
  std::int64_t expires_at = 0;
};
BOOST_DESCRIBE_STRUCT(SessionBegun, (), (id, digest, expires_at))

struct SessionsEnded {
  std::vector<std::string> digests;
};
BOOST_DESCRIBE_STRUCT(SessionsEnded, (), (digests))

struct KeyIssued {
  KeyId id;
  std::string digest;
  std::string prefix;
  api::KeyScope scope = api::KeyScope::read;
  std::optional<std::int64_t> expires_at;
};
BOOST_DESCRIBE_STRUCT(KeyIssued, (), (id, digest, prefix, scope, expires_at))

struct KeyEnded {
  std::string digest;
};
BOOST_DESCRIBE_STRUCT(KeyEnded, (), (digest))

struct InboundSecretMade {
  std::string sealed;  // Base64 of what the store holds.
};
BOOST_DESCRIBE_STRUCT(InboundSecretMade, (), (sealed))

struct InboundSecretsGone {
  std::vector<WorkspaceId> ids;
};
BOOST_DESCRIBE_STRUCT(InboundSecretsGone, (), (ids))

template <Internal kind>
struct PayloadOf;

template <>
struct PayloadOf<Internal::WORKSPACE_MADE> {
  using Payload = WorkspaceMade;
};
template <>
struct PayloadOf<Internal::WORKSPACE_ENROLLED> {
  using Payload = WorkspaceEnrolled;
};
template <>
struct PayloadOf<Internal::WORKSPACES_PURGED> {
  using Payload = WorkspacesPurged;
};
template <>
struct PayloadOf<Internal::TOKEN_ISSUED> {
  using Payload = TokenIssued;
};
template <>
struct PayloadOf<Internal::TOKENS_ENDED> {
  using Payload = TokensEnded;
};
template <>
struct PayloadOf<Internal::SESSION_BEGUN> {
  using Payload = SessionBegun;
};
template <>
struct PayloadOf<Internal::SESSIONS_ENDED> {
  using Payload = SessionsEnded;
};
template <>
struct PayloadOf<Internal::KEY_ISSUED> {
  using Payload = KeyIssued;
};
template <>
struct PayloadOf<Internal::KEY_ENDED> {
  using Payload = KeyEnded;
};
template <>
struct PayloadOf<Internal::INBOUND_SECRET_MADE> {
  using Payload = InboundSecretMade;
};
template <>
struct PayloadOf<Internal::INBOUND_SECRETS_GONE> {
  using Payload = InboundSecretsGone;
};

}  // namespace molecule::facts
