// What a list of tasks has on a page. A workspace may have more messages than are looked through
// for one page: they are walked in slices of so many, the newest first, and within a slice the
// tasks come by their newest change. Whoever lists what it has sent itself finds in the first slice
// all that is still open, however many others have sent since.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "platform/sql/database.h"
#include "server/tasks/tasks_store.h"

namespace molecule::tasks {

struct Wanted {
  WorkspaceId agent;
  std::optional<WorkspaceId> sender;
  std::optional<std::string> context;
  std::optional<std::int64_t> named;  // The message whose id is the name of that context.
  std::optional<std::string> state;
  std::optional<Instant> since;
  std::int64_t page_size = 50;
  std::int64_t slice_size = 20'000;  // Messages of the workspace.
};

// Where a page begins: behind an entry of a slice, or with a slice.
struct Place {
  std::optional<Instant> at;  // When that entry changed.
  std::int64_t seq = 0;       // Its number.
  std::optional<std::int64_t> from;
  std::int64_t below = std::numeric_limits<std::int64_t>::max();
};
std::string token_of(const Place& place);
// Throws Fault invalid_params.
Place place_of(const std::optional<std::string>& token);

struct Listing {
  struct Entry {
    store::Listed what;
    Place behind;
  };
  std::vector<Entry> entries;
  std::optional<Place> next;  // There may be more.
  std::int64_t total = 0;     // In the slices that were looked through.
};
Listing listed(sql::Read& read, const Wanted& wanted, Place place);

}  // namespace molecule::tasks
