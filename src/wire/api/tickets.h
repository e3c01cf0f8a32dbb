// Tickets by which agents join, and the keys that are pinned to workspaces.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "platform/json/shape.h"
#include "wire/api/workspaces.h"

namespace molecule::api {

enum class TicketState { open, redeemed, expired, revoked };
BOOST_DESCRIBE_ENUM(TicketState, open, redeemed, expired, revoked)

// How long a ticket may be good.
inline constexpr std::int64_t ticket_seconds_min = 60;
inline constexpr std::int64_t ticket_seconds_max = 7 * 24 * 3600;

// Body of POST /tickets.
struct NewTicket {
  std::optional<std::string> name;
  std::optional<std::string> role;
  std::optional<WorkspaceId> parent_id;
  std::optional<std::string> runtime;
  std::optional<std::int64_t> tier;
  std::optional<std::int64_t> expires_in;
  std::optional<std::string> platform_url;
  std::optional<CanvasPosition> canvas;

  static constexpr json::Reading reading{.form = {"invalid_field"},
                                         .bounds = bad_workspace_fields,
                                         .missing = {"missing_field"},
                                         .object = {"invalid_field"}};
  static constexpr std::array rules{json::Rule("name").size(0, workspace_name_max),
                                    json::Rule("role").size(0, workspace_role_max),
                                    json::Rule("tier").from(0, 4),
                                    json::Rule("expires_in")
                                        .from(ticket_seconds_min, ticket_seconds_max)
                                        .value_refused_by({"invalid_ticket"})};
  static constexpr std::array about{
      json::About{"name", "of the workspace; left out: as the agent calls itself, else the role"},
      json::About{"role", "what colleagues read to choose whom to ask; it or a name is needed"},
      json::About{"parent_id", "null or left out: a root"},
      json::About{"runtime", "of an agent that joins by itself; \"external\" when left out"},
      json::About{"tier", "3 when 0 or left out"},
      json::About{"expires_in", "seconds; an hour when left out"},
      json::About{"platform_url",
                  "where the other machine reaches the platform; left out: the setting "
                  "platform-url, else as the request did"},
      json::About{"canvas", "where it will stand: absolute position in pixels"}};
};
BOOST_DESCRIBE_STRUCT(NewTicket, (),
                      (name, role, parent_id, runtime, tier, expires_in, platform_url, canvas))

struct TicketMade {
  TicketId id;
  std::string ticket;
  Instant expires_at;
  std::string command;
  std::string platform_url;
  std::string fingerprint;

  static constexpr std::array about{
      json::About{"ticket", "shown this once"},
      json::About{"command", "to run on the other machine"},
      json::About{"fingerprint", "of the platform's key, as GET /platform/key shows it"}};
};
BOOST_DESCRIBE_STRUCT(TicketMade, (), (id, ticket, expires_at, command, platform_url, fingerprint))

// A ticket as lists show it.
struct Ticket {
  TicketId id;
  std::string name;
  std::string role;
  std::optional<WorkspaceId> parent_id;
  std::string runtime;
  int tier = 3;
  TicketState state = TicketState::open;
  Instant created_at;
  Instant expires_at;
  json::Omit<Instant> redeemed_at;
  json::Omit<WorkspaceId> workspace_id;
  json::Omit<std::string> agent_fingerprint;
  json::Omit<std::string> redeemed_from;

  static constexpr std::array about{
      json::About{"workspace_id", "that it made, once it is redeemed"},
      json::About{"agent_fingerprint", "of the key of the agent that redeemed it"},
      json::About{"redeemed_from", "the address that agent asked from"}};
};
BOOST_DESCRIBE_STRUCT(Ticket, (),
                      (id, name, role, parent_id, runtime, tier, state, created_at, expires_at,
                       redeemed_at, workspace_id, agent_fingerprint, redeemed_from))

struct TicketPage {
  std::vector<Ticket> tickets;
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(TicketPage, (), (tickets, count))

// Body of POST /tickets/redeem.
struct Redemption {
  std::string ticket;
  std::string agent_key;
  std::string proof;
  std::optional<std::int64_t> attempt;
  std::optional<std::string> name;
  std::optional<RawJson> agent_card;

  static constexpr std::array about{
      json::About{"agent_key", "the public half of the agent's Ed25519 key, in base64url"},
      json::About{"proof",
                  "by that key, in base64url: its signature of \"23:molecule ticket proof 1\" and, "
                  "each as its length, a colon and its text, the ticket's id and attempt"},
      json::About{"attempt",
                  "0 when left out; to ask again it must be higher than before, as the time in "
                  "milliseconds is"},
      json::About{"name", "used where the ticket names none"},
      json::About{"agent_card", "its A2A card"}};
};
BOOST_DESCRIBE_STRUCT(Redemption, (), (ticket, agent_key, proof, attempt, name, agent_card))

// Answer of POST /tickets/redeem.
struct TicketRedeemed {
  WorkspaceId workspace_id;
  std::string name;
  std::string auth_token;
  std::string platform_key;
  std::string signature;

  static constexpr std::array about{
      json::About{"name", "as it is kept: a number may have been added"},
      json::About{"auth_token", "shown this once"},
      json::About{"platform_key", "whose fingerprint the ticket carries, in base64url"},
      json::About{"signature",
                  "by that key, in base64url: of \"24:molecule ticket answer 1\" and, each as "
                  "its length, a colon and its text, the ticket's id, agent_key and workspace_id"}};
};
BOOST_DESCRIBE_STRUCT(TicketRedeemed, (), (workspace_id, name, auth_token, platform_key, signature))

// The key that is pinned to a workspace; null where none is.
struct AgentKey {
  WorkspaceId workspace_id;
  std::optional<std::string> public_key;
  std::optional<std::string> fingerprint;
  std::optional<Instant> created_at;
};
BOOST_DESCRIBE_STRUCT(AgentKey, (), (workspace_id, public_key, fingerprint, created_at))

}  // namespace molecule::api
