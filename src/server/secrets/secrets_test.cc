#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/crypto/key_file.h"
#include "platform/log/log.h"
#include "server/secrets/kept.h"
#include "server/secrets/secrets_service.h"
#include "server/workspaces/town_fixture.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::secrets {
namespace {

using namespace std::chrono_literals;

class Lines final : public log::Sink {
 public:
  void write(std::string_view line) noexcept override { text += line; }
  std::string text;
};

auth::Admin::Caller admin() {
  http::Principal principal;
  principal.kind = static_cast<int>(auth::Who::admin_token);
  return auth::Admin::prove(principal);
}

auth::Operator::Caller looking() {
  http::Principal principal;
  principal.kind = static_cast<int>(auth::Who::admin_token);
  return auth::Operator::prove(principal);
}

template <class Class>
typename Class::Caller workspace(WorkspaceId id) {
  http::Principal principal;
  principal.kind = static_cast<int>(auth::Who::workspace);
  principal.subject = id.bytes();
  return Class::prove(principal);
}

class Secrets : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    log::start(log::Level::debug, &lines);
    db().migrate(test::migrations());
    folder = std::filesystem::temp_directory_path() /
             ("molecule_secrets_" + io::SystemRandom().id<WorkspaceId>().text());
    std::filesystem::create_directory(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
    for (WorkspaceId id : {ws, other}) {
      workspaces::Entry entry;
      entry.id = id;
      entry.status = workspaces::Status::online;
      town.put(entry);
    }
    start();
  }
  void TearDown() override {
    service.reset();
    events.reset();
    std::filesystem::remove_all(folder);
    EachDatabase::TearDown();
    log::stop();
  }
  void start(std::string_view environment = "") {
    events = std::make_unique<events::Log>(db(), clock);
    run(events->open());
    vault = std::make_unique<Vault>(
        db(), random, crypto::load_or_create_keys(folder / "sealing_key", environment, random),
        KeySettings{folder / "sealing_key", !environment.empty()});
    service = std::make_unique<Service>(db(), *events, directory, clock, *vault);
  }
  void restart() {
    service.reset();
    vault.reset();
    events.reset();
    reopen();
    start();
  }

  std::string values(WorkspaceId id) {
    return json::text(run(service->values(workspace<auth::Own>(id), id)).body);
  }
  std::string list(WorkspaceId id) {
    return run(service->list(workspace<auth::Self>(id), id, http::Query<ListQuery>{})).body;
  }
  api::SecretSaved save(WorkspaceId id, std::string key, std::string value) {
    return run(service->save(workspace<auth::Self>(id), id,
                             api::NewSecret{std::move(key), std::move(value)}));
  }
  void save_global(std::string key, std::string value) {
    run(service->save_global(admin(), api::NewSecret{std::move(key), std::move(value)}));
  }
  template <class Fn>
  Fault fault_of(Fn&& fn) {
    try {
      fn();
    } catch (const Fault& fault) {
      return fault;
    }
    ADD_FAILURE() << "no fault";
    return internal();
  }
  template <class Fn>
  std::string code_of(Fn&& fn) {
    return fault_of(std::forward<Fn>(fn)).code();
  }
  std::string raw_store() {
    std::string all;
    auto rows = read([](sql::Read& tx) {
      static constexpr sql::Query<sql::Bytes()> sealed{"test.sealed", R"(
          SELECT sealed FROM workspace_secrets UNION ALL SELECT sealed FROM global_secrets)"};
      return tx.all(sealed);
    });
    for (const auto& row : rows) all.append(row.begin(), row.end());
    return all;
  }

  Lines lines;
  test::ManualClock clock;
  test::CountingRandom random;
  workspaces::Town town;
  workspaces::Directory& directory = town.directory;
  WorkspaceId ws = random.id<WorkspaceId>();
  WorkspaceId other = random.id<WorkspaceId>();
  std::filesystem::path folder;
  std::unique_ptr<events::Log> events;
  std::unique_ptr<Vault> vault;
  std::unique_ptr<Service> service;
};

TEST_P(Secrets, AWorkspacesOwnValueGoesBeforeAGlobalOne) {
  save_global("SHARED", "for all");
  save_global("KEY", "global");
  save(ws, "KEY", "own");
  EXPECT_EQ(values(ws), R"({"KEY":"own","SHARED":"for all"})");
  EXPECT_EQ(values(other), R"({"KEY":"global","SHARED":"for all"})");
  run(service->erase(workspace<auth::Self>(ws), ws, "KEY"));
  EXPECT_EQ(values(ws), R"({"KEY":"global","SHARED":"for all"})");
  run(service->erase_global(admin(), "KEY"));
  EXPECT_EQ(values(ws), R"({"SHARED":"for all"})");
}

TEST_P(Secrets, ListsNameKeysInOverrideOrderAndNoValues) {
  save_global("B", "hidden-1");
  save_global("A", "hidden-2");
  clock.advance(1s);
  save(ws, "Z", "hidden-3");
  save(ws, "B", "hidden-4");
  EXPECT_EQ(
      list(ws),
      R"([{"key":"B","has_value":true,"scope":"workspace","created_at":"2026-01-02T03:04:06.000000Z","updated_at":"2026-01-02T03:04:06.000000Z"},)"
      R"({"key":"Z","has_value":true,"scope":"workspace","created_at":"2026-01-02T03:04:06.000000Z","updated_at":"2026-01-02T03:04:06.000000Z"},)"
      R"({"key":"A","has_value":true,"scope":"global","created_at":"2026-01-02T03:04:05.000000Z","updated_at":"2026-01-02T03:04:05.000000Z"}])");
  clock.advance(1s);
  save(ws, "Z", "hidden-5");
  EXPECT_NE(
      list(ws).find(
          R"("created_at":"2026-01-02T03:04:06.000000Z","updated_at":"2026-01-02T03:04:07.000000Z")"),
      std::string::npos);
  auto globals = run(service->list_global(looking()));
  ASSERT_EQ(globals.size(), 2u);
  EXPECT_EQ(globals[0].key, "A");
  EXPECT_EQ(globals[0].scope, Scope::global);
}

TEST_P(Secrets, TheListWithValuesIsForTheWorkspaceItself) {
  save(ws, "KEY", "own");
  http::Query<ListQuery> wanted{ListQuery{true}};
  EXPECT_EQ(run(service->list(workspace<auth::Self>(ws), ws, wanted)).body, R"({"KEY":"own"})");
  http::Principal principal;
  principal.kind = static_cast<int>(auth::Who::admin_token);
  auto operator_as_self = auth::Self::prove(principal);
  EXPECT_EQ(code_of([&] { run(service->list(operator_as_self, ws, wanted)); }), "own_only");
}

TEST_P(Secrets, ValuesSurviveARestartAndAreSealedAtRest) {
  save(ws, "KEY", "a value that must not lie about");
  save_global("OTHER", "another that must not");
  EXPECT_EQ(raw_store().find("must not"), std::string::npos);
  restart();
  EXPECT_EQ(values(ws),
            R"({"KEY":"a value that must not lie about","OTHER":"another that must not"})");
}

TEST_P(Secrets, NothingThatIsWrittenDownHoldsAValue) {
  save(ws, "KEY", "tell-nobody-1");
  save_global("OTHER", "tell-nobody-2");
  run(service->set_model(workspace<auth::Self>(ws), ws, api::NewModel{"tell-nobody-3"}));
  std::string refused = fault_of([&] { save(ws, "PATH", "tell-nobody-4"); }).text();
  refused +=
      fault_of([&] { save(ws, "KEY", "tell-nobody-5" + std::string(value_max, 'x')); }).text();
  run(service->rotate(admin()));
  for (const auto& frame : events->recent_after(0, 100).frames) refused += frame->text;
  EXPECT_EQ(refused.find("tell-nobody"), std::string::npos) << refused;
  EXPECT_EQ(lines.text.find("tell-nobody"), std::string::npos) << lines.text;
  EXPECT_EQ(list(ws).find("tell-nobody"), std::string::npos);
}

TEST_P(Secrets, ChangesAreInTheLogByName) {
  save(ws, "KEY", "v");
  save_global("ALL", "v");
  run(service->erase(workspace<auth::Self>(ws), ws, "KEY"));
  auto frames = events->recent_after(0, 10).frames;
  ASSERT_EQ(frames.size(), 3u);
  for (const auto& frame : frames) EXPECT_EQ(frame->type, "SECRET_CHANGED");
  EXPECT_EQ(frames[0]->workspace, ws);
  EXPECT_EQ(frames[0]->payload(), R"({"key":"KEY","scope":"workspace"})");
  EXPECT_TRUE(frames[1]->workspace.nil());
  EXPECT_EQ(frames[1]->payload(), R"({"key":"ALL","scope":"global"})");
}

TEST_P(Secrets, KeysAndValuesAreChecked) {
  for (std::string key : {"", "1A", "A B", "A=B", "-A", "A\n", "Ä"}) {
    EXPECT_EQ(code_of([&] { save(ws, key, "v"); }), "secret_key_invalid") << key;
    EXPECT_EQ(code_of([&] { save_global(key, "v"); }), "secret_key_invalid") << key;
  }
  EXPECT_EQ(code_of([&] { save(ws, std::string(key_max + 1, 'A'), "v"); }), "secret_key_invalid");
  for (std::string key : {"PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "PLATFORM_URL", "WORKSPACE_ID",
                          "MOLECULE_WORKSPACE_TOKEN"}) {
    EXPECT_EQ(code_of([&] { save(ws, key, "v"); }), "secret_key_reserved") << key;
  }
  for (const std::string& value :
       {std::string(), std::string(value_max + 1, 'x'), std::string("a\0b", 3)}) {
    EXPECT_EQ(code_of([&] { save(ws, "KEY", value); }), "secret_value_invalid");
    EXPECT_EQ(code_of([&] { save_global("KEY", value); }), "secret_value_invalid");
  }
  EXPECT_EQ(list(ws), "[]") << "nothing changed";
  EXPECT_EQ(save(ws, "_a.B-9" + std::string(key_max - 6, 'A'), std::string(value_max, 'x')).status,
            "saved");
}

TEST_P(Secrets, ThereIsABoundToHowMany) {
  write([&](sql::Tx& tx) {
    for (int i = 0; i < secrets_max; ++i)
      service->put(tx, ws, "K" + std::to_string(i), Secret("v"));
  });
  EXPECT_EQ(code_of([&] { save(ws, "ONE_MORE", "v"); }), "too_many_secrets");
  EXPECT_EQ(save(ws, "K0", "again").status, "saved");
  EXPECT_EQ(save(other, "K0", "v").status, "saved");
}

TEST_P(Secrets, WhatIsNotThereIsNotFound) {
  WorkspaceId nobody = random.id<WorkspaceId>();
  EXPECT_EQ(code_of([&] { list(nobody); }), "workspace_not_found");
  EXPECT_EQ(code_of([&] { values(nobody); }), "workspace_not_found");
  EXPECT_EQ(code_of([&] { save(nobody, "A", "v"); }), "workspace_not_found");
  EXPECT_EQ(code_of([&] { run(service->erase(workspace<auth::Self>(ws), ws, "A")); }),
            "secret_not_found");
  EXPECT_EQ(code_of([&] { run(service->erase_global(admin(), "A")); }), "secret_not_found");
}

TEST_P(Secrets, OneThatCannotBeOpenedFailsAllAndSaysWhich) {
  save(ws, "GOOD", "good-value");
  save(ws, "BAD", "v");
  save_global("WORSE", "v");
  write([&](sql::Tx& tx) {
    static constexpr sql::Query<void()> one{"test.damage_one", R"(
        UPDATE workspace_secrets SET sealed = (SELECT sealed FROM workspace_secrets WHERE key = 'GOOD') WHERE key = 'BAD')"};
    static constexpr sql::Query<void()> two{"test.damage_two", R"(
        UPDATE global_secrets SET sealed = (SELECT sealed FROM workspace_secrets WHERE key = 'GOOD'))"};
    tx.run(one);
    tx.run(two);
  });
  Fault fault = fault_of([&] { values(ws); });
  EXPECT_EQ(fault.kind(), Kind::internal);
  EXPECT_EQ(fault.members(), R"("failed_keys":["workspace:BAD","global:WORSE"])");
  EXPECT_EQ(fault.text().find("good-value"), std::string::npos);
}

TEST_P(Secrets, RotationSealsEverythingAgainAndForgetsTheOldKey) {
  constexpr int many = 230;  // More than two batches.
  write([&](sql::Tx& tx) {
    for (int i = 0; i < many; ++i)
      service->put(tx, ws, "K" + std::to_string(i), Secret("v" + std::to_string(i)));
  });
  save(other, "K", "theirs");
  save_global("G", "global");
  std::string before = raw_store();
  auto old_keys = crypto::load_keys(folder / "sealing_key");
  EXPECT_EQ(run(service->rotate(admin())).resealed, many + 2);
  auto new_keys = crypto::load_keys(folder / "sealing_key");
  ASSERT_EQ(new_keys.size(), 1u);
  EXPECT_NE(new_keys.sealing().id(), old_keys.sealing().id());
  EXPECT_NE(raw_store(), before);
  std::string all = values(ws);
  restart();
  EXPECT_EQ(values(ws), all);
  EXPECT_EQ(values(other), R"({"G":"global","K":"theirs"})");
}

TEST_P(Secrets, WhatOtherSlicesKeepIsSealedAgainToo) {
  constexpr int many = 230;  // More than two batches.
  {
    Kept kept(*vault);
    write([&](sql::Tx& tx) {
      for (int i = 0; i < many; ++i) kept.put(tx, "p" + std::to_string(i), std::to_string(i));
      kept.put(tx, "p7", "seven");
      kept.forget(tx, "p8");
    });
  }
  EXPECT_EQ(run(service->rotate(admin())).resealed, many - 1);
  restart();
  const Kept kept(*vault);
  const auto found = [&](const std::string& place) {
    auto secret = read([&](sql::Read& r) { return kept.find(r, place); });
    return secret ? std::string(secret->reveal()) : std::string("none");
  };
  EXPECT_EQ(found("p7") + found("p8") + found("p229") + found("q"), "sevennone229none");
}

TEST_P(Secrets, ARotationThatWasCutOffIsCompletedByTheNext) {
  save(ws, "OLD", "old");
  // As a crash right after the new key was written: both keys in the file, values under the old
  // one.
  crypto::rotate_keys(folder / "sealing_key", random);
  restart();
  EXPECT_EQ(vault->keys(), 2u);
  save(ws, "NEW", "new");
  EXPECT_EQ(values(ws), R"({"NEW":"new","OLD":"old"})");
  EXPECT_EQ(run(service->rotate(admin())).resealed, 2);
  EXPECT_EQ(vault->keys(), 1u);
  restart();
  EXPECT_EQ(values(ws), R"({"NEW":"new","OLD":"old"})");
}

TEST_P(Secrets, RotationKeepsOldKeysWhileSomethingCannotBeOpened) {
  save(ws, "GOOD", "v");
  write([&](sql::Tx& tx) {
    static constexpr sql::Query<void()> copy{"test.misplace", R"(
        INSERT INTO global_secrets (key, sealed, created_at, updated_at)
        SELECT 'MISPLACED', sealed, created_at, updated_at FROM workspace_secrets)"};
    tx.run(copy);
  });
  api::KeysRotated rotated = run(service->rotate(admin()));
  EXPECT_EQ(rotated.resealed, 1);
  EXPECT_EQ(rotated.unreadable, 1);
  EXPECT_EQ(crypto::load_keys(folder / "sealing_key").size(), 2u);
}

TEST_P(Secrets, AnEnvironmentKeySealsAndRotationMovesEverythingToIt) {
  save(ws, "KEY", "v");
  std::string environment(32, 'k');
  start(environment);
  EXPECT_EQ(values(ws), R"({"KEY":"v"})") << "the file's key still opens";
  EXPECT_EQ(run(service->rotate(admin())).resealed, 1);
  std::filesystem::remove(folder / "sealing_key");
  start(environment);
  EXPECT_EQ(values(ws), R"({"KEY":"v"})");
}

TEST_P(Secrets, AKeyThatIsNotTheOneTheySealedWithIsRefusedUntilTheyAreGivenUp) {
  run(vault->require_keys(false));
  save(ws, "KEY", "v");
  std::filesystem::rename(folder / "sealing_key", folder / "kept");
  restart();  // Makes another.
  Fault fault = fault_of([&] { run(vault->require_keys(false)); });
  EXPECT_EQ(fault.kind(), Kind::conflict);
  EXPECT_EQ(fault.code(), "key_missing");
  EXPECT_NE(fault.text().find((folder / "sealing_key").string()), std::string::npos);
  // The environment's key alone opens nothing either.
  std::filesystem::remove(folder / "sealing_key");
  start(std::string(32, 'k'));
  EXPECT_EQ(fault_of([&] { run(vault->require_keys(false)); }).code(), "key_missing");
  std::filesystem::rename(folder / "kept", folder / "sealing_key");
  restart();
  run(vault->require_keys(false));
  EXPECT_EQ(values(ws), R"({"KEY":"v"})");
  std::filesystem::remove(folder / "sealing_key");
  restart();
  run(vault->require_keys(true));
  restart();
  run(vault->require_keys(false));
  save(ws, "KEY", "new");
  EXPECT_EQ(values(ws), R"({"KEY":"new"})");
}

TEST_P(Secrets, TheModelIsASecretOfTheWorkspace) {
  auto me = workspace<auth::Self>(ws);
  EXPECT_EQ(json::text(run(service->model(me, ws))), R"({"model":"","source":"default"})");
  EXPECT_EQ(json::text(run(service->set_model(me, ws, api::NewModel{"one"}))),
            R"({"status":"saved","model":"one"})");
  EXPECT_EQ(json::text(run(service->model(me, ws))),
            R"({"model":"one","source":"workspace_secrets"})");
  EXPECT_EQ(values(ws), R"({"MODEL":"one"})");
  EXPECT_EQ(json::text(run(service->set_model(me, ws, api::NewModel{""}))),
            R"({"status":"cleared"})");
  EXPECT_EQ(json::text(run(service->model(me, ws))), R"({"model":"","source":"default"})");
}

TEST_P(Secrets, ARemovedWorkspaceTakesItsSecretsAlong) {
  save(ws, "KEY", "v");
  save(other, "KEY", "v");
  std::vector<WorkspaceId> gone{ws};
  write([&](sql::Tx& tx) { service->removed(tx, gone); });
  EXPECT_EQ(list(ws), "[]");
  EXPECT_EQ(values(other), R"({"KEY":"v"})");
}

EACH_DATABASE(Secrets);

}  // namespace
}  // namespace molecule::secrets
