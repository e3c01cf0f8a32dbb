// What an operator asks of the platform: pictures of the organisation, and changes to it. Each says
// in the model what came of it.
#pragma once

#include <functional>
#include <string>

#include "client/platform.h"
#include "tui/model.h"
#include "tui/press.h"

namespace molecule::tui {

class OperatorAsks {
 public:
  // All of them outlive it.
  OperatorAsks(client::Platform& platform, client::Credential& as, Model& model)
      : platform_(platform), as_(as), model_(model) {}

  // Everything anew; answers the number of the log that it contains. Throws the refusal, and Fault
  // unavailable `platform_unreachable`.
  io::Task<std::int64_t> snapshot();
  // Of the platform itself: its version, its store.
  io::Task<void> look_at_service();
  // What agents ask people; nothing of a platform that does not tell.
  io::Task<void> look_at_questions();

  io::Task<void> spawn(intent::Spawn what);
  io::Task<void> change(intent::Change what);
  io::Task<void> pause(WorkspaceId of);
  io::Task<void> resume(WorkspaceId of);
  io::Task<void> remove(WorkspaceId of);
  io::Task<void> invite(WorkspaceId of);
  io::Task<void> recall(WorkspaceId of);

 private:
  io::Task<client::Answer> ask(http::Method method, std::string path, std::string body);

  client::Platform& platform_;
  client::Credential& as_;
  Model& model_;
};

}  // namespace molecule::tui
