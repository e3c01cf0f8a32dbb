// Where tasks ask upward: who keeps what callers want to be told of their tasks.
#pragma once

#include <optional>
#include <string>

#include "server/proxy/admit.h"
#include "wire/a2a/task.h"

namespace molecule::tasks {

class PushConfigs {
 public:
  virtual ~PushConfigs() = default;
  // A task that the asker may see.
  struct Of {
    std::optional<WorkspaceId> asker;  // Empty: an operator.
    WorkspaceId target;
    std::int64_t message = 0;
    std::string id;  // As it was asked for.
    std::string state;
    // Asked with all that an operator may: what people set, a lesser key learns no secrets of.
    bool unbounded = false;
  };
  // What `call.push` asks about it.
  virtual io::Task<std::string> answer(Of task, const a2a::TaskCall& call) = 0;
  // Whether a receiver may be there. Throws Fault invalid_params.
  virtual io::Task<void> check(std::string url) = 0;
  // What a message has to do with it: to be kept where the message is accepted.
  struct Sent {
    std::optional<WorkspaceId> asker;
    WorkspaceId target;
    a2a::Generation generation = a2a::Generation::v03;
    std::string task_id;  // That it goes on with; may be empty.
    std::optional<a2a::PushConfig> config;
  };
  virtual proxy::Also with(Sent sent) = 0;
};

}  // namespace molecule::tasks
