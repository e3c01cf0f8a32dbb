// Where a store can be made to fail on purpose: an engine that was given one asks it before what
// may go wrong beneath it, on the store's threads, and behaves as if the disk or the server had
// failed there. Programs that serve bring none; testing/store_trouble.h is the one of the tests.
#pragma once

#include <string_view>

namespace molecule::sql {

class Interference {
 public:
  virtual ~Interference() = default;

  // Before a statement of a write transaction: true loses the store here, before it ran.
  virtual bool lose_before(std::string_view statement) = 0;

  enum class Commit {
    goes_through,
    lost_undone,  // The store is lost and kept nothing of the batch.
    lost_done,    // The store kept everything and is lost before it could say so.
  };
  // Before the commit of a batch.
  virtual Commit at_commit() = 0;

  // Before the store is used or looked for: false while it is away.
  virtual bool reachable() = 0;
};

}  // namespace molecule::sql
