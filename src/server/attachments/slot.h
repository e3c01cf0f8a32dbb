// Places for files that are on their way: so many at once, and of them so many for one workspace,
// since a place is held for as long as the other side takes.
#pragma once

#include <chrono>
#include <unordered_map>
#include <utility>

#include "base/fault.h"
#include "base/id.h"
#include "platform/io/guarded.h"
#include "platform/metrics/metrics.h"

namespace molecule::attachments {

// On any thread; outlives its slots.
class Slots {
 public:
  struct Bounds {
    int all;
    int of_one;  // Workspace.
  };

  // Given back with its owner.
  class Slot {
   public:
    Slot(Slot&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)), workspace_(other.workspace_) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (slots_) slots_->give_back(workspace_);
    }

   private:
    friend class Slots;
    Slot(Slots& slots, WorkspaceId workspace) : slots_(&slots), workspace_(workspace) {}
    Slots* slots_;
    WorkspaceId workspace_;
  };

  Slots(Bounds bounds, metrics::Gauge& shown) : bounds_(bounds), shown_(shown) {}

  // Throws Fault unavailable `overloaded`.
  Slot take(WorkspaceId workspace) {
    const bool taken = held_.write([&](Held& held) {
      int& of_one = held.by_workspace[workspace];
      if (held.all >= bounds_.all || of_one >= bounds_.of_one) {
        if (of_one == 0) held.by_workspace.erase(workspace);
        return false;
      }
      ++held.all;
      ++of_one;
      return true;
    });
    if (!taken) {
      throw Fault(Kind::unavailable, "overloaded",
                  "too many files are on their way at once; try again shortly")
          .retry_after(std::chrono::seconds(1));
    }
    shown_.add();
    return Slot(*this, workspace);
  }

 private:
  struct Held {
    int all = 0;
    std::unordered_map<WorkspaceId, int> by_workspace;
  };
  void give_back(WorkspaceId workspace) {
    held_.write([&](Held& held) {
      --held.all;
      if (--held.by_workspace[workspace] == 0) held.by_workspace.erase(workspace);
    });
    shown_.subtract();
  }

  const Bounds bounds_;
  metrics::Gauge& shown_;
  io::Guarded<Held> held_;
};

}  // namespace molecule::attachments
