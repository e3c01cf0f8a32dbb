// What a sender is told when its message was taken but is not answered yet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "platform/json/shape.h"

namespace molecule::api {

// A receipt: clients of A2A find a task in `result`.
struct Receipt {
  json::Omit<bool> queued;
  std::string status;
  json::Omit<std::string> delivery_mode;
  json::Omit<ActivityId> queue_id;
  json::Omit<std::int64_t> queue_depth;
  json::Omit<std::string> message;
  json::Omit<std::string> method;
  json::Omit<std::string> message_id;
  json::Omit<ActivityId> activity_id;
  json::Omit<bool> duplicate;
  std::string jsonrpc = "2.0";
  RawJson id;
  RawJson result;

  static constexpr std::array about{
      json::About{
          "status",
          "\"queued\"; of an answer: \"recorded\", or \"canceled\" when nobody waits for it"},
      json::About{"delivery_mode", "\"poll\" or \"push-async\""},
      json::About{"queue_id", "for GET /workspaces/{id}/a2a/queue/{queue_id}"},
      json::About{"queue_depth", "messages that wait for this agent"},
      json::About{"id", "the JSON-RPC id of the request"},
      json::About{"result", "an A2A task in the generation of the request"}};
};
BOOST_DESCRIBE_STRUCT(Receipt, (),
                      (queued, status, delivery_mode, queue_id, queue_depth, message, method,
                       message_id, activity_id, duplicate, jsonrpc, id, result))

struct QueueItem {
  ActivityId queue_id;
  WorkspaceId workspace_id;
  std::string status;
  std::int64_t priority = 50;
  std::int64_t attempts = 0;
  std::optional<std::string> last_error;
  Instant enqueued_at;
  std::optional<Instant> expires_at;
  std::string standing;
  json::Omit<RawJson> response_body;

  static constexpr std::array about{
      json::About{
          "standing",
          "\"waiting\", \"leased\", \"seen\", \"answered\", \"refused\", \"expired\", \"removed\", "
          "\"dead_letter\" or \"canceled\""},
      json::About{"status", "\"queued\", \"dispatched\", \"completed\", \"failed\" or \"dropped\""},
      json::About{"attempts", "how often the agent may have seen it"}};
};
BOOST_DESCRIBE_STRUCT(QueueItem, (),
                      (queue_id, workspace_id, status, priority, attempts, last_error, enqueued_at,
                       expires_at, standing, response_body))

// Members of refusals of a message.

struct DeliveryHint {
  bool delivery_confirmed = false;
  std::string message_id;
};
BOOST_DESCRIBE_STRUCT(DeliveryHint, (), (delivery_confirmed, message_id))

struct Retryable {
  bool retryable = true;
};
BOOST_DESCRIBE_STRUCT(Retryable, (), (retryable))

}  // namespace molecule::api
