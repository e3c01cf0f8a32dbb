#include "server/secrets/inbound.h"

#include <array>
#include <filesystem>

#include <gtest/gtest.h>

#include "platform/crypto/key_file.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

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
    inbound = std::make_unique<Inbound>(db(), clock, random, *vault);
    run(inbound->load());
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
