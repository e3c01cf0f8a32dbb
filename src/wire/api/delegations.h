// Work handed to a peer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/json/shape.h"

namespace molecule::api {

enum class DelegationStatus { pending, dispatched, queued, completed, failed, canceled };
BOOST_DESCRIBE_ENUM(DelegationStatus, pending, dispatched, queued, completed, failed, canceled)

// Body of POST /workspaces/{id}/delegate.
struct NewDelegation {
  std::optional<WorkspaceId> target_id;
  std::optional<std::string> task;
  std::optional<std::string> idempotency_key;

  static constexpr std::array about{json::About{"task", "required; at most 256 KiB"},
                                    json::About{"idempotency_key", "1 to 256 bytes"}};
};
BOOST_DESCRIBE_STRUCT(NewDelegation, (), (target_id, task, idempotency_key))

// Body of POST /workspaces/{id}/delegations/record.
struct DelegationNote {
  std::optional<WorkspaceId> target_id;
  std::optional<std::string> task;
  std::optional<DelegationId> delegation_id;
  std::optional<std::string> idempotency_key;
};
BOOST_DESCRIBE_STRUCT(DelegationNote, (), (target_id, task, delegation_id, idempotency_key))

// Body of POST /workspaces/{id}/delegations/{delegation_id}/update.
struct DelegationUpdate {
  std::optional<std::string> status;
  std::optional<std::string> error;
  std::optional<std::string> response_preview;

  static constexpr std::array about{json::About{"status", "\"completed\" or \"failed\""}};
};
BOOST_DESCRIBE_STRUCT(DelegationUpdate, (), (status, error, response_preview))

struct Delegated {
  DelegationId delegation_id;
  std::string status;
  json::Omit<WorkspaceId> target_id;
  json::Omit<bool> idempotent_hit;

  static constexpr std::array about{
      json::About{"status", "\"delegated\", \"recorded\", or where an earlier one stands"},
      json::About{"idempotent_hit", "true: it was asked for before under this key"}};
};
BOOST_DESCRIBE_STRUCT(Delegated, (), (delegation_id, status, target_id, idempotent_hit))

struct Delegation {
  DelegationId delegation_id;
  DelegationId id;
  std::string type = "delegation";
  WorkspaceId source_id;
  WorkspaceId target_id;
  std::string direction;
  std::string summary;
  DelegationStatus status = DelegationStatus::pending;
  Instant created_at;
  Instant updated_at;
  json::Omit<std::string> response_preview;
  json::Omit<std::string> result;
  json::Omit<std::string> error;

  static constexpr std::array about{
      json::About{"direction", "\"sent\" or \"received\", as the asking workspace sees it"},
      json::About{"summary", "the beginning of the task"},
      json::About{"result", "whole; only where one delegation is asked for"}};
};
BOOST_DESCRIBE_STRUCT(Delegation, (),
                      (delegation_id, id, type, source_id, target_id, direction, summary, status,
                       created_at, updated_at, response_preview, result, error))

}  // namespace molecule::api
