// What holds for work whichever way it comes in, and how it is shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/delegations/delegations_store.h"
#include "server/events/log.h"

namespace molecule::delegations {

inline constexpr std::size_t task_max = 256u << 10;  // Bytes of a task.
inline constexpr std::size_t key_max = 256;          // Bytes of an idempotency key.

bool finished(Status status);
// `whole`: with the whole result.
api::Delegation shown(const Delegation& delegation, WorkspaceId asker, bool whole);
// The files that an answer names.
std::vector<api::Attachment> files_of(std::string_view answer);
api::Delegated handed(const Delegation& delegation, std::string_view status);

// How long a task and a key may be. Throws Fault.
void check_work(const std::optional<std::string>& task,
                const std::optional<std::string>& idempotency_key);
// What was asked under this key or id before is asked again, and nothing else under its name.
void require_same(const Delegation& earlier, const Delegation& now, std::string_view code,
                  std::string_view name);
// Whether it came to nothing, so that its key is free for another try. What its agent answered, as
// a task that waits for an answer, it may have begun, and the same key does not begin it twice.
bool in_vain(sql::Statements& statements, const Delegation& delegation);
// The delegation that this key stands for already. One that was in vain gives its key to the next
// try.
std::optional<Delegation> earlier_under(sql::Tx& tx, const std::optional<std::string>& key,
                                        const Delegation& now);

// What is told of work that was handed over.
void sent_event(sql::Tx& tx, events::Log& log, const Delegation& delegation,
                std::optional<ActivityId> parent, const json::Omit<std::string>& by);
void status_event(sql::Tx& tx, events::Log& log, const Delegation& delegation);

}  // namespace molecule::delegations
