// What is said to agents and what they answer, through the platform.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "client/platform.h"
#include "platform/io/scope.h"
#include "tui/model.h"

namespace molecule::tui {

class Talk {
 public:
  // All of them outlive it; `changed` is called when there is something to see.
  Talk(client::Platform& platform, client::Credential& as, Model& model, const io::Clock& clock,
       io::Random& random, std::function<void()> changed)
      : platform_(platform),
        as_(as),
        model_(model),
        clock_(clock),
        random_(random),
        changed_(std::move(changed)) {}

  // The answer is added to the chat as it comes.
  void say(io::Scope& work, WorkspaceId to, std::string text);
  // The message goes on; its answer is no longer waited for.
  void stop_waiting(const WorkspaceId& of);

 private:
  static io::Task<void> converse(Talk& self, WorkspaceId to, std::string text);
  static io::Task<void> listen(Talk& self, WorkspaceId to, std::string text);
  void end(const WorkspaceId& of, std::string text, const std::string& trouble);

  client::Platform& platform_;
  client::Credential& as_;
  Model& model_;
  const io::Clock& clock_;
  io::Random& random_;
  const std::function<void()> changed_;
  std::map<WorkspaceId, io::Scope*> waiting_;
};

}  // namespace molecule::tui
