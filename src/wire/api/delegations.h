// Work handed to a peer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/json/shape.h"
#include "wire/api/activity.h"

namespace molecule::api {

using DelegationGroupId = Id<struct DelegationGroupTag>;

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

// One of several peers and what it is to do.
struct DelegationTarget {
  std::optional<WorkspaceId> target_id;
  std::optional<std::string> task;

  static constexpr std::array about{
      json::About{"task", "what this one is to do, when that is not what all are to do"}};
};
BOOST_DESCRIBE_STRUCT(DelegationTarget, (), (target_id, task))

// Body of POST /workspaces/{id}/delegations.
struct NewDelegations {
  std::optional<std::vector<DelegationTarget>> targets;
  std::optional<std::string> task;
  std::optional<std::string> idempotency_key;

  static constexpr std::array about{
      json::About{"targets", "1 to 32, whose tasks have 256 KiB in all"},
      json::About{"task", "of those targets that have none of their own"},
      json::About{"idempotency_key", "1 to 256 bytes; it stands for all of them together"}};
};
BOOST_DESCRIBE_STRUCT(NewDelegations, (), (targets, task, idempotency_key))

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
      json::About{"status",
                  "\"delegated\", \"recorded\", \"canceled\", or where an earlier one stands"},
      json::About{"idempotent_hit", "true: it was asked for before under this key"}};
};
BOOST_DESCRIBE_STRUCT(Delegated, (), (delegation_id, status, target_id, idempotent_hit))

// What was handed to several peers together: each is a delegation of its own.
struct DelegatedGroup {
  DelegationGroupId group_id;
  std::string status;
  std::vector<Delegated> delegations;
  json::Omit<bool> idempotent_hit;

  static constexpr std::array about{
      json::About{"status", "\"delegated\""},
      json::About{"delegations", "in the order of the targets"},
      json::About{"idempotent_hit", "true: they were asked for before under this key"}};
};
BOOST_DESCRIBE_STRUCT(DelegatedGroup, (), (group_id, status, delegations, idempotent_hit))

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
  json::Omit<std::vector<Attachment>> files;
  json::Omit<ActivityId> task_id;
  json::Omit<DelegationGroupId> group_id;

  static constexpr std::array about{
      json::About{"direction", "\"sent\" or \"received\", as the asking workspace sees it"},
      json::About{"summary", "the beginning of the task"},
      json::About{"result", "whole; only where one delegation or one group is asked for"},
      json::About{"files",
                  "that its answer names, where one delegation is asked for; fetched at "
                  "/workspaces/{own id}/attachments/{file}"},
      json::About{"task_id", "the message that carries it, as long as that is kept"},
      json::About{"group_id", "of those that were handed over together"}};
};
BOOST_DESCRIBE_STRUCT(Delegation, (),
                      (delegation_id, id, type, source_id, target_id, direction, summary, status,
                       created_at, updated_at, response_preview, result, error, files, task_id,
                       group_id))

// How those stand that were handed over together.
struct DelegationGroup {
  DelegationGroupId group_id;
  std::int64_t total = 0;
  std::int64_t ended = 0;
  std::vector<Delegation> delegations;

  static constexpr std::array about{
      json::About{"total", "how many were handed over"},
      json::About{"ended", "how many of them have their result, failed or were canceled"},
      json::About{"delegations", "in the order of the targets, as long as they are kept"}};
};
BOOST_DESCRIBE_STRUCT(DelegationGroup, (), (group_id, total, ended, delegations))

}  // namespace molecule::api
