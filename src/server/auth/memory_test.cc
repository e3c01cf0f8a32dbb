// What the gate knows follows the log alone: whoever follows it knows the same, whatever happened
// and however often the store was lost over it.
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "platform/crypto/token.h"
#include "server/auth/keys.h"
#include "server/auth/sessions.h"
#include "server/auth/tokens.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"
#include "testing/store_trouble.h"

namespace molecule::auth {
namespace {

using namespace std::chrono_literals;

template <class T>
concept ChangedFromOutside = requires(T& one, const facts::Fact& fact) { one.apply(fact); } ||
                             requires(T& one, sql::Read& read) { one.load(read); };
static_assert(!ChangedFromOutside<Tokens> && !ChangedFromOutside<Sessions> &&
              !ChangedFromOutside<Keys>);

struct Town final : Residents {
  Standing standing(WorkspaceId id) const override {
    auto it = who.find(id);
    return it == who.end() ? Standing::unknown : it->second;
  }
  std::map<WorkspaceId, Standing> who;
};

// A process' memory.
struct Memory {
  Memory(sql::Database& db, const io::Clock& clock, io::Random& random, const Residents& residents)
      : record(db, clock),
        tokens(db, clock, random, residents, record),
        sessions(db, clock, random, record),
        keys(db, clock, random, record) {
    record.join(tokens);
    record.join(sessions);
    record.join(keys);
  }
  facts::Record record;
  Tokens tokens;
  Sessions sessions;
  Keys keys;
};

class GateMemory : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    trouble = std::make_shared<test::StoreTrouble>();
    place->settings.interference = trouble;
    reopen();
    for (int i = 0; i < 4; ++i) {
      workspaces.push_back(random.id<WorkspaceId>());
      town.who[workspaces.back()] = Standing::present;
    }
  }
  std::unique_ptr<Memory> loaded() {
    auto memory = std::make_unique<Memory>(db(), clock, random, town);
    run(memory->record.load());
    return memory;
  }
  // What the gate would answer for everything that was ever given out.
  std::string known_by(const Memory& memory) const {
    std::string known;
    for (const std::string& text : given) {
      auto facts = memory.tokens.find(crypto::token_digest(text));
      if (!facts) continue;
      known += fmt::format("{} {} {} {}\n", facts->id.text(), facts->workspace.text(),
                           facts->departed, facts->ends_at);
    }
    for (const std::string& cookie : cookies) {
      auto facts = memory.sessions.find(cookie, clock.now());
      if (!facts) continue;
      known += fmt::format("{} {} {}\n", facts->id.text(), facts->created_at.micros(),
                           facts->expires_at.micros());
    }
    for (const std::string& text : keys) {
      auto facts = memory.keys.find(crypto::token_digest(text));
      if (!facts) continue;
      known += fmt::format("{} {} {} {}\n", facts->id.text(), enum_text(facts->scope),
                           facts->mark.data(), facts->expires_at.value_or(Instant()).micros());
    }
    return known + fmt::format("{} {} {}", memory.tokens.size(),
                               memory.sessions.list(clock.now()).size(), memory.keys.size());
  }
  void wait_until_back() {
    trouble->give_back();
    const auto give_up = wall.monotonic() + 20s;
    while (!db().healthy() && wall.monotonic() < give_up) std::this_thread::yield();
    ASSERT_TRUE(db().healthy());
  }
  std::size_t below(std::size_t end) { return chance() % end; }

  static Caller owner() {
    http::Principal principal;
    principal.kind = static_cast<int>(Who::admin_token);
    return Admin::prove(principal);
  }

  // One change of what the gate knows.
  void change(Memory& memory, sql::Tx& tx) {
    WorkspaceId workspace = workspaces[below(workspaces.size())];
    switch (below(10)) {
      case 0:
      case 1:
      case 2: {
        if (town.who[workspace] == Standing::removed) return;
        TokenOptions options;
        if (below(2) == 0) options.expires_at = clock.now() + std::chrono::hours(below(100) + 1);
        auto minted = memory.tokens.mint(tx, workspace, options);
        given.emplace_back(minted.text.reveal());
        ids.emplace_back(workspace, minted.id);
        return;
      }
      case 3:
        if (!ids.empty()) {
          auto [owner, id] = ids[below(ids.size())];
          memory.tokens.revoke(tx, owner, id);
        }
        return;
      case 4:
        if (below(4) == 0) memory.tokens.revoke_all(tx, workspace);
        return;
      case 5:
        if (below(4) == 0) memory.tokens.depart(tx, workspace);
        if (below(4) == 0) memory.tokens.erase_all(tx, workspace);
        return;
      case 6: {
        auto opened = memory.sessions.start(tx);
        cookies.emplace_back(opened.text.reveal());
        open.push_back(opened.id);
        return;
      }
      case 7: {
        api::NewKey wanted;
        wanted.scope = static_cast<api::KeyScope>(below(3));
        if (below(2) == 0) wanted.expires_at = clock.now() + std::chrono::hours(below(100) + 1);
        auto minted = memory.keys.mint(tx, wanted, owner());
        keys.emplace_back(minted.text.reveal());
        key_ids.push_back(minted.row.id);
        return;
      }
      case 8:
        if (!key_ids.empty()) memory.keys.revoke(tx, key_ids[below(key_ids.size())], owner());
        return;
      default:
        if (!open.empty()) memory.sessions.end(tx, open[below(open.size())]);
    }
  }

  io::SystemClock wall;
  test::ManualClock clock;
  test::CountingRandom random;
  std::mt19937_64 chance{20260102};
  std::shared_ptr<test::StoreTrouble> trouble;
  Town town;
  std::vector<WorkspaceId> workspaces;
  std::vector<std::string> given, cookies, keys;
  std::vector<std::pair<WorkspaceId, TokenId>> ids;
  std::vector<SessionId> open;
  std::vector<KeyId> key_ids;
};

TEST_P(GateMemory, FollowsTheLogAloneWhateverHappens) {
  auto first = loaded();
  auto second = loaded();
  for (int step = 0; step < 150; ++step) {
    SCOPED_TRACE(step);
    clock.advance(1s);
    const std::size_t fate = below(10);
    if (fate == 0) trouble->at_commit_done(1);
    if (fate == 1) trouble->at_commit_undone(1);
    try {
      write([&](sql::Tx& tx) {
        for (std::size_t i = 0, n = below(4) + 1; i < n; ++i) change(*first, tx);
        if (fate == 2) throw bad_request("this one is undone");
        tx.run(sql::Query<void()>{"test.touch",
                                  "UPDATE sequences SET value = value WHERE name = 'none'"});
        return 0;
      });
    } catch (const Fault&) {}
    if (fate < 2) {
      wait_until_back();
      // What is known before anything goes on, or by whoever goes on first.
      if (below(2) == 0) run(first->record.follow());
    }
    if (below(10) == 0) run(second->record.follow());
  }
  run(first->record.follow());
  run(second->record.follow());
  auto third = loaded();
  const std::string known = known_by(*first);
  EXPECT_EQ(known_by(*second), known) << "who follows";
  EXPECT_EQ(known_by(*third), known) << "who starts";
  EXPECT_GT(given.size(), 50U);
  EXPECT_GT(keys.size(), 15U);
}

TEST_P(GateMemory, ATokenRevokedInACommitNobodyKnowsOfIsRefusedBeforeTheNextIsKnown) {
  auto memory = loaded();
  auto mint = [&] {
    return write([&](sql::Tx& tx) { return memory->tokens.mint(tx, workspaces[0]); });
  };
  auto first = mint();
  trouble->at_commit_done(1);
  auto revoke = [&](sql::Tx& tx) { return memory->tokens.revoke(tx, workspaces[0], first.id); };
  EXPECT_THROW(write(revoke), sql::CommitUnknown);
  wait_until_back();
  auto second = mint();
  auto knows = [&](const MintedToken& token) {
    return memory->tokens.find(crypto::token_digest(token.text.reveal())).has_value();
  };
  EXPECT_FALSE(knows(first));
  EXPECT_TRUE(knows(second));
}

EACH_DATABASE(GateMemory);

}  // namespace
}  // namespace molecule::auth
