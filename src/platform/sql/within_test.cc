#include "platform/sql/within.h"

#include <gtest/gtest.h>

namespace molecule::sql {
namespace {

// A list of rows that are their own sizes, and what was read of it.
struct List {
  std::vector<std::int64_t> sizes;
  std::int64_t bytes_read = 0;
  int reads = 0;

  std::vector<std::int64_t> page(std::int64_t count_max, std::int64_t bytes_max) {
    std::size_t at = 0;
    auto read = [&](const std::int64_t* last, std::int64_t limit) {
      EXPECT_EQ(last == nullptr, at == 0);
      ++reads;
      std::vector<std::int64_t> rows;
      for (; at < sizes.size() && std::ssize(rows) < limit; ++at) {
        rows.push_back(sizes[at]);
        bytes_read += sizes[at];
      }
      return rows;
    };
    return within<std::int64_t>(count_max, bytes_max, read, [](std::int64_t size) { return size; });
  }
};

TEST(Within, EndsByCount) {
  List list{std::vector<std::int64_t>(2000, 10)};
  EXPECT_EQ(list.page(1000, 1 << 20).size(), 1000U);
  EXPECT_LE(list.reads, 5);
}

TEST(Within, EndsWithTheList) {
  List none;
  EXPECT_TRUE(none.page(1000, 100).empty());
  EXPECT_EQ(none.reads, 1);
  List eight{std::vector<std::int64_t>(8, 10)};
  EXPECT_EQ(eight.page(1000, 1 << 20).size(), 8U);
  List few{std::vector<std::int64_t>(100, 10)};
  EXPECT_EQ(few.page(1000, 1 << 20).size(), 100U);
}

TEST(Within, EndsBySizeAndKeepsWhatFitsExactly) {
  List list{std::vector<std::int64_t>(1000, 100)};
  EXPECT_EQ(list.page(1000, 5'000).size(), 50U);
  List over{std::vector<std::int64_t>(1000, 100)};
  EXPECT_EQ(over.page(1000, 5'099).size(), 50U);
}

TEST(Within, GivesTheFirstWhateverItsSize) {
  List list{{1'000, 1, 1}};
  EXPECT_EQ(list.page(1000, 10), (std::vector<std::int64_t>{1'000}));
}

TEST(Within, GivesNothingWhereNothingIsAskedFor) {
  List list{{1, 1}};
  EXPECT_TRUE(list.page(0, 10).empty());
}

TEST(Within, ReadsLittleThatIsNotKept) {
  List large{std::vector<std::int64_t>(1000, 400'000)};
  EXPECT_EQ(large.page(1000, 400'000).size(), 1U);
  EXPECT_LE(large.bytes_read, 8 * 400'000);
  List grows{std::vector<std::int64_t>(1000, 100)};
  std::fill(grows.sizes.begin() + 8, grows.sizes.end(), 100'000);
  EXPECT_EQ(grows.page(1000, 1'000'000).size(), 17U);
  EXPECT_LE(grows.bytes_read, 4'000'000);
}

}  // namespace
}  // namespace molecule::sql
