// Port, fulfilled by the root: who starts agents on this machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/workspaces/workspaces.h"

namespace molecule::workspaces {

struct NewWorkspace;

class Starter {  // provision
 public:
  virtual ~Starter() = default;
  // Throws Fault bad_request for a workspace that nobody could start an agent for.
  virtual void check(const NewWorkspace& wanted) const = 0;
  // Of a workspace that is about to change: throws Fault where its agent was started here and could
  // not be like that.
  virtual void check_change(sql::Tx& tx, const Row& row, std::string_view runtime,
                            std::int64_t tier) = 0;
  virtual bool starts_agents() const = 0;
  // Why no agent of this runtime is started here, as a sentence; nothing when one is.
  virtual std::optional<std::string> why_not(std::string_view runtime) const = 0;
  // All of these inside the transaction that makes or moves the workspace. Of one that was made:
  // its agent is started.
  virtual void made(sql::Tx& tx, const Row& row, std::string_view command) = 0;
  // Whether its agent is one that was started, so that the next two may be asked.
  virtual bool has(sql::Tx& tx, WorkspaceId id) = 0;
  virtual void pause(sql::Tx& tx, WorkspaceId id) = 0;
  // Starts it, or starts it anew. Throws Fault conflict where it is another machine's.
  virtual void start(sql::Tx& tx, WorkspaceId id) = 0;
};

}  // namespace molecule::workspaces
