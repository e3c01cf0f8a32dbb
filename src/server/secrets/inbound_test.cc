#include "server/secrets/inbound.h"

#include <array>
#include <filesystem>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "platform/crypto/key_file.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"
#include "testing/store_trouble.h"

namespace molecule::secrets {
namespace {

class InboundSecrets : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    start(crypto::SealingKey::random(random));
  }
  void TearDown() override {
    inbound.reset();
    vault.reset();
    EachDatabase::TearDown();
  }
  void start(crypto::SealingKey key) {
    crypto::Keyring ring;
    ring.add(std::move(key));
    inbound.reset();
    vault = std::make_unique<Vault>(db(), random, std::move(ring), KeySettings{{}, true});
    record = std::make_unique<facts::Record>(db(), clock);
    inbound = std::make_unique<Inbound>(clock, random, *vault, *record);
    record->join(*inbound);
    run(record->load());
  }
  std::string ensure(WorkspaceId id) {
    Secret secret = write([&](sql::Tx& tx) { return inbound->ensure(tx, id); });
    return std::string(secret.reveal());
  }
  std::string known(WorkspaceId id) const { return std::string(inbound->of(id).reveal()); }

  io::SystemRandom random;
  test::ManualClock clock;
  WorkspaceId ws = random.id<WorkspaceId>();
  WorkspaceId other = random.id<WorkspaceId>();
  std::unique_ptr<Vault> vault;
  std::unique_ptr<facts::Record> record;
  std::unique_ptr<Inbound> inbound;
};
EACH_DATABASE(InboundSecrets);

TEST_P(InboundSecrets, EveryWorkspaceHasOneThatStays) {
  EXPECT_EQ(known(ws), "");
  std::string first = ensure(ws);
  EXPECT_GE(first.size(), 40U);
  EXPECT_EQ(ensure(ws), first);
  EXPECT_EQ(known(ws), first);
  EXPECT_NE(ensure(other), first);
}

TEST_P(InboundSecrets, AnUndoneTransactionLeavesNone) {
  auto undone = [&](sql::Tx& tx) -> bool {
    inbound->ensure(tx, ws);
    throw bad_request("the registration failed later on");
  };
  EXPECT_THROW(write(undone), Fault);
  EXPECT_EQ(known(ws), "");
}

TEST_P(InboundSecrets, ARemovedWorkspaceHasNone) {
  std::string first = ensure(ws);
  write([&](sql::Tx& tx) {
    inbound->removed(tx, std::array{ws});
    return true;
  });
  EXPECT_EQ(known(ws), "");
  EXPECT_NE(ensure(ws), first);
}

template <class T>
concept ChangedFromOutside = requires(T& one, const facts::Fact& fact) { one.apply(fact); } ||
                             requires(T& one, sql::Read& from) { one.load(from); };
static_assert(!ChangedFromOutside<Inbound>);

TEST_P(InboundSecrets, FollowTheLogAloneWhateverHappens) {
  auto trouble = std::make_shared<test::StoreTrouble>();
  place->settings.interference = trouble;
  inbound.reset();
  record.reset();
  vault.reset();
  reopen();
  start(crypto::SealingKey::random(random));
  facts::Record others(db(), clock);
  Inbound following(clock, random, *vault, others);
  others.join(following);
  run(others.load());

  std::vector<WorkspaceId> workspaces;
  for (int i = 0; i < 5; ++i) workspaces.push_back(random.id<WorkspaceId>());
  auto all = [&](const Inbound& memory) {
    std::string known;
    for (WorkspaceId id : workspaces) known += std::string(memory.of(id).reveal()) + "\n";
    return known;
  };
  std::mt19937_64 chance{20260103};
  for (int step = 0; step < 100; ++step) {
    SCOPED_TRACE(step);
    const WorkspaceId id = workspaces[chance() % workspaces.size()];
    const auto fate = chance() % 8;
    const bool removes = chance() % 3 == 0;
    if (fate == 0) trouble->at_commit_done(1);
    if (fate == 1) trouble->at_commit_undone(1);
    try {
      write([&](sql::Tx& tx) {
        if (removes) {
          inbound->removed(tx, std::array{id});
        } else {
          inbound->ensure(tx, id);
        }
        if (fate == 2) throw bad_request("undone");
        return 0;
      });
    } catch (const Fault&) {}
    if (fate < 2) {
      trouble->give_back();
      const auto give_up = io::SystemClock().monotonic() + std::chrono::seconds(20);
      while (!db().healthy() && io::SystemClock().monotonic() < give_up) std::this_thread::yield();
      ASSERT_TRUE(db().healthy());
    }
    if (chance() % 10 == 0) run(others.follow());
  }
  run(record->follow());
  run(others.follow());
  const std::string known = all(*inbound);
  EXPECT_GT(known.size(), workspaces.size());
  EXPECT_EQ(all(following), known) << "who follows";
  facts::Record fresh(db(), clock);
  Inbound starting(clock, random, *vault, fresh);
  fresh.join(starting);
  run(fresh.load());
  EXPECT_EQ(all(starting), known) << "who starts";
}

TEST_P(InboundSecrets, ALostSealingKeyCostsTheSecretAndNotTheRegistration) {
  std::string first = ensure(ws);
  start(crypto::SealingKey::random(random));
  EXPECT_EQ(known(ws), "");
  std::string second = ensure(ws);
  EXPECT_NE(second, first);
  EXPECT_EQ(known(ws), second);
}

}  // namespace
}  // namespace molecule::secrets
