// Every move a workspace's status can make, in one function. Whatever is not listed does not
// happen: the caller learns it by an empty answer and changes nothing.
#pragma once

#include <optional>

#include "base/fields.h"
#include "server/workspaces/directory.h"
#include "wire/events/types.h"

namespace molecule::workspaces {

// Why a status may change.
enum class Trigger {
  awaited,         // An agent of its own accord is expected; it has not come yet.
  reachable,       // Made with the address of an agent that already runs.
  no_provisioner,  // Nothing here can start its container.
  starting,        // Its agent is started here, for the first time or again.
  broken,          // What is started here does not run, or not for long.
  ended,           // What was started here has ended by itself.
  registered,      // Its agent registered.
  heartbeat,       // Its agent was heard while not counted as alive.
  erring,          // Error rate of 0.5 or more, or wedged.
  recovered,       // Error rate below 0.1 and not wedged.
  silent,          // Nothing was heard for longer than its limit.
  pause,
  resume_fresh,  // Resumed, and its agent was heard within its limit.
  resume_stale,  // Resumed, and its agent must come back first.
  resume_here,   // Resumed, and its agent is started here.
  remove
};
BOOST_DESCRIBE_ENUM(Trigger, awaited, reachable, no_provisioner, starting, broken, ended,
                    registered, heartbeat, erring, recovered, silent, pause, resume_fresh,
                    resume_stale, resume_here, remove)

// The status after `trigger`; empty when the trigger changes nothing in that status.
std::optional<Status> next(Status from, Trigger trigger);

// The log's name of having arrived in a status.
events::Type arrival_event(Status status);
// The other way round; empty for what tells of no arrival.
std::optional<Status> status_after(events::Type arrival);

}  // namespace molecule::workspaces
