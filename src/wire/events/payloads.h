// What each kind of event brings along. PayloadOf<type>::type is the struct that belongs to it.
//
// `by` names the organisation key that asked for it, as auth::Caller::by() does; where it is absent
// a person did, or nobody.
#pragma once

#include "wire/api/activity.h"
#include "wire/api/delegations.h"
#include "wire/api/keys.h"
#include "wire/api/secrets.h"
#include "wire/api/tickets.h"
#include "wire/api/workspaces.h"
#include "wire/events/types.h"

namespace molecule::events {

struct Provisioning {
  std::string name;
  int tier = 3;
  std::string runtime;
  std::string role;
  std::optional<WorkspaceId> parent_id;
  double x = 0;
  double y = 0;
  json::Omit<std::string> by = {};
};
BOOST_DESCRIBE_STRUCT(Provisioning, (), (name, tier, runtime, role, parent_id, x, y, by))

// A workspace arrived in another status; what is there says why.
struct Arrival {
  json::Omit<std::string> name;
  json::Omit<bool> external;
  json::Omit<std::string> url;
  json::Omit<RawJson> agent_card;
  json::Omit<api::DeliveryMode> delivery_mode;
  json::Omit<std::string> error;
  json::Omit<std::string> runtime_state;
  json::Omit<double> error_rate;
  json::Omit<std::string> sample_error;
  json::Omit<api::WorkspaceStatus> recovered_from;
  json::Omit<std::int64_t> cascade_deleted;
  json::Omit<std::string> by = {};

  static constexpr std::array about{
      json::About{"external", "its agent joins by itself"},
      json::About{"url", "with agent_card and delivery_mode: its agent registered"},
      json::About{"error", "why it could not be started"},
      json::About{"runtime_state", "\"wedged\", or the error_rate that made it degraded"},
      json::About{"recovered_from", "the status it was in when its agent was heard again"},
      json::About{"cascade_deleted", "workspaces below it that were removed with it"},
      json::About{"by", "the organisation key that asked for it, if one did"}};
};
BOOST_DESCRIBE_STRUCT(Arrival, (),
                      (name, external, url, agent_card, delivery_mode, error, runtime_state,
                       error_rate, sample_error, recovered_from, cascade_deleted, by))

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

// Why somebody could not register as its agent.
struct Refused {
  std::string code;
  std::string error;

  static constexpr std::array about{json::About{"code", "as the answer had it"}};
};
BOOST_DESCRIBE_STRUCT(Refused, (), (code, error))

// What was changed, and nothing else.
struct Changed {
  json::Omit<std::string> name;
  json::Omit<std::string> role;
  json::Omit<int> tier;
  json::Omit<std::string> runtime;
  json::Omit<std::string> url;
  json::Omit<std::optional<WorkspaceId>> parent_id;
  json::Omit<std::optional<std::string>> workspace_dir;
  json::Omit<api::WorkspaceAccess> workspace_access;
  json::Omit<bool> collapsed;
  json::Omit<double> x;
  json::Omit<double> y;
  json::Omit<std::string> by = {};
};
BOOST_DESCRIBE_STRUCT(Changed, (),
                      (name, role, tier, runtime, url, parent_id, workspace_dir, workspace_access,
                       collapsed, x, y, by))

struct Load {
  std::int64_t active_tasks = 0;
  std::int64_t uptime_seconds = 0;
};
BOOST_DESCRIBE_STRUCT(Load, (), (active_tasks, uptime_seconds))

struct TaskUpdated {
  std::string current_task;
  std::int64_t active_tasks = 0;
};
BOOST_DESCRIBE_STRUCT(TaskUpdated, (), (current_task, active_tasks))

struct CardUpdated {
  RawJson agent_card;
};
BOOST_DESCRIBE_STRUCT(CardUpdated, (), (agent_card))

struct CredentialsRotated {
  WorkspaceId workspace_id;
  json::Omit<std::string> by = {};
};
BOOST_DESCRIBE_STRUCT(CredentialsRotated, (), (workspace_id, by))

struct SecretChanged {
  std::string key;
  api::SecretScope scope = api::SecretScope::workspace;
  json::Omit<std::string> by = {};
};
BOOST_DESCRIBE_STRUCT(SecretChanged, (), (key, scope, by))

// About no workspace, as the others of tickets are but the redeemed.
struct TicketGivenOut {
  TicketId ticket_id;
  std::string name;
  std::string role;
  std::optional<WorkspaceId> parent_id;
  Instant expires_at;
  json::Omit<std::string> by = {};
};
BOOST_DESCRIBE_STRUCT(TicketGivenOut, (), (ticket_id, name, role, parent_id, expires_at, by))

// About the workspace that it made.
struct TicketSpent {
  TicketId ticket_id;
  std::string agent_key;
  std::string address;
  bool again = false;

  static constexpr std::array about{
      json::About{"agent_key", "the public key that is pinned to the workspace, in base64url"},
      json::About{"address", "where the agent asked from"},
      json::About{"again", "the same agent repeated itself: it was given a fresh token"}};
};
BOOST_DESCRIBE_STRUCT(TicketSpent, (), (ticket_id, agent_key, address, again))

// Somebody who holds it came too late.
struct TicketRejected {
  TicketId ticket_id;
  api::TicketState state = api::TicketState::expired;
  std::string agent_key;
  std::string address;
};
BOOST_DESCRIBE_STRUCT(TicketRejected, (), (ticket_id, state, agent_key, address))

struct TicketEnded {
  TicketId ticket_id;
  json::Omit<std::string> by = {};
};
BOOST_DESCRIBE_STRUCT(TicketEnded, (), (ticket_id, by))

// A token of a workspace was made or revoked by itself. What makes one along with something else
// (a workspace, a ticket, a rotation) is told as that.
struct TokenChanged {
  TokenId token_id;
  std::string prefix;
  json::Omit<std::string> label;
  json::Omit<Instant> expires_at;
  std::string by;

  static constexpr std::array about{
      json::About{"by",
                  "\"admin-token\", \"session\", \"developer\", \"org-token:\" and a prefix, or "
                  "\"workspace\": its own agent"},
      json::About{"expires_at", "of one that is made"}};
};
BOOST_DESCRIBE_STRUCT(TokenChanged, (), (token_id, prefix, label, expires_at, by))

// An organisation key was made or revoked; about no workspace.
struct KeyChanged {
  KeyId key_id;
  std::string prefix;
  std::string name;
  api::KeyScope scope = api::KeyScope::read;
  std::optional<Instant> expires_at;
  std::string by;

  static constexpr std::array about{json::About{
      "by", "\"admin-token\", \"session\", \"developer\" or \"org-token:\" and a prefix"}};
};
BOOST_DESCRIBE_STRUCT(KeyChanged, (), (key_id, prefix, name, scope, expires_at, by))

struct AgentKeyForgotten {
  std::string agent_key;
};
BOOST_DESCRIBE_STRUCT(AgentKeyForgotten, (), (agent_key))

struct ActivityLogged {
  ActivityId activity_id;
  std::string activity_type;
  std::string status;
  std::optional<WorkspaceId> source_id;
  std::optional<WorkspaceId> target_id;
  json::Omit<ActivityId> parent_id;
  json::Omit<std::string> method;
  json::Omit<std::string> summary;
  json::Omit<std::int64_t> duration_ms;
  json::Omit<std::string> message_id;
  json::Omit<std::string> error_detail;
  json::Omit<RawJson> request_body;
  json::Omit<RawJson> response_body;
  json::Omit<RawJson> tool_trace;
  json::Omit<std::string> by = {};

  static constexpr std::array about{
      json::About{"parent_id", "of a new message: the message whose work it is part of"},
      json::About{"request_body", "bodies of at most 2 KiB; larger ones are in the feed"},
      json::About{"by", "the organisation key that reported it or called it off, if one did"}};
};
BOOST_DESCRIBE_STRUCT(ActivityLogged, (),
                      (activity_id, activity_type, status, source_id, target_id, parent_id, method,
                       summary, duration_ms, message_id, error_detail, request_body, response_body,
                       tool_trace, by))

struct UserMessage {
  std::string message_id;
  std::string content;
  WorkspaceId workspace_id;
  ActivityId activity_id;
  json::Omit<std::string> by = {};

  static constexpr std::array about{json::About{"content", "the beginning of what it says"}};
};
BOOST_DESCRIBE_STRUCT(UserMessage, (), (message_id, content, workspace_id, activity_id, by))

struct AgentMessage {
  std::string message;
  json::Omit<bool> truncated;
  WorkspaceId workspace_id;
  std::string name;
  ActivityId message_id;
  json::Omit<ActivityId> reply_to;
  json::Omit<std::vector<api::Attachment>> attachments;
  json::Omit<std::string> by = {};

  static constexpr std::array about{
      json::About{"truncated", "the rest is in the activity feed"},
      json::About{"reply_to", "the activity of the message it answers"}};
};
BOOST_DESCRIBE_STRUCT(AgentMessage, (),
                      (message, truncated, workspace_id, name, message_id, reply_to, attachments,
                       by))

// The answer to a person's message.
struct Answered {
  RawJson response_body;
  json::Omit<bool> truncated;
  std::string method;
  json::Omit<std::int64_t> duration_ms;
  std::string message_id;
  ActivityId activity_id;
  json::Omit<std::string> by = {};

  static constexpr std::array about{
      json::About{"by", "the organisation key that called it off, if one did"},
      json::About{"response_body", "JSON-RPC as the agent gave it, or why there is none"},
      json::About{"truncated", "the rest is in the activity feed"}};
};
BOOST_DESCRIBE_STRUCT(Answered, (),
                      (response_body, truncated, method, duration_ms, message_id, activity_id, by))

struct DelegationSent {
  DelegationId delegation_id;
  WorkspaceId target_id;
  std::string task_preview;
  json::Omit<ActivityId> task_id;
  json::Omit<ActivityId> parent_id;
  json::Omit<api::DelegationGroupId> group_id;
  json::Omit<std::string> by = {};

  static constexpr std::array about{
      json::About{"task_id", "the message that carries it; noted work has none"},
      json::About{"parent_id", "the message whose work it is part of"},
      json::About{"group_id", "of those that were handed over together"}};
};
BOOST_DESCRIBE_STRUCT(DelegationSent, (),
                      (delegation_id, target_id, task_preview, task_id, parent_id, group_id, by))

struct DelegationMoved {
  DelegationId delegation_id;
  WorkspaceId target_id;
  api::DelegationStatus status = api::DelegationStatus::pending;
};
BOOST_DESCRIBE_STRUCT(DelegationMoved, (), (delegation_id, target_id, status))

struct DelegationEnded {
  DelegationId delegation_id;
  WorkspaceId target_id;
  api::DelegationStatus status = api::DelegationStatus::completed;
  json::Omit<std::string> response_preview;
  json::Omit<std::string> error;
  json::Omit<std::string> by = {};

  static constexpr std::array about{
      json::About{"status", "of DELEGATION_FAILED: \"failed\" or \"canceled\""},
      json::About{"by", "the organisation key that noted its end or called it off, if one did"}};
};
BOOST_DESCRIBE_STRUCT(DelegationEnded, (),
                      (delegation_id, target_id, status, response_preview, error, by))

// Somebody sat down at a terminal of its agent.
struct TerminalOpened {
  std::string terminal_id;
  std::string who;
  std::string address;

  static constexpr std::array about{
      json::About{"who", "admin-token, session, or org-token: with the beginning of the key"},
      json::About{"address", "where it was asked from"}};
};
BOOST_DESCRIBE_STRUCT(TerminalOpened, (), (terminal_id, who, address))

struct TerminalClosed {
  std::string terminal_id;
  std::string who;
  std::int64_t seconds = 0;
  json::Omit<std::int64_t> status;
  json::Omit<std::string> reason;

  static constexpr std::array about{json::About{"status", "of a shell that ended by itself"},
                                    json::About{"reason", "why it was ended, or could not begin"}};
};
BOOST_DESCRIBE_STRUCT(TerminalClosed, (), (terminal_id, who, seconds, status, reason))

// The struct of a type: Arrival, unless it is one of those below.
template <Type type>
struct PayloadOf {
  using Payload = Arrival;
};

template <>
struct PayloadOf<Type::WORKSPACE_PROVISIONING> {
  using Payload = Provisioning;
};
template <>
struct PayloadOf<Type::WORKSPACE_LATE> {
  using Payload = Nothing;
};
template <>
struct PayloadOf<Type::WORKSPACE_UPDATED> {
  using Payload = Changed;
};
template <>
struct PayloadOf<Type::WORKSPACE_HEARTBEAT> {
  using Payload = Load;
};
template <>
struct PayloadOf<Type::AGENT_REFUSED> {
  using Payload = Refused;
};
template <>
struct PayloadOf<Type::TASK_UPDATED> {
  using Payload = TaskUpdated;
};
template <>
struct PayloadOf<Type::AGENT_CARD_UPDATED> {
  using Payload = CardUpdated;
};
template <>
struct PayloadOf<Type::EXTERNAL_CREDENTIALS_ROTATED> {
  using Payload = CredentialsRotated;
};
template <>
struct PayloadOf<Type::SECRET_CHANGED> {
  using Payload = SecretChanged;
};
template <>
struct PayloadOf<Type::TICKET_MADE> {
  using Payload = TicketGivenOut;
};
template <>
struct PayloadOf<Type::TICKET_REDEEMED> {
  using Payload = TicketSpent;
};
template <>
struct PayloadOf<Type::TICKET_REFUSED> {
  using Payload = TicketRejected;
};
template <>
struct PayloadOf<Type::TICKET_REVOKED> {
  using Payload = TicketEnded;
};
template <>
struct PayloadOf<Type::AGENT_KEY_REMOVED> {
  using Payload = AgentKeyForgotten;
};
template <>
struct PayloadOf<Type::TERMINAL_OPENED> {
  using Payload = TerminalOpened;
};
template <>
struct PayloadOf<Type::TERMINAL_CLOSED> {
  using Payload = TerminalClosed;
};
template <>
struct PayloadOf<Type::TOKEN_MADE> {
  using Payload = TokenChanged;
};
template <>
struct PayloadOf<Type::TOKEN_REVOKED> {
  using Payload = TokenChanged;
};
template <>
struct PayloadOf<Type::ORG_KEY_MADE> {
  using Payload = KeyChanged;
};
template <>
struct PayloadOf<Type::ORG_KEY_REVOKED> {
  using Payload = KeyChanged;
};
template <>
struct PayloadOf<Type::ACTIVITY_LOGGED> {
  using Payload = ActivityLogged;
};
template <>
struct PayloadOf<Type::USER_MESSAGE> {
  using Payload = UserMessage;
};
template <>
struct PayloadOf<Type::AGENT_MESSAGE> {
  using Payload = AgentMessage;
};
template <>
struct PayloadOf<Type::A2A_RESPONSE> {
  using Payload = Answered;
};
template <>
struct PayloadOf<Type::DELEGATION_SENT> {
  using Payload = DelegationSent;
};
template <>
struct PayloadOf<Type::DELEGATION_STATUS> {
  using Payload = DelegationMoved;
};
template <>
struct PayloadOf<Type::DELEGATION_COMPLETE> {
  using Payload = DelegationEnded;
};
template <>
struct PayloadOf<Type::DELEGATION_FAILED> {
  using Payload = DelegationEnded;
};

// Calls fn.template operator()<type>() for every type.
template <class Fn>
void for_each_type(Fn&& fn) {
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Type>>(
      [&](auto entry) { fn.template operator()<entry.value>(); });
}

}  // namespace molecule::events
