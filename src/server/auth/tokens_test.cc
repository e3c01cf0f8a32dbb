#include "server/auth/tokens.h"

#include <chrono>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/crypto/token.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::auth {
namespace {

using namespace std::chrono_literals;

struct Town final : Residents {
  Standing standing(WorkspaceId id) const override {
    auto it = who.find(id);
    return it == who.end() ? Standing::unknown : it->second;
  }
  std::map<WorkspaceId, Standing> who;
};

class TokensOfWorkspaces : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    town.who[ws] = Standing::present;
    town.who[other] = Standing::present;
    start();
  }
  void start() {
    record = std::make_unique<facts::Record>(db(), clock);
    tokens = std::make_unique<Tokens>(db(), clock, random, town, *record);
    record->join(*tokens);
    run(record->load());
  }
  void restart() {
    tokens.reset();
    reopen();
    start();
  }
  MintedToken mint(WorkspaceId id, TokenOptions options = {}) {
    return write([this, id, options](sql::Tx& tx) { return tokens->mint(tx, id, options); });
  }
  std::optional<TokenFacts> use(const MintedToken& token) {
    return tokens->use(crypto::token_digest(token.text.reveal()), table_seconds(clock.now()));
  }
  template <class Fn>
  std::string code_of(Fn&& fn) {
    try {
      fn();
    } catch (const Fault& fault) {
      return fault.code();
    }
    return "";
  }

  test::ManualClock clock;
  test::CountingRandom random;
  Town town;
  WorkspaceId ws = random.id<WorkspaceId>();
  WorkspaceId other = random.id<WorkspaceId>();
  std::unique_ptr<facts::Record> record;
  std::unique_ptr<Tokens> tokens;
};

TEST_P(TokensOfWorkspaces, AMintedTokenProvesItsWorkspaceAlsoAfterARestart) {
  MintedToken minted = mint(ws);
  EXPECT_TRUE(crypto::looks_like_token(minted.text.reveal()));
  EXPECT_TRUE(minted.text.reveal().starts_with(minted.prefix));
  ASSERT_TRUE(use(minted));
  EXPECT_EQ(use(minted)->workspace, ws);
  EXPECT_EQ(use(minted)->id, minted.id);
  restart();
  ASSERT_TRUE(use(minted));
  EXPECT_EQ(use(minted)->workspace, ws);
}

TEST_P(TokensOfWorkspaces, NothingIsKnownBeforeTheStoreWasRead) {
  MintedToken minted = mint(ws);
  Tokens unread(db(), clock, random, town, *record);
  EXPECT_FALSE(unread.ready());
  EXPECT_FALSE(unread.use(crypto::token_digest(minted.text.reveal()), 1));
}

TEST_P(TokensOfWorkspaces, AnUndoneTransactionGivesNoToken) {
  std::string text;
  try {
    write([&](sql::Tx& tx) -> int {
      text = tokens->mint(tx, ws).text.reveal();
      throw conflict("stop", "stop");
    });
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), "stop");
  }
  EXPECT_FALSE(tokens->use(crypto::token_digest(text), 1));
  EXPECT_EQ(run(tokens->list(ws, 10, 0)).size(), 0u);
}

TEST_P(TokensOfWorkspaces, ARevokedTokenIsForgottenAtOnceAndForGood) {
  MintedToken first = mint(ws);
  MintedToken second = mint(ws);
  auto revoke = [&](WorkspaceId id, TokenId token) {
    return write([this, id, token](sql::Tx& tx) { return tokens->revoke(tx, id, token); });
  };
  EXPECT_FALSE(revoke(other, first.id)) << "another workspace's token";
  EXPECT_TRUE(revoke(ws, first.id));
  EXPECT_FALSE(revoke(ws, first.id)) << "twice";
  EXPECT_FALSE(use(first));
  EXPECT_TRUE(use(second));
  restart();
  EXPECT_FALSE(use(first));
  EXPECT_TRUE(use(second));
}

TEST_P(TokensOfWorkspaces, RevokingAllLeavesOtherWorkspacesAlone) {
  MintedToken mine = mint(ws);
  MintedToken theirs = mint(other);
  EXPECT_EQ(write([this](sql::Tx& tx) { return tokens->revoke_all(tx, ws); }).size(), 1U);
  EXPECT_FALSE(use(mine));
  EXPECT_TRUE(use(theirs));
}

TEST_P(TokensOfWorkspaces, ARemovedWorkspacesTokensAreDepartedAlsoAfterARestart) {
  MintedToken minted = mint(ws);
  clock.advance(60s);
  EXPECT_EQ(write([this](sql::Tx& tx) { return tokens->depart(tx, ws); }), 1);
  std::uint32_t removed = table_seconds(clock.now());
  town.who[ws] = Standing::removed;
  ASSERT_TRUE(use(minted));
  EXPECT_TRUE(use(minted)->departed);
  restart();
  ASSERT_TRUE(use(minted));
  EXPECT_TRUE(use(minted)->departed);
  EXPECT_EQ(use(minted)->ends_at, removed);
}

TEST_P(TokensOfWorkspaces, ATokenMintedWhileItsWorkspaceIsRemovedIsBornDeparted) {
  town.who[ws] = Standing::removed;
  MintedToken minted = mint(ws);
  EXPECT_TRUE(use(minted)->departed);
  restart();
  EXPECT_TRUE(use(minted)->departed);
}

TEST_P(TokensOfWorkspaces, PurgedTokensAreUnknown) {
  MintedToken minted = mint(ws);
  write([this](sql::Tx& tx) {
    tokens->erase_all(tx, ws);
    return 0;
  });
  EXPECT_FALSE(use(minted));
}

TEST_P(TokensOfWorkspaces, ExpiryHoldsAlsoAfterARestart) {
  MintedToken minted = mint(ws, {std::nullopt, clock.now() + 10s});
  EXPECT_FALSE(use(minted)->expired(table_seconds(clock.now())));
  clock.advance(10s);
  EXPECT_TRUE(use(minted)->expired(table_seconds(clock.now())));
  restart();
  EXPECT_TRUE(use(minted)->expired(table_seconds(clock.now())));
}

TEST_P(TokensOfWorkspaces, FiftyLiveOnesAreTheMost) {
  MintedToken first = mint(ws);
  mint(ws, {std::nullopt, clock.now() + 10s});
  for (int i = 2; i < Tokens::live_max; ++i) mint(ws);
  EXPECT_EQ(code_of([&] { mint(ws); }), "too_many_tokens");
  EXPECT_EQ(code_of([&] { mint(other); }), "");
  write([&](sql::Tx& tx) { return tokens->revoke(tx, ws, first.id); });
  EXPECT_EQ(code_of([&] { mint(ws); }), "");
  EXPECT_EQ(code_of([&] { mint(ws); }), "too_many_tokens");
  clock.advance(10s);
  EXPECT_EQ(code_of([&] { mint(ws); }), "") << "an expired one does not count";
}

TEST_P(TokensOfWorkspaces, WrongOptionsAreRefused) {
  EXPECT_EQ(code_of([&] { mint(ws, {std::nullopt, clock.now()}); }), "expiry_past");
  EXPECT_EQ(code_of([&] { mint(ws, {std::string(Tokens::label_max + 1, 'x'), std::nullopt}); }),
            "label_too_long");
}

TEST_P(TokensOfWorkspaces, TheListIsNewestFirstAndPaged) {
  for (int i = 0; i < 3; ++i) {
    mint(ws, {"token " + std::to_string(i), std::nullopt});
    clock.advance(1s);
  }
  mint(other);
  auto page = run(tokens->list(ws, 2, 0));
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].label, "token 2");
  EXPECT_EQ(page[1].label, "token 1");
  page = run(tokens->list(ws, 2, 2));
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].label, "token 0");
}

TEST_P(TokensOfWorkspaces, LastUseShowsAtOnceAndIsWrittenBehind) {
  MintedToken minted = mint(ws);
  auto was_used = [&] { return write([this](sql::Tx& tx) { return tokens->was_used(tx, ws); }); };
  EXPECT_FALSE(run(tokens->list(ws, 10, 0)).front().last_used_at);
  EXPECT_FALSE(was_used());
  use(minted);
  auto at = run(tokens->list(ws, 10, 0)).front().last_used_at;
  ASSERT_TRUE(at);
  EXPECT_EQ(at->seconds(), clock.now().seconds());
  EXPECT_TRUE(was_used());
  run(tokens->flush());
  restart();
  EXPECT_EQ(run(tokens->list(ws, 10, 0)).front().last_used_at->seconds(), clock.now().seconds());
  EXPECT_TRUE(was_used());
}

TEST_P(TokensOfWorkspaces, HasLiveFollowsTheTokens) {
  auto has_live = [&] { return write([this](sql::Tx& tx) { return tokens->has_live(tx, ws); }); };
  EXPECT_FALSE(has_live());
  mint(ws);
  EXPECT_TRUE(has_live());
  write([this](sql::Tx& tx) { return tokens->revoke_all(tx, ws); });
  EXPECT_FALSE(has_live());
}

EACH_DATABASE(TokensOfWorkspaces);

}  // namespace
}  // namespace molecule::auth
