#include <set>

#include "platform/crypto/token.h"
#include "server/workspaces/org_fixture.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {
namespace {

using http::Method;

class Workspaces : public Org {
 protected:
  struct Said final : VitalSigns {
    Vitals of(WorkspaceId id) const override {
      auto it = by_id.find(id);
      return it == by_id.end() ? Vitals{} : it->second;
    }
    void expect(WorkspaceId id, Instant) override { expected.push_back(id); }
    std::unordered_map<WorkspaceId, Vitals> by_id;
    std::vector<WorkspaceId> expected;
  };
  VitalSigns& vitals() override { return said; }

  Answer patch(As as, WorkspaceId id, std::string body) {
    return ask(as, Method::patch, path(id), std::move(body));
  }
  Answer remove(WorkspaceId id, std::string_view query = "",
                std::vector<http::Header> headers = {}) {
    return ask(admin, Method::del, path(id, query), "", std::move(headers));
  }
  Said said;
};

TEST_P(Workspaces, AnAgentThatIsAwaitedGetsATokenAndTextsToPaste) {
  Answer made =
      post(admin, "/workspaces", R"({"name":"researcher","runtime":"external","tier":2})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.member("status"), "awaiting_agent");
  EXPECT_EQ(made.member("external"), "true");
  EXPECT_EQ(made.member("platform_url"), "http://molecule.test:8080");
  json::Document document = json::Document::parse(made.body);
  json::Node connection = document.root().find("connection");
  std::string token(connection.find("auth_token").string());
  auto facts = tokens->use(crypto::token_digest(token), auth::table_seconds(clock.now()));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->workspace.text(), made.member("id"));
  for (std::string_view snippet :
       {"curl_register_template", "python_snippet", "command_snippet", "join_snippet",
        "claude_code_channel_snippet", "universal_mcp_snippet", "claude_code_snippet",
        "codex_snippet", "gemini_snippet", "opencode_snippet", "hermes_channel_snippet",
        "openclaw_snippet"}) {
    std::string_view text = connection.find(snippet).string();
    EXPECT_NE(text.find(token), std::string_view::npos) << snippet;
    EXPECT_NE(text.find("http://molecule.test:8080"), std::string_view::npos) << snippet;
    EXPECT_EQ(text.find("{{"), std::string_view::npos) << snippet;
  }
  EXPECT_EQ(told(), (Told{"WORKSPACE_PROVISIONING", "WORKSPACE_AWAITING_AGENT"}));
}

TEST_P(Workspaces, AnAgentWithAnAddressIsOnlineOnceTheAddressIsAllowed) {
  WorkspaceId id = make("worker", {}, R"("runtime":"external","url":"http://agent.example")");
  EXPECT_EQ(status_of(id), Status::online);
  EXPECT_EQ(said.expected, std::vector{id});
  EXPECT_EQ(tokens->size(), 0u);
  EXPECT_EQ(told(), (Told{"WORKSPACE_PROVISIONING", "WORKSPACE_ONLINE"}));

  Answer refused = post(admin, "/workspaces",
                        R"({"name":"spy","runtime":"external","url":"http://inward.example"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code, "url_not_allowed");
  EXPECT_EQ(told(), Told{});
  EXPECT_EQ(directory->all().size(), 1u);
}

TEST_P(Workspaces, AContainerFailsWithTheReasonWhereNothingStartsContainers) {
  Answer made = post(admin, "/workspaces", R"({"name":"boxed"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.member("status"), "provisioning");
  Answer shown = get(admin, "/workspaces/" + made.member("id"));
  EXPECT_EQ(shown.member("status"), "failed");
  EXPECT_EQ(shown.member("runtime"), "langgraph");
  EXPECT_TRUE(shown.member("last_sample_error").starts_with("no provisioner"));
  EXPECT_EQ(told(), (Told{"WORKSPACE_PROVISIONING", "WORKSPACE_PROVISION_FAILED"}));
}

TEST_P(Workspaces, ASecretThatIsRefusedUndoesTheWorkspace) {
  Answer refused =
      post(admin, "/workspaces", R"({"name":"a","secrets":{"GOOD":"1","REFUSED":"2"}})");
  EXPECT_EQ(refused.code, "secret_refused");
  EXPECT_EQ(get(admin, "/workspaces").body, "[]");
  EXPECT_EQ(directory->all().size(), 0u);
  EXPECT_EQ(told(), Told{});
  EXPECT_EQ(post(admin, "/workspaces", R"({"name":"a","secrets":{"KEY":"v"}})").status, 201);
  EXPECT_TRUE(secrets.kept.contains({"KEY", "v"}));
}

TEST_P(Workspaces, NamesAreUniqueBelowOneParent) {
  WorkspaceId first = make("a");
  Answer second = post(admin, "/workspaces", R"({"name":"a","runtime":"external"})");
  EXPECT_EQ(second.member("name"), "a (2)");
  make("a", first);
  for (int n = 3; n <= name_tries; ++n) make("a");
  Answer full = post(admin, "/workspaces", R"({"name":"a","runtime":"external"})");
  EXPECT_EQ(full.status, 409);
  EXPECT_EQ(full.code, "workspace_name_conflict");
  EXPECT_EQ(remove(first, "?confirm=true").status, 200);
  EXPECT_EQ(post(admin, "/workspaces", R"({"name":"a","runtime":"external"})").member("name"), "a");
}

TEST_P(Workspaces, WhatLooksLikeASiblingIsTakenForOne) {
  WorkspaceId first = make("paypal");
  auto called = [&](std::string_view name) {
    return post(admin, "/workspaces", fmt::format(R"({{"name":"{}","runtime":"external"}})", name))
        .member("name");
  };
  EXPECT_EQ(called("PayPal"), "PayPal (2)");
  EXPECT_EQ(called("p\u0430ypal"), "p\u0430ypal (3)") << "a Cyrillic letter, and (2) is taken";
  EXPECT_EQ(called("Jos\u00e9"), "Jos\u00e9");
  EXPECT_EQ(called("Jose\u0301"), "Jos\u00e9 (2)") << "one spelling";
  // A rename obeys what making does, and so does a move.
  WorkspaceId other = make("other");
  auto renamed = [&](std::string_view name) {
    return patch(admin, other, fmt::format(R"({{"name":"{}"}})", name));
  };
  EXPECT_EQ(renamed("PAYPAL").code, "workspace_name_conflict");
  EXPECT_EQ(renamed("p\u0430yp\u0430l").code, "workspace_name_conflict");
  EXPECT_EQ(renamed("pay\u200bpal").code, "invalid_workspace_fields");
  EXPECT_EQ(renamed("Other").status, 200) << "its own name in another case";
  make("Other one", first);
  WorkspaceId below = make("0ther", first);
  EXPECT_EQ(patch(admin, below, R"({"parent_id":null})").code, "workspace_name_conflict");
  // A name that was given up is free, also after a restart.
  EXPECT_EQ(patch(admin, first, R"({"name":"first"})").status, 200);
  EXPECT_EQ(remove(other).status, 200);
  restart();
  EXPECT_EQ(called("oTher"), "oTher");
  EXPECT_EQ(called("\u041e\u0442her"), "\u041e\u0442her (2)");
}

TEST_P(Workspaces, TheListIsInCreationOrderAndNamesItsPositionInTheLog) {
  EXPECT_EQ(get(admin, "/workspaces").body, "[]");
  for (std::string_view name : {"c", "a", "b"}) {
    make(name);
    clock.advance(std::chrono::milliseconds(1));
  }
  Answer list = get(admin, "/workspaces");
  json::Document document = json::Document::parse(list.body);
  ASSERT_EQ(document.root().size(), 3u);
  EXPECT_EQ(document.root().at(0).find("name").string(), "c");
  EXPECT_EQ(document.root().at(2).find("name").string(), "b");
  ASSERT_EQ(list.headers.size(), 1u);
  EXPECT_EQ(list.headers[0].first, "X-Molecule-Seq");
  EXPECT_EQ(list.headers[0].second, std::to_string(log->newest()));
}

TEST_P(Workspaces, APeerSeesLessThanTheWorkspaceItself) {
  WorkspaceId id = make("a");
  WorkspaceId peer = make("b");
  said.by_id[id].current_task = "thinking";
  for (std::string_view key :
       {"current_task", "workspace_dir", "budget_limit", "monthly_spend", "last_sample_error"}) {
    EXPECT_NE(get(the(id), path(id)).member(key), "(absent)") << key;
    EXPECT_NE(get(admin, path(id)).member(key), "(absent)") << key;
    EXPECT_EQ(get(the(peer), path(id)).member(key), "(absent)") << key;
  }
  EXPECT_EQ(get(the(id), path(id)).member("current_task"), "thinking");
  for (std::string_view key : {"id",
                               "name",
                               "role",
                               "tier",
                               "status",
                               "url",
                               "parent_id",
                               "agent_card",
                               "active_tasks",
                               "max_concurrent_tasks",
                               "uptime_seconds",
                               "last_error_rate",
                               "runtime",
                               "x",
                               "y",
                               "collapsed",
                               "last_outbound_at",
                               "last_heartbeat_at",
                               "created_at",
                               "delivery_mode",
                               "late"}) {
    EXPECT_NE(get(the(peer), path(id)).member(key), "(absent)") << key;
  }
  EXPECT_EQ(get(admin, path(random.id<WorkspaceId>())).status, 404);
}

TEST_P(Workspaces, AChangeIsToldOnceAndOnlyWhenSomethingChanged) {
  WorkspaceId id = make("a");
  told();
  EXPECT_EQ(patch(the(id), id, R"({"name":"b","role":"r","collapsed":true,"x":1.5,"y":-3})").status,
            200);
  EXPECT_EQ(told(), Told{"WORKSPACE_UPDATED"});
  EXPECT_EQ(patch(the(id), id, R"({"name":"b","unknown":1})").body, R"({"status":"updated"})");
  EXPECT_EQ(told(), Told{});
  Answer shown = get(admin, path(id));
  EXPECT_EQ(shown.member("name"), "b");
  EXPECT_EQ(shown.member("collapsed"), "true");
  EXPECT_EQ(shown.member("x"), "1.5");
  EXPECT_EQ(directory->find(id)->name, "b");
  EXPECT_EQ(patch(admin, id, R"({"workspace_dir":"/srv/b"})").member("needs_restart"), "true");
}

TEST_P(Workspaces, OnlyAnOperatorMovesAWorkspace) {
  WorkspaceId id = make("a");
  Answer refused = patch(the(id), id, R"({"tier":1,"parent_id":null})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code, "workspace_infrastructure_auth_required");
  EXPECT_EQ(refused.member("fields"), R"(["tier","parent_id"])");
  EXPECT_EQ(patch(admin, id, R"({"tier":1})").status, 200);
}

TEST_P(Workspaces, TheTreeStaysATree) {
  WorkspaceId top = make("top");
  WorkspaceId middle = make("middle", top);
  WorkspaceId leaf = make("leaf", middle);
  make("leaf", top);
  told();
  auto refusal = [&](WorkspaceId id, std::string parent) {
    return patch(admin, id, fmt::format(R"({{"parent_id":"{}"}})", parent)).code;
  };
  EXPECT_EQ(refusal(top, top.text()), "workspace_reparent_self");
  EXPECT_EQ(refusal(top, leaf.text()), "workspace_reparent_cycle");
  EXPECT_EQ(refusal(leaf, random.id<WorkspaceId>().text()), "workspace_reparent_parent_not_found");
  EXPECT_EQ(refusal(leaf, top.text()), "workspace_name_conflict");
  EXPECT_EQ(refusal(leaf, "nobody"), "workspace_reparent_invalid_parent_id");
  EXPECT_EQ(told(), Told{});
  EXPECT_EQ(patch(admin, middle, R"({"parent_id":null})").status, 200);
  EXPECT_TRUE(directory->may_reach(top, middle));
  EXPECT_FALSE(directory->find(middle)->parent);

  WorkspaceId deep = make("d1");
  for (int n = 2; n <= depth_max; ++n) deep = make(fmt::format("d{}", n), deep);
  Answer refused =
      post(admin, "/workspaces", fmt::format(R"({{"name":"x","parent_id":"{}"}})", deep.text()));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code, "workspace_too_deep");
  EXPECT_EQ(refusal(top, deep.text()), "workspace_too_deep");
}

TEST_P(Workspaces, RemovingTakesTheSubtreeAndItsTokens) {
  Answer made = post(admin, "/workspaces", R"({"name":"top","runtime":"external"})");
  WorkspaceId top = *WorkspaceId::parse(made.member("id"));
  WorkspaceId child = make("child", top);
  WorkspaceId grandchild = make("grandchild", child);
  told();

  Answer asked = remove(top);
  EXPECT_EQ(asked.status, 409);
  EXPECT_EQ(asked.member("status"), "confirmation_required");
  EXPECT_EQ(asked.member("children_count"), "1");
  Answer misnamed = remove(top, "?confirm=true", {{"X-Confirm-Name", "bottom"}});
  EXPECT_EQ(misnamed.code, "destructive_action_requires_confirmation");
  EXPECT_EQ(told(), Told{});

  Answer done = remove(top, "?confirm=true", {{"X-Confirm-Name", "top"}});
  EXPECT_EQ(done.body, R"({"status":"removed","cascade_deleted":2})");
  EXPECT_EQ(told(), (Told{"WORKSPACE_REMOVED", "WORKSPACE_REMOVED", "WORKSPACE_REMOVED"}));
  for (WorkspaceId id : {top, child, grandchild}) {
    Answer gone = get(admin, path(id));
    EXPECT_EQ(gone.status, 410);
    EXPECT_EQ(gone.code, "workspace_removed");
    EXPECT_NE(gone.member("removed_at"), "null");
    EXPECT_EQ(get(admin, path(id, "?include_removed=true")).member("status"), "removed");
  }
  std::string token;
  json::Document document = json::Document::parse(made.body);
  token = document.root().find("connection").find("auth_token").string();
  auto facts = tokens->use(crypto::token_digest(token), auth::table_seconds(clock.now()));
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->departed);
  EXPECT_EQ(remove(top).status, 410);
  EXPECT_EQ(remove(random.id<WorkspaceId>()).status, 404);
  EXPECT_EQ(get(admin, "/workspaces").body, "[]");
  EXPECT_EQ(patch(admin, top, R"({"name":"x"})").status, 410);
}

TEST_P(Workspaces, PurgingLeavesNothing) {
  WorkspaceId top = make("top");
  WorkspaceId child = make("child", top);
  EXPECT_EQ(remove(child).status, 200);
  EXPECT_EQ(remove(top, "?purge=true").body, R"({"status":"purged","cascade_deleted":0})");
  EXPECT_EQ(get(admin, path(top, "?include_removed=true")).status, 404);
  EXPECT_FALSE(directory->find(top));
  EXPECT_EQ(get(admin, path(child, "?include_removed=true")).member("parent_id"), "null");
  EXPECT_EQ(remove(child, "?purge=true").status, 200) << "a tombstone may be purged";
  EXPECT_EQ(directory->all().size(), 0u);
}

TEST_P(Workspaces, PausingAndResumingTakeTheSubtree) {
  WorkspaceId top = make("top");
  WorkspaceId child = make("child", top);
  WorkspaceId boxed = make("boxed", top, R"("runtime":"langgraph")");
  told();
  EXPECT_EQ(post(the(top), path(top, "/pause")).body, R"({"status":"paused","paused_count":3})");
  EXPECT_EQ(told(), (Told{"WORKSPACE_PAUSED", "WORKSPACE_PAUSED", "WORKSPACE_PAUSED"}));
  EXPECT_EQ(post(admin, path(top, "/pause")).status, 404);
  EXPECT_EQ(get(the(child), path(child, "/state")).member("paused"), "true");
  EXPECT_EQ(post(admin, path(child, "/resume")).code, "ancestor_paused");
  EXPECT_EQ(post(admin, path(child, "/restart")).code, "ancestor_paused");

  said.by_id[child].fresh = true;
  EXPECT_EQ(post(admin, path(top, "/resume")).body,
            R"({"status":"awaiting_agent","resumed_count":3})");
  EXPECT_EQ(told(),
            (Told{"WORKSPACE_AWAITING_AGENT", "WORKSPACE_ONLINE", "WORKSPACE_PROVISION_FAILED"}));
  EXPECT_EQ(status_of(top), Status::awaiting_agent);
  EXPECT_EQ(status_of(child), Status::online);
  EXPECT_EQ(status_of(boxed), Status::failed);
  EXPECT_EQ(post(admin, path(top, "/resume")).status, 404);

  EXPECT_EQ(post(admin, path(boxed, "/pause")).status, 200);
  EXPECT_EQ(post(admin, path(boxed, "/resume")).status, 503);
  EXPECT_EQ(status_of(boxed), Status::paused) << "a refusal changes nothing";
}

TEST_P(Workspaces, RestartingSaysWhatItCannotDo) {
  WorkspaceId joined = make("joined");
  WorkspaceId boxed = make("boxed", {}, R"("runtime":"langgraph")");
  told();
  EXPECT_EQ(post(admin, path(joined, "/restart")).member("status"), "noop");
  EXPECT_EQ(post(admin, path(boxed, "/restart")).code, "provisioner_unavailable");
  EXPECT_EQ(post(admin, path(random.id<WorkspaceId>(), "/restart")).status, 404);
  EXPECT_EQ(told(), Told{});
}

TEST_P(Workspaces, TheStateTellsAnAgentWhenToEnd) {
  WorkspaceId id = make("a");
  EXPECT_EQ(
      get(the(id), path(id, "/state")).body,
      fmt::format(
          R"({{"workspace_id":"{}","status":"awaiting_agent","paused":false,"deleted":false}})",
          id.text()));
  EXPECT_EQ(remove(id).status, 200);
  Answer gone = get({auth::Who::departed, id}, path(id, "/state"));
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.body,
            fmt::format(R"({{"workspace_id":"{}","status":"removed","deleted":true}})", id.text()));
  WorkspaceId unknown = random.id<WorkspaceId>();
  Answer never = get(admin, path(unknown, "/state"));
  EXPECT_EQ(never.status, 404);
  EXPECT_EQ(never.body, fmt::format(R"({{"workspace_id":"{}","deleted":true}})", unknown.text()));
}

TEST_P(Workspaces, RotatingReplacesEveryToken) {
  Answer made = post(admin, "/workspaces", R"({"name":"a","runtime":"external"})");
  WorkspaceId id = *WorkspaceId::parse(made.member("id"));
  Answer shown = get(the(id), path(id, "/external/connection"));
  json::Document before = json::Document::parse(shown.body);
  EXPECT_EQ(before.root().find("connection").find("auth_token").string(), "");
  EXPECT_EQ(tokens->size(), 1u);
  told();
  Answer rotated = post(the(id), path(id, "/external/rotate"));
  EXPECT_EQ(told(), Told{"EXTERNAL_CREDENTIALS_ROTATED"});
  EXPECT_EQ(tokens->size(), 1u);
  json::Document after = json::Document::parse(rotated.body);
  std::string token(after.root().find("connection").find("auth_token").string());
  EXPECT_TRUE(tokens->use(crypto::token_digest(token), auth::table_seconds(clock.now())));
  WorkspaceId boxed = make("boxed", {}, R"("runtime":"langgraph")");
  EXPECT_EQ(post(admin, path(boxed, "/external/rotate")).code, "not_external");
}

TEST_P(Workspaces, ARestartKeepsWhatIsKnown) {
  WorkspaceId top = make("top");
  WorkspaceId child =
      make("child", top, R"("runtime":"external","url":"http://agent.example","budget_limit":5)");
  service->touch_outbound(child);
  write([&](sql::Tx& tx) { service->flush_outbound(tx); });
  EXPECT_FALSE(service->has_outbound());
  std::string before = get(admin, path(child)).body;
  restart();
  EXPECT_EQ(get(admin, path(child)).body, before);
  EXPECT_NE(get(admin, path(child)).member("last_outbound_at"), "null");
  auto entry = directory->find(child);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->parent, top);
  EXPECT_EQ(entry->status, Status::online);
  EXPECT_EQ(entry->url, "http://agent.example");
  EXPECT_EQ(entry->delivery, Delivery::push);
  EXPECT_EQ(entry->budget_limit, 5);
}

// More than are read at once, many of them made at one time.
TEST_P(Workspaces, ARestartKnowsAllOfMany) {
  constexpr int many = 2'500;
  write([&](sql::Tx& tx) {
    for (int i = 0; i < many; ++i) {
      if (i == 1'200) clock.advance(std::chrono::seconds(1));
      tx.run(store::insert, random.id<WorkspaceId>(), std::nullopt, fmt::format("many {}", i), "",
             3, i % 100 == 0 ? Status::removed : Status::offline, "external", "", RawJson("{}"),
             std::nullopt, std::nullopt, Access::none, std::nullopt, 1, 0.0, 0.0, "", "",
             clock.now(), std::nullopt);
    }
  });
  restart();
  std::set<std::string> names;
  for (const Entry& each : directory->all()) names.insert(each.name);
  EXPECT_EQ(directory->all().size(), std::size_t{many});
  EXPECT_EQ(names.size(), std::size_t{many});
  // And what looks like one of them, but not like one that was removed.
  EXPECT_EQ(post(admin, "/workspaces", R"({"name":"Many 2401"})").member("name"), "Many 2401 (2)");
  EXPECT_EQ(post(admin, "/workspaces", R"({"name":"Many 2400"})").member("name"), "Many 2400");
}

TEST_P(Workspaces, TheHostThatIsPastedIsAHost) {
  http::Request request;
  request.host = "a'; rm -rf ~; '";
  EXPECT_THROW(platform_url(Settings{}, request), Fault);
  EXPECT_EQ(platform_url(Settings{"https://m.example/", {}}, request), "https://m.example");
}

TEST_P(Workspaces, EveryStatementPrepares) {
  auto check = [&](const auto& query) { db().check_prepares(query.name, query.text); };
  check(store::find), check(store::known), check(store::live), check(store::status_of),
      check(store::descendants);
  check(store::ancestors), check(store::named_child), check(store::named_root),
      check(store::insert);
  check(store::update), check(store::move), check(store::bury), check(store::set_failure),
      check(store::set_url);
  check(store::set_card), check(store::enrol), check(store::claim), check(store::close_claim),
      check(store::close_claims);
  check(store::touch_outbound), check(store::orphan), check(store::purge);
}

EACH_DATABASE(Workspaces);

}  // namespace
}  // namespace molecule::workspaces
