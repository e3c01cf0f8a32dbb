// A page of the feed: what the index by workspace holds and what is not in it yet, in one order.
#pragma once

#include <vector>

#include "platform/sql/database.h"
#include "server/activity/activity_store.h"

namespace molecule::activity {

// Bytes of the bodies of one page; it ends before the row that passes it. One row is always given,
// however large it is.
inline constexpr std::int64_t page_bytes_max = 8 << 20;

// A validated query.
struct Filter {
  WorkspaceId workspace;
  std::optional<std::string> type;
  std::optional<std::int64_t> people;  // 1: people's rows, 0: agents' rows
  std::optional<WorkspaceId> peer;
  std::optional<Instant> after;
  std::optional<ActivityId> since;
  std::optional<Instant> before;
  std::int64_t limit = 100;
  bool ascending = false;
  bool turned = false;  // The newest rows, told from the oldest of them on.
  bool inbox_view = false;
  std::chrono::seconds wait{0};
};

// Throws Fault cursor_gone (410) when the cursor is no row of this workspace's feed.
std::vector<store::Row> read_page(sql::Read& read, const Filter& filter);

}  // namespace molecule::activity
