// A page of the feed: what the index by workspace holds and what is not in it yet, in one order.
//
// What a filter looks for may be rare, so a feed is searched slice by slice: each is a read of its
// own that looks at no more than slice_max entries, and others are served between them.
#pragma once

#include <limits>
#include <utility>
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
  std::optional<std::int64_t> before_seq;
  std::int64_t limit = 100;
  bool ascending = false;
  bool turned = false;  // The newest rows, told from the oldest of them on.
  bool inbox_view = false;
  std::chrono::seconds wait{0};
};

// How far a page was read. Reading on makes another one of it, because a read that lost its
// connection is run again from where it began.
class Page {
 public:
  struct Slice;

  static constexpr std::int64_t slice_max = 20'000;  // Entries that one read looks at.
  // Slices that a page newest first looks at before it is given as it is.
  static constexpr int slices_max = 10;
  // Slices in which the row that before_ts names is looked for; further back it is a time.
  static constexpr int named_max = 2;

  explicit Page(Filter filter, std::int64_t slice = slice_max)
      : filter_(std::move(filter)), slice_(slice) {}

  // Rows of the next slice, in the order asked for (newest first when it is to be turned). Throws
  // Fault cursor_gone (410) when the cursor is no row of this workspace's feed.
  [[nodiscard]] Slice read_on(sql::Read& read) const;
  // Nothing is left to read: the page is full or the feed was searched.
  bool over() const { return stage_ == Stage::over; }
  // The before_seq with which a search goes on that stopped after slices_max.
  std::optional<std::int64_t> goes_on() const { return goes_on_; }
  // Goes on with what was written since the search began.
  void look_again();
  const Filter& filter() const { return filter_; }

 private:
  struct Range {
    std::int64_t after = 0;  // Excluded, both.
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
  };
  enum class Stage {
    fresh,     // The cursor was not looked at.
    naming,    // Which row before_ts names.
    skipping,  // What is not old enough.
    seeking,   // Where what is new enough begins.
    reading,
    over
  };

  std::vector<store::Row> step(sql::Read& read);
  void begin(sql::Read& read);
  void name(sql::Read& read);
  void skip(sql::Read& read);
  void seek(sql::Read& read);
  std::vector<store::Row> read_slice(sql::Read& read);
  std::optional<std::int64_t> edge(sql::Read& read, bool up, const Range& range) const;
  template <class R>
  std::vector<R> rows(sql::Read& read, const store::Pages<R>& pages, const Range& range,
                      std::int64_t limit) const;
  bool selective() const;

  Filter filter_;
  std::int64_t slice_;
  Stage stage_ = Stage::fresh;
  Range all_;         // What the cursor and before_seq leave.
  Range left_;        // What was not looked at.
  int named_ = 0;     // Slices that were looked at for the name.
  int searched_ = 0;  // Slices that were read.
  std::optional<std::int64_t> goes_on_;
  std::int64_t newest_ = 0;  // Whatever is newer was not there when the search began.
  std::int64_t bytes_ = 0;
  std::int64_t count_ = 0;
};

struct Page::Slice {
  std::vector<store::Row> rows;
  Page then;
};

}  // namespace molecule::activity
