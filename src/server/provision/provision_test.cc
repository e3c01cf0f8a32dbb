// What an agent is started with, and what the store keeps of it. The life of agents is tested with
// the whole program (tests/provision).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/json/json.h"
#include "server/provision/agents_store.h"
#include "server/provision/process_driver.h"
#include "testing/each_database.h"
#include "testing/migrations.h"

namespace molecule::provision {
namespace {

using testing::HasSubstr;
using testing::Not;

Order an_order() {
  Order order;
  order.name = "counter";
  order.runtime = "command";
  order.command = "wc -w";
  order.tier = 2;
  return order;
}

TEST(ProvisionConfig, SaysWhatTheRuntimeReads) {
  const std::string text = config_text(an_order());
  EXPECT_THAT(text, HasSubstr("\nname: \"counter\"\n"));
  EXPECT_THAT(text, HasSubstr("\nruntime: \"command\"\n"));
  EXPECT_THAT(text, HasSubstr("\nruntime_config:\n  command: \"wc -w\"\n"));
  EXPECT_THAT(text, Not(HasSubstr("model:")));
}

TEST(ProvisionConfig, LetsNoTextBecomeAnotherKey) {
  Order order = an_order();
  order.name = "a\"\nruntime: \"other";
  order.command = "echo '#: {}' \\ \"x\"";
  const std::string text = config_text(order);
  EXPECT_THAT(text, Not(HasSubstr("\nruntime: \"other")));
  EXPECT_THAT(text, HasSubstr(R"(command: "echo '#: {}' \\ \"x\"")"));
}

TEST(ProvisionLimits, GrowWithTheTier) {
  for (int tier = 1; tier < 4; ++tier) {
    const sandbox::Limits less = limits_of(tier);
    const sandbox::Limits more = limits_of(tier + 1);
    EXPECT_LT(less.memory, more.memory);
    EXPECT_LT(less.processes, more.processes);
    EXPECT_LT(less.disk, more.disk);
    EXPECT_LT(less.files, more.files);
    EXPECT_GT(less.memory, 0);
  }
}

class ProvisionStore : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
  }
};

TEST_P(ProvisionStore, AsksWhatBothEnginesUnderstand) {
  auto check = [&](const auto& query) { db().check_prepares(query.name, query.text); };
  check(store::find), check(store::of_machine), check(store::add), check(store::start);
  check(store::pause), check(store::leave), check(store::started), check(store::erase);
}

TEST_P(ProvisionStore, KeepsARemovedAgentUntilNothingIsLeftOfIt) {
  const WorkspaceId id(IdBytes{1});
  auto look = [id](sql::Tx& tx) {
    tx.run(store::add, id, "here", "a machine", "process", "cat", Instant{});
    tx.run(store::pause, id);
    EXPECT_EQ(tx.optional(store::find, id)->wanted, Wish::stopped);
    tx.run(store::start, id);
    EXPECT_EQ(tx.optional(store::find, id)->round, 2);
    tx.run(store::leave, id);
    // Nothing brings it back.
    tx.run(store::start, id);
    tx.run(store::pause, id);
    EXPECT_EQ(tx.optional(store::find, id)->wanted, Wish::gone);
    EXPECT_EQ(tx.all(store::of_machine, "here").size(), 1u);
    EXPECT_TRUE(tx.all(store::of_machine, "elsewhere").empty());
    tx.run(store::erase, id);
    EXPECT_FALSE(tx.optional(store::find, id));
  };
  write(look);
}

EACH_DATABASE(ProvisionStore);

}  // namespace
}  // namespace molecule::provision
