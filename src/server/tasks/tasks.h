// Which agents' tasks belong to which messages. Follows the ledger, in its transactions.
#pragma once

#include <functional>

#include "server/messages/ledger.h"
#include "server/tasks/tasks_store.h"

namespace molecule::tasks {

// Its agent works on it, and needs nothing from anybody meanwhile. Of a state as A2A 0.3 names it.
inline bool at_it(std::string_view state) { return state == "working" || state == "submitted"; }

class Tasks final : public messages::Follower {
 public:
  explicit Tasks(const io::Clock& clock) : clock_(clock) {}

  // Called behind the commit of an answer that says that the agent is at it. Before the first
  // request.
  void on_going_on(std::function<void(std::int64_t message)> told) { going_on_ = std::move(told); }
  // The newest messages of that kind whose agents said nothing else since, at most `max`.
  std::vector<std::int64_t> going_on(sql::Statements& statements, std::int64_t max) const {
    return statements.all(store::going_on, max);
  }

  std::optional<Row> of(sql::Statements& statements, std::int64_t message) const {
    return statements.optional(store::of_message, message);
  }
  // By its agent's own id; only of what this sender sent, or of anybody's.
  std::optional<Row> by_id(sql::Statements& statements, std::string_view id, WorkspaceId agent,
                           std::optional<WorkspaceId> sender) const {
    return statements.optional(store::by_id, id, agent, sender);
  }

  void tasked(sql::Tx& tx, std::int64_t message, const messages::AgentTask& task) override;
  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  void erased(sql::Tx& tx, std::int64_t message) override { tx.post(store::erase, message); }
  void pruned(sql::Tx& tx, std::int64_t from, std::int64_t until) override {
    tx.post(store::erase_orphans, from, until);
  }

 private:
  const io::Clock& clock_;
  std::function<void(std::int64_t message)> going_on_;
};

}  // namespace molecule::tasks
