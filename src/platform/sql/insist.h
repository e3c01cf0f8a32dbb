// A change that may not be left undone because the store is away.
#pragma once

#include <chrono>
#include <utility>

#include "base/fault.h"
#include "platform/io/loop.h"
#include "platform/sql/database.h"

namespace molecule::sql {

// Writes a change, and again after each pause while the store refuses it. For what follows from
// something that has happened already and would happen again if nothing were recorded of it: who
// waits here holds its place meanwhile. The change may run more than once, also after a commit whose
// outcome is not known. Ends early only when it is cancelled or the change itself fails.
template <class Change>
io::Task<void> insist(Database& db, Change change,
                      std::chrono::milliseconds pause = std::chrono::seconds(1)) {
  for (;;) {
    try {
      co_await db.write(change);
      co_return;
    } catch (const Fault& fault) {
      if (fault.kind() != Kind::unavailable) throw;
    }
    co_await io::sleep(pause);
  }
}

}  // namespace molecule::sql
