// The activity feed: rows, reports into it, and an agent speaking to people.
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

namespace molecule::api {

// Where the message of a row stands, in the words of the feed.
enum class Mail {
  none,     // Not a message.
  leased,   // Being carried to the agent.
  queued,   // Waits in the mailbox for the agent to be reachable.
  polled,   // Waits for a polling agent to fetch and answer it.
  settled,  // Its result is recorded.
  dead,     // It ended without one: expired, removed with its agent, given up, or canceled.
};
BOOST_DESCRIBE_ENUM(Mail, none, leased, queued, polled, settled, dead)

// What a received message says, spelled out for agents.
struct Received {
  std::string source;
  std::string text;
  std::optional<WorkspaceId> source_id;
  std::string peer_name;
  std::string peer_role;
  std::string agent_card_url;

  static constexpr std::array about{
      json::About{"source", "\"canvas_user\", \"peer_agent\", \"self\" or \"system\""},
      json::About{"source_id", "null: a person"}};
};
BOOST_DESCRIBE_STRUCT(Received, (), (source, text, source_id, peer_name, peer_role, agent_card_url))

struct Activity {
  ActivityId id;
  std::int64_t seq = 0;
  WorkspaceId workspace_id;
  std::string activity_type;
  std::string type;
  std::optional<WorkspaceId> source_id;
  std::optional<WorkspaceId> target_id;
  std::optional<std::string> method;
  std::optional<std::string> summary;
  std::optional<std::int64_t> duration_ms;
  std::string status;
  std::optional<std::string> error_detail;
  Instant created_at;
  json::Omit<std::string> message_id;
  json::Omit<ActivityId> parent_id;
  json::Omit<Mail> mail;
  json::Omit<RawJson> request_body;
  json::Omit<RawJson> response_body;
  json::Omit<RawJson> tool_trace;
  json::Omit<std::string> source;
  json::Omit<Received> data;
  json::Omit<std::string> peer_name;
  json::Omit<std::string> peer_role;
  json::Omit<std::string> agent_card_url;

  static constexpr std::array about{
      json::About{"type", "the same as activity_type"},
      json::About{"source_id", "null: a person or the platform"},
      json::About{"message_id", "the sender's own id of the message"},
      json::About{"parent_id", "the message whose work this one is part of"},
      json::About{"request_body", "the message as JSON-RPC, or what a report brought"},
      json::About{"response_body", "the answer as the agent gave it"},
      json::About{"tool_trace", "the agent's account of its tools"},
      json::About{"source", "of received messages, as in data"},
      json::About{"peer_name", "with include=peer_info, of messages from a workspace"}};
};
BOOST_DESCRIBE_STRUCT(Activity, (),
                      (id, seq, workspace_id, activity_type, type, source_id, target_id, method,
                       summary, duration_ms, status, error_detail, created_at, message_id,
                       parent_id, mail, request_body, response_body, tool_trace, source, data,
                       peer_name, peer_role, agent_card_url))

// Body of POST /workspaces/{id}/activity.
struct Report {
  std::optional<std::string> activity_type;
  std::optional<std::string> method;
  std::optional<std::string> summary;
  std::optional<WorkspaceId> target_id;
  std::optional<WorkspaceId> source_id;
  std::optional<std::string> status;
  std::optional<std::string> error_detail;
  std::optional<std::int64_t> duration_ms;
  RawJson request_body;
  RawJson response_body;
  RawJson metadata;
};
BOOST_DESCRIBE_STRUCT(Report, (),
                      (activity_type, method, summary, target_id, source_id, status, error_detail,
                       duration_ms, request_body, response_body, metadata))

struct Attachment {
  std::string uri;
  std::string name;
  json::Omit<std::string> mimeType;
  json::Omit<std::int64_t> size;

  static constexpr std::array about{json::About{"size", "bytes"}};
};
BOOST_DESCRIBE_STRUCT(Attachment, (), (uri, name, mimeType, size))

// Body of POST /workspaces/{id}/notify.
struct Notice {
  std::optional<std::string> message;
  std::optional<std::vector<Attachment>> attachments;
  std::optional<std::string> reply_to;
  std::optional<bool> failed;

  static constexpr std::array about{
      json::About{"message", "required; at most 1 MiB"},
      json::About{"reply_to", "the activity this answers: its result is recorded too"},
      json::About{"failed", "true: `message` is why what `reply_to` names has no result"}};
};
BOOST_DESCRIBE_STRUCT(Notice, (), (message, attachments, reply_to, failed))

struct Noticed {
  std::string status = "sent";
  json::Omit<bool> duplicate;

  static constexpr std::array about{
      json::About{"status",
                  "\"sent\"; \"canceled\": the message it answers was, and nobody is told"},
      json::About{"duplicate", "the message it answers had its result already"}};
};
BOOST_DESCRIBE_STRUCT(Noticed, (), (status, duplicate))

}  // namespace molecule::api
