#include "platform/sql/commit_actions.h"

#include <exception>

#include "platform/log/log.h"

namespace molecule::sql {
namespace {

void run_one(CommitActions::Action& action) {
  try {
    action();
  } catch (const std::exception& failure) {
    log::error("an action after commit failed", log::field("cause", failure.what()));
  }
}

}  // namespace

void CommitActions::run() {
  for (Action& action : each_) run_one(action);
  for (End& end : ends_) run_one(end.action);
  begin_batch();
}

}  // namespace molecule::sql
