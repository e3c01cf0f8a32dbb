#include "server/auth/keys.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/crypto/token.h"
#include "server/auth/gate.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::auth {
namespace {

using namespace std::chrono_literals;
using api::KeyScope;

struct Everybody final : Residents, Reach {
  Standing standing(WorkspaceId) const override { return Standing::present; }
  bool may_reach(WorkspaceId, WorkspaceId) const override { return true; }
};

class OrgKeys : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    start();
  }
  void start() {
    record = std::make_unique<facts::Record>(db(), clock);
    tokens = std::make_unique<Tokens>(db(), clock, random, everybody, *record);
    sessions = std::make_unique<Sessions>(db(), clock, random, *record);
    keys = std::make_unique<Keys>(db(), clock, random, *record);
    record->join(*tokens);
    record->join(*sessions);
    record->join(*keys);
    run(record->load());
    gate = std::make_unique<Gate>(
        GateParts{*tokens, *sessions, *keys, admin, everybody, limits, clock, metrics},
        http::Site("127.0.0.1", {}, {}));
  }
  void restart() {
    gate.reset();
    reopen();
    start();
  }
  static Caller owner() {
    http::Principal principal;
    principal.kind = static_cast<int>(Who::admin_token);
    return Admin::prove(principal);
  }
  // As the gate would make it.
  static Caller with(const MintedKey& key) {
    http::Principal principal;
    principal.kind = static_cast<int>(Who::admin_key);
    principal.credential = key.row.id.bytes();
    std::copy(key.row.prefix.begin(), key.row.prefix.end(), principal.mark.begin());
    return Admin::prove(principal);
  }
  MintedKey mint(KeyScope scope, std::optional<Instant> end = {},
                 std::optional<Caller> maker = {}) {
    api::NewKey wanted;
    wanted.scope = scope;
    if (end) wanted.expires_at = *end;
    return write([&](sql::Tx& tx) { return keys->mint(tx, wanted, maker ? *maker : owner()); });
  }
  std::string refused(const api::NewKey& wanted, std::optional<Caller> maker = {}) {
    try {
      write([&](sql::Tx& tx) { return keys->mint(tx, wanted, maker ? *maker : owner()); });
    } catch (const Fault& fault) {
      return std::string(fault.code());
    }
    return "made";
  }
  bool revoke(const MintedKey& key) {
    return write([&](sql::Tx& tx) { return keys->revoke(tx, key.row.id, owner()).has_value(); });
  }
  template <class Class>
  int ask(const MintedKey& key, http::Method method) {
    const http::Route route{method, "/workspaces/{id}/x", &Class::access};
    const std::string bearer = "Bearer " + std::string(key.text.reveal());
    http::Request request;
    request.method = method;
    request.path = route.pattern;
    request.host = "127.0.0.1";
    request.peer = "192.0.2.1";
    request.params.push_back(random.id<WorkspaceId>().text());
    request.headers.push_back({"Authorization", bearer});
    auto refusal = gate->admit(route, request);
    last = request.principal;
    if (refusal) return refusal->status;
    Class::prove(request.principal);  // Ends the process where the class does not fit.
    return 0;
  }

  test::ManualClock clock;
  test::CountingRandom random;
  Everybody everybody;
  metrics::Registry metrics;
  AdminToken admin{Secret("an operator's long token")};
  Limits limits{LimitSettings{0, 0, 0, 0, 0}};
  std::unique_ptr<facts::Record> record;
  std::unique_ptr<Tokens> tokens;
  std::unique_ptr<Sessions> sessions;
  std::unique_ptr<Keys> keys;
  std::unique_ptr<Gate> gate;
  http::Principal last;
};

TEST_P(OrgKeys, AScopeOpensWhatItSaysAndNoMore) {
  using enum http::Method;
  const MintedKey read = mint(KeyScope::read);
  const MintedKey operate = mint(KeyScope::operate);
  const MintedKey rule = mint(KeyScope::admin);
  for (http::Method method : {get, head, options}) {
    for (const MintedKey* key : {&read, &operate, &rule}) {
      EXPECT_EQ(ask<Operator>(*key, method), 0);
      EXPECT_EQ(ask<Member>(*key, method), 0);
      EXPECT_EQ(ask<Self>(*key, method), 0);
      EXPECT_EQ(ask<Peer>(*key, method), 0);
      EXPECT_EQ(ask<Own>(*key, method), 403) << "a workspace's own is no operator's";
    }
  }
  for (http::Method method : {post, put, patch, del}) {
    EXPECT_EQ(ask<Operator>(read, method), 403);
    EXPECT_EQ(ask<Member>(read, method), 403);
    EXPECT_EQ(ask<Self>(read, method), 403);
    EXPECT_EQ(ask<Peer>(read, method), 403);
    for (const MintedKey* key : {&operate, &rule}) {
      EXPECT_EQ(ask<Operator>(*key, method), 0);
      EXPECT_EQ(ask<Member>(*key, method), 0);
      EXPECT_EQ(ask<Self>(*key, method), 0);
      EXPECT_EQ(ask<Peer>(*key, method), 0);
    }
  }
  for (http::Method method : {get, post, del}) {
    for (const MintedKey* key : {&read, &operate}) {
      EXPECT_EQ(ask<Admin>(*key, method), 403);
      EXPECT_EQ(ask<Holder>(*key, method), 403);
      EXPECT_EQ(ask<Enrol>(*key, method), 403);
    }
    EXPECT_EQ(ask<Admin>(rule, method), 0);
    EXPECT_EQ(ask<Holder>(rule, method), 0);
    EXPECT_EQ(ask<Enrol>(rule, method), 0);
  }
  EXPECT_EQ(ask<Open>(read, get), 0);
}

TEST_P(OrgKeys, AKeyIsItsPrefixToWhoeverReadsTheLog) {
  const MintedKey key = mint(KeyScope::operate);
  ASSERT_EQ(ask<Operator>(key, http::Method::post), 0);
  EXPECT_EQ(Operator::prove(last).actor(), "org-token:" + key.row.prefix);
  EXPECT_TRUE(key.text.reveal().starts_with(key.row.prefix));
  EXPECT_EQ(Operator::prove(last).key(), key.row.id);
  EXPECT_EQ(owner().actor(), "admin-token");
}

TEST_P(OrgKeys, OneThatEndedIsRefusedAtOnceAndAfterARestart) {
  const MintedKey revoked = mint(KeyScope::admin);
  const MintedKey brief = mint(KeyScope::read, clock.now() + 2s);
  const MintedKey kept = mint(KeyScope::read);
  EXPECT_EQ(ask<Operator>(brief, http::Method::get), 0);
  EXPECT_EQ(last.lasts, 2000ms) << "what it holds open is judged again then";
  EXPECT_TRUE(revoke(revoked));
  EXPECT_FALSE(revoke(revoked));
  EXPECT_EQ(ask<Operator>(revoked, http::Method::get), 401);
  clock.advance(2s);
  EXPECT_EQ(ask<Operator>(brief, http::Method::get), 401);
  restart();
  EXPECT_EQ(ask<Operator>(revoked, http::Method::get), 401);
  EXPECT_EQ(ask<Operator>(brief, http::Method::get), 401);
  EXPECT_EQ(ask<Operator>(kept, http::Method::get), 0);
  EXPECT_EQ(run(keys->list()).size(), 2U) << "one that expired is still shown";
}

TEST_P(OrgKeys, AnotherProcessOfThePlatformHearsOfTheEnd) {
  const MintedKey key = mint(KeyScope::read);
  facts::Record there(db(), clock);
  Keys theirs(db(), clock, random, there);
  there.join(theirs);
  run(there.load());
  const crypto::Digest digest = crypto::token_digest(key.text.reveal());
  EXPECT_TRUE(theirs.find(digest));
  int told = 0;
  theirs.on_ended([&] { ++told; });
  EXPECT_TRUE(revoke(key));
  const MintedKey later = mint(KeyScope::admin);
  run(there.follow());
  EXPECT_FALSE(theirs.find(digest));
  EXPECT_EQ(told, 1) << "what is held open there is judged again";
  EXPECT_TRUE(theirs.find(crypto::token_digest(later.text.reveal())));
}

TEST_P(OrgKeys, AKeyMakesNoneThatOutlivesIt) {
  const MintedKey maker = mint(KeyScope::admin, clock.now() + 1h);
  api::NewKey wanted;
  wanted.scope = KeyScope::admin;
  wanted.expires_at = clock.now() + 1h + 1s;
  EXPECT_EQ(refused(wanted, with(maker)), "key_outlives_maker");
  EXPECT_EQ(mint(KeyScope::admin, {}, with(maker)).row.expires_at, maker.row.expires_at);
  EXPECT_EQ(mint(KeyScope::read, clock.now() + 1min, with(maker)).row.created_by,
            "org-token:" + maker.row.prefix);
  revoke(maker);
  EXPECT_EQ(refused({}, with(maker)), "invalid_admin_token")
      << "it was let in before it was revoked, and is refused all the same";
}

TEST_P(OrgKeys, WhatCannotBeIsRefused) {
  api::NewKey wanted;
  wanted.expires_at = clock.now();
  EXPECT_EQ(refused(wanted), "expiry_past");
  wanted = {};
  wanted.name = std::string(101, 'x');
  EXPECT_EQ(refused(wanted), "label_too_long");
  wanted.name = "two\nlines";
  EXPECT_EQ(refused(wanted), "invalid_label");
  std::string accents;
  for (int i = 0; i < 100; ++i) accents += "é";
  wanted.name = accents;
  EXPECT_EQ(refused(wanted), "made") << "characters count, not bytes";
}

TEST_P(OrgKeys, ThereAreNoMoreThanMayBeAndAnExpiredOneMakesRoom) {
  const MintedKey brief = mint(KeyScope::read, clock.now() + 1s);
  write([&](sql::Tx& tx) {
    for (std::int64_t n = 1; n < Keys::keys_max; ++n) keys->mint(tx, {}, owner());
    return 0;
  });
  EXPECT_EQ(refused({}), "too_many_keys");
  EXPECT_EQ(keys->size(), static_cast<std::size_t>(Keys::keys_max));
  clock.advance(1s);
  EXPECT_EQ(refused({}), "made");
  EXPECT_EQ(keys->size(), static_cast<std::size_t>(Keys::keys_max));
  EXPECT_FALSE(keys->find(crypto::token_digest(brief.text.reveal())));
  EXPECT_EQ(refused({}), "too_many_keys");
}

TEST_P(OrgKeys, WhoeverHasToDoWithItsEndIsToldInTheSameTransaction) {
  struct Ends final : KeyEnd {
    void ended(sql::Tx&, const store::KeyRow& key, const Caller& by) override {
      told.emplace_back(key.id, by.actor());
      if (fails) throw internal("not now");
    }
    std::vector<std::pair<KeyId, std::string>> told;
    bool fails = false;
  } ends;
  keys->join(ends);
  const MintedKey brief = mint(KeyScope::read, clock.now() + 1s);
  const MintedKey maker = mint(KeyScope::admin);
  const MintedKey other = mint(KeyScope::read);
  EXPECT_TRUE(revoke(other));
  EXPECT_FALSE(revoke(other));
  const std::string by = "org-token:" + maker.row.prefix;
  using Told = std::vector<std::pair<KeyId, std::string>>;
  EXPECT_EQ(ends.told, (Told{{other.row.id, "admin-token"}}));
  ends.fails = true;
  EXPECT_THROW(revoke(maker), Fault);
  EXPECT_EQ(ask<Operator>(maker, http::Method::get), 0) << "it has not ended";
  ends = {};
  write([&](sql::Tx& tx) {
    for (std::int64_t n = 2; n < Keys::keys_max; ++n) keys->mint(tx, {}, owner());
    return 0;
  });
  clock.advance(1s);
  mint(KeyScope::read, {}, with(maker));
  EXPECT_EQ(ends.told, (Told{{brief.row.id, by}})) << "one that makes room has ended as well";
}

TEST_P(OrgKeys, ItsUseIsKept) {
  const MintedKey key = mint(KeyScope::read);
  EXPECT_FALSE(run(keys->list()).front().last_used_at);
  clock.advance(1min);
  ASSERT_EQ(ask<Operator>(key, http::Method::get), 0);
  const Instant used = clock.now();
  EXPECT_EQ(run(keys->list()).front().last_used_at, used);
  run(keys->flush());
  restart();
  EXPECT_EQ(run(keys->list()).front().last_used_at, used);
}

EACH_DATABASE(OrgKeys);

}  // namespace
}  // namespace molecule::auth
