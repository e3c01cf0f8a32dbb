#include "server/delegations/rules.h"

#include "server/activity/activity.h"
#include "server/messages/messages.h"
#include "wire/a2a/file_places.h"

namespace molecule::delegations {

bool finished(Status status) {
  return status == Status::completed || status == Status::failed || status == Status::canceled;
}

api::Delegation shown(const Delegation& delegation, WorkspaceId asker, bool whole) {
  api::Delegation out;
  out.delegation_id = out.id = delegation.delegation_id;
  out.source_id = delegation.source_id;
  out.target_id = delegation.target_id;
  out.direction = delegation.source_id == asker ? "sent" : "received";
  out.summary = activity::preview(delegation.task, 200);
  out.status = delegation.status;
  out.created_at = delegation.created_at;
  out.updated_at = delegation.updated_at;
  if (delegation.result) out.response_preview = activity::preview(*delegation.result, 300);
  if (whole && delegation.result) out.result = *delegation.result;
  if (delegation.error) out.error = *delegation.error;
  if (delegation.message_at)
    out.task_id = messages::make_id(*delegation.message_at, *delegation.message_seq);
  if (delegation.group_id) out.group_id = *delegation.group_id;
  return out;
}

std::vector<api::Attachment> files_of(std::string_view answer) {
  std::vector<api::Attachment> out;
  for (a2a::FileNamed& named : a2a::files_named(answer)) {
    api::Attachment file;
    file.uri = std::move(named.uri);
    file.name = named.name.empty() ? "file" : std::move(named.name);
    if (!named.media_type.empty()) file.mimeType = std::move(named.media_type);
    if (named.size) file.size = *named.size;
    out.push_back(std::move(file));
  }
  return out;
}

void require_same(const Delegation& earlier, const Delegation& now, std::string_view code,
                  std::string_view name) {
  const bool same = earlier.target_id == now.target_id && earlier.task == now.task;
  if (same && !earlier.group_id) return;
  throw conflict(std::string(code),
                 fmt::format("this {} was used for {}; choose a new one", name,
                             earlier.group_id                     ? "several delegations at once"
                             : earlier.target_id == now.target_id ? "another task"
                                                                  : "another target"));
}

void check_work(const std::optional<std::string>& task,
                const std::optional<std::string>& idempotency_key) {
  if (task && task->size() > task_max) {
    throw Fault(Kind::too_large, "task_too_large",
                fmt::format("task is longer than {} bytes", task_max));
  }
  if (idempotency_key && (idempotency_key->empty() || idempotency_key->size() > key_max)) {
    throw bad_request("invalid_idempotency_key",
                      fmt::format("idempotency_key must have 1 to {} bytes", key_max));
  }
}

api::Delegated handed(const Delegation& delegation, std::string_view status) {
  api::Delegated out{delegation.delegation_id, std::string(status), {}, {}};
  out.target_id = delegation.target_id;
  return out;
}

bool in_vain(sql::Statements& statements, const Delegation& delegation) {
  if (delegation.status == Status::canceled) return true;
  if (delegation.status != Status::failed) return false;
  return !delegation.message_seq || !statements.optional(store::answered, *delegation.message_seq);
}

std::optional<Delegation> earlier_under(sql::Tx& tx, const std::optional<std::string>& key,
                                        const Delegation& now) {
  if (!key) return std::nullopt;
  auto earlier = tx.optional(store::by_key, now.source_id, std::string_view(*key));
  if (!earlier) return std::nullopt;
  require_same(*earlier, now, "idempotency_key_reused", "idempotency_key");
  if (!in_vain(tx, *earlier)) return earlier;
  tx.run(store::release_key, earlier->delegation_id);
  return std::nullopt;
}

void sent_event(sql::Tx& tx, events::Log& log, const Delegation& delegation,
                std::optional<ActivityId> parent, const json::Omit<std::string>& by) {
  events::DelegationSent payload{delegation.delegation_id,
                                 delegation.target_id,
                                 activity::preview(delegation.task, 100),
                                 {},
                                 {},
                                 {}};
  if (delegation.message_at)
    payload.task_id = messages::make_id(*delegation.message_at, *delegation.message_seq);
  if (parent) payload.parent_id = *parent;
  if (delegation.group_id) payload.group_id = *delegation.group_id;
  payload.by = by;
  log.append(tx, events::event<events::Type::DELEGATION_SENT>(delegation.source_id, payload));
}

void status_event(sql::Tx& tx, events::Log& log, const Delegation& delegation) {
  log.append(tx, events::event<events::Type::DELEGATION_STATUS>(
                     delegation.source_id,
                     {delegation.delegation_id, delegation.target_id, delegation.status}));
}

}  // namespace molecule::delegations
