#include "server/workspaces/directory.h"

#include <gtest/gtest.h>

#include "server/workspaces/town_fixture.h"

namespace molecule::workspaces {
namespace {

WorkspaceId id_of(int n) {
  IdBytes bytes{};
  bytes[15] = static_cast<std::uint8_t>(n);
  bytes[0] = 1;
  return WorkspaceId(bytes);
}

// 1 and 2 are roots; 3 and 4 are below 1, 5 below 3, 6 below 2.
class DirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put(1, 0);
    put(2, 0);
    put(3, 1);
    put(4, 1);
    put(5, 3);
    put(6, 2);
  }
  void put(int n, int parent) {
    Entry entry;
    entry.id = id_of(n);
    if (parent != 0) entry.parent = id_of(parent);
    entry.status = Status::online;
    entry.created_at = Instant::from_micros(100 - n);  // Newest first by number, oldest by time.
    town.put(entry);
  }
  std::vector<WorkspaceId> peers_of(int n, std::optional<PeerPlace> from = {},
                                    std::size_t max = 100) {
    std::vector<WorkspaceId> out;
    directory.look_at_peers(id_of(n), from, max, [&](const Entry& entry) {
      out.push_back(entry.id);
      return true;
    });
    return out;
  }
  bool reach(int from, int to) { return directory.may_reach(id_of(from), id_of(to)); }

  Town town;
  Directory& directory = town.directory;
};

TEST_F(DirectoryTest, ReachesSelfSiblingsParentAndChildren) {
  EXPECT_TRUE(reach(3, 3));
  EXPECT_TRUE(reach(3, 4));
  EXPECT_TRUE(reach(3, 1));
  EXPECT_TRUE(reach(1, 3));
  EXPECT_TRUE(reach(1, 2));
}

TEST_F(DirectoryTest, ReachesNobodyElse) {
  EXPECT_FALSE(reach(1, 5));
  EXPECT_FALSE(reach(5, 1));
  EXPECT_FALSE(reach(4, 5));
  EXPECT_FALSE(reach(3, 6));
  EXPECT_FALSE(reach(3, 2));
  EXPECT_FALSE(reach(3, 99));
  EXPECT_FALSE(reach(99, 3));
}

TEST_F(DirectoryTest, ListsPeersInCreationOrderWithoutRemovedOnes) {
  town.change(id_of(4), [](Entry& entry) { entry.status = Status::removed; });
  // Its sibling, then its child.
  EXPECT_EQ(peers_of(1), (std::vector{id_of(2), id_of(3)}));
  EXPECT_TRUE(reach(1, 4)) << "a removed one answers for itself that it is gone";
}

TEST_F(DirectoryTest, ReadsPeersFromAnyPlaceOn) {
  put(7, 1);
  // Siblings, children, the parent; each the oldest first.
  const std::vector all{id_of(7), id_of(4), id_of(5), id_of(1)};
  EXPECT_EQ(peers_of(3), all);
  for (std::size_t behind = 0; behind < all.size(); ++behind) {
    const auto from = directory.peer_place(id_of(3), all[behind]);
    ASSERT_TRUE(from);
    EXPECT_EQ(peers_of(3, from),
              std::vector(all.begin() + static_cast<std::ptrdiff_t>(behind) + 1, all.end()));
    // No more of them are looked at than are asked for.
    EXPECT_EQ(peers_of(3, from, 1).size(), behind + 1 < all.size() ? 1u : 0u);
  }
  EXPECT_FALSE(directory.peer_place(id_of(3), id_of(3)));
  EXPECT_FALSE(directory.peer_place(id_of(3), id_of(2)));
  EXPECT_TRUE(peers_of(99).empty());
}

TEST_F(DirectoryTest, APlaceOutlivesWhoStoodThere) {
  const auto from = directory.peer_place(id_of(3), id_of(4));
  town.change(id_of(4), [](Entry& entry) { entry.status = Status::removed; });
  EXPECT_EQ(directory.peer_place(id_of(3), id_of(4)), from);
  EXPECT_EQ(peers_of(3, from), (std::vector{id_of(5), id_of(1)}));
}

TEST_F(DirectoryTest, ListsPeersWhereTheyAreNow) {
  town.change(id_of(5), [](Entry& entry) { entry.parent = id_of(2); });
  EXPECT_EQ(peers_of(3), (std::vector{id_of(4), id_of(1)}));
  EXPECT_EQ(peers_of(2), (std::vector{id_of(1), id_of(6), id_of(5)}));
  town.purge(id_of(2));
  // What was below it is at the top.
  EXPECT_EQ(peers_of(5), (std::vector{id_of(6), id_of(1)}));
}

TEST_F(DirectoryTest, ForgetsWhatWasPurged) {
  town.purge(id_of(2));
  EXPECT_FALSE(directory.find(id_of(2)));
  EXPECT_FALSE(directory.brief(id_of(2)));
  EXPECT_FALSE(reach(1, 2));
  EXPECT_EQ(directory.all().size(), 5u);
}

TEST(EntryTest, ACardIsReadWhenItIsShown) {
  Entry entry;
  entry.show_card(RawJson(R"({"name":"a"})"));
  EXPECT_EQ(entry.speaks, a2a::Generation::v03);
  entry.show_card(RawJson(
      R"({"supportedInterfaces":[{"url":"http://a","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]})"));
  EXPECT_EQ(entry.speaks, a2a::Generation::v10);
  entry.show_card(RawJson(R"({"supportedInterfaces":[],"supportedInterfaces":[]})"));
  EXPECT_EQ(entry.speaks, a2a::Generation::v03) << "and what is no card today ends no start";
  entry.show_card({});
  EXPECT_TRUE(entry.agent_card.empty());
}

}  // namespace
}  // namespace molecule::workspaces
