#include "server/tasks/tasks.h"

namespace molecule::tasks {

void Tasks::tasked(sql::Tx& tx, std::int64_t message, const messages::AgentTask& task) {
  tx.post(store::note, message, std::string_view(task.id), std::string_view(task.context_id),
          std::string_view(task.state), clock_.now());
}

void Tasks::ended(sql::Tx& tx, const messages::Message& message, const messages::Outcome& outcome) {
  if (!outcome.task) return;
  tasked(tx, message.seq, *outcome.task);
  if (going_on_ && outcome.end == messages::End::answered && at_it(outcome.task->state))
    tx.after_commit([this, seq = message.seq] { going_on_(seq); });
}

}  // namespace molecule::tasks
