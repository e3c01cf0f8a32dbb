#include "server/workspaces/status_machine.h"

namespace molecule::workspaces {

namespace {

bool is_one_of(Status status, std::initializer_list<Status> set) {
  for (Status one : set) {
    if (one == status) return true;
  }
  return false;
}

std::optional<Status> when(bool allowed, Status to) {
  if (!allowed) return std::nullopt;
  return to;
}

}  // namespace

std::optional<Status> next(Status from, Trigger trigger) {
  using enum Status;
  switch (trigger) {
    case Trigger::awaited: return when(from == provisioning, awaiting_agent);
    case Trigger::reachable: return when(from == provisioning, online);
    case Trigger::no_provisioner: return when(is_one_of(from, {provisioning, paused}), failed);
    case Trigger::starting:
      return when(is_one_of(from, {awaiting_agent, online, degraded, offline, failed}),
                  provisioning);
    case Trigger::broken:
      return when(is_one_of(from, {provisioning, awaiting_agent, online, degraded, offline}),
                  failed);
    case Trigger::ended: return when(is_one_of(from, {provisioning, online, degraded}), offline);
    case Trigger::registered:
      // A person paused it, or it sleeps by a person's rule: its agent does not overrule that.
      return when(is_one_of(from, {provisioning, awaiting_agent, degraded, offline, failed}),
                  online);
    case Trigger::heartbeat:
      return when(is_one_of(from, {provisioning, awaiting_agent, offline, failed}), online);
    case Trigger::erring: return when(from == online, degraded);
    case Trigger::recovered: return when(from == degraded, online);
    case Trigger::silent: return when(is_one_of(from, {online, degraded}), offline);
    case Trigger::pause: return when(!is_one_of(from, {paused, removed}), paused);
    case Trigger::resume_fresh: return when(from == paused, online);
    case Trigger::resume_stale: return when(from == paused, awaiting_agent);
    case Trigger::resume_here: return when(from == paused, provisioning);
    case Trigger::remove: return when(from != removed, removed);
  }
  return std::nullopt;
}

events::Type arrival_event(Status status) {
  switch (status) {
    case Status::provisioning: return events::Type::WORKSPACE_PROVISIONING;
    case Status::awaiting_agent: return events::Type::WORKSPACE_AWAITING_AGENT;
    case Status::online: return events::Type::WORKSPACE_ONLINE;
    case Status::degraded: return events::Type::WORKSPACE_DEGRADED;
    case Status::offline: return events::Type::WORKSPACE_OFFLINE;
    case Status::paused: return events::Type::WORKSPACE_PAUSED;
    case Status::hibernating:
    case Status::hibernated: return events::Type::WORKSPACE_HIBERNATED;
    case Status::failed: return events::Type::WORKSPACE_PROVISION_FAILED;
    case Status::removed: return events::Type::WORKSPACE_REMOVED;
  }
  return events::Type::WORKSPACE_UPDATED;
}

std::optional<Status> status_after(events::Type arrival) {
  switch (arrival) {
    case events::Type::WORKSPACE_PROVISIONING: return Status::provisioning;
    case events::Type::WORKSPACE_AWAITING_AGENT: return Status::awaiting_agent;
    case events::Type::WORKSPACE_ONLINE: return Status::online;
    case events::Type::WORKSPACE_DEGRADED: return Status::degraded;
    case events::Type::WORKSPACE_OFFLINE: return Status::offline;
    case events::Type::WORKSPACE_PAUSED: return Status::paused;
    case events::Type::WORKSPACE_HIBERNATED: return Status::hibernated;
    case events::Type::WORKSPACE_PROVISION_FAILED: return Status::failed;
    case events::Type::WORKSPACE_REMOVED: return Status::removed;
    default: return std::nullopt;
  }
}

}  // namespace molecule::workspaces
