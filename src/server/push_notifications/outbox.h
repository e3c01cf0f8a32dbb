// What receivers have to be told, written in the transactions that change tasks: durable with the
// change, and told by the sender. Follows the ledger.
#pragma once

#include <functional>
#include <unordered_set>

#include "platform/io/clock.h"
#include "platform/io/guarded.h"
#include "server/messages/ledger.h"
#include "server/push_notifications/push_notifications_store.h"
#include "server/secrets/kept.h"
#include "server/tasks/waiting.h"
#include "server/workspaces/workspaces.h"
#include "wire/a2a/push_config.h"

namespace molecule::push_notifications {

constexpr std::size_t configs_max = 16;          // Of one task.
constexpr std::size_t watched_max = 100'000;     // Tasks with configurations.
constexpr std::int64_t owned_max = 5'000;        // Configurations that one workspace has set.
constexpr std::int64_t changes_max = 256;        // That wait for one receiver, beside the end.
constexpr std::chrono::hours kept_after_end{1};  // A configuration, once its receiver knows all.
constexpr std::int64_t pruned_at_once = 256;

// Of a task, named as 0.3 does.
bool is_end(std::string_view state);
std::string_view text_of(a2a::Generation generation);
a2a::Generation generation_from(std::string_view text);

class Outbox final : public messages::Follower,
                     public tasks::Waiting,
                     public workspaces::Departure {
 public:
  Outbox(const io::Clock& clock, io::Random& random, secrets::Kept& kept)
      : clock_(clock), random_(random), kept_(kept) {}

  // Called on the store's thread after a change that somebody has to be told, or of whose task an
  // agent has to be asked. Before the first request.
  struct Wake {
    std::function<void()> due;
    std::function<void(std::int64_t message)> ask;
  };
  void on_change(Wake wake) { wake_ = std::move(wake); }

  // At start: reads back which tasks are watched. Answers those whose agents have to be asked.
  std::vector<std::int64_t> load(sql::Statements& statements);

  // Keeps a configuration of a message's task, in place of one of the same id. Throws Fault
  // unprocessable `too_many_push_configs`.
  struct New {
    std::int64_t message = 0;
    std::optional<WorkspaceId> owner;
    WorkspaceId target;
    a2a::Generation generation = a2a::Generation::v10;
    std::optional<std::string> task_id;
    std::string state;  // That its receiver knows already.
    a2a::PushConfig config;
  };
  std::string set(sql::Tx& tx, const New& what);
  // A message goes on with an agent's task: so does who is told of that.
  void moved(sql::Tx& tx, const std::string& task_id, WorkspaceId target,
             std::optional<WorkspaceId> asker, std::int64_t message);
  // With its secrets; they are empty where there are none.
  a2a::PushConfig opened(sql::Statements& statements, const Row& row) const;
  void erase(sql::Tx& tx, const Row& row);
  // Configurations that nobody needs any more; answers whether there may be others.
  bool prune(sql::Tx& tx);

  std::size_t watched() const {
    return watched_.read([](const auto& set) { return set.size(); });
  }

  void waits(sql::Tx& tx, const messages::Message& message, std::string_view why) override;
  void tasked(sql::Tx& tx, std::int64_t message, const messages::AgentTask& task) override;
  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  void erased(sql::Tx& tx, std::int64_t message) override;
  void pruned(sql::Tx& tx, std::int64_t from, std::int64_t until) override;
  // Nobody is told any more in the name of who is gone.
  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override;

  bool waits_for(sql::Statements& statements, std::int64_t message) override {
    return !statements.all(store::of_message, message).empty();
  }

 private:
  bool watches(std::int64_t message) const {
    return watched_.read([&](const auto& set) { return set.contains(message); });
  }
  void watch(sql::Tx& tx, std::int64_t message);
  void watch_no_more(sql::Tx& tx, std::int64_t message);
  void require_room(sql::Tx& tx, const New& what, std::size_t of_task) const;
  void changed(sql::Tx& tx, std::int64_t message, std::string_view state);

  const io::Clock& clock_;
  io::Random& random_;
  secrets::Kept& kept_;
  Wake wake_;
  // Messages that may have configurations: so that those without cost nothing. One that a
  // transaction adds and then does not commit stays until the next start.
  io::Guarded<std::unordered_set<std::int64_t>> watched_;
};

}  // namespace molecule::push_notifications
