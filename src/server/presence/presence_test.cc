#include <set>

#include <gmock/gmock.h>

#include "platform/crypto/encoding.h"
#include "platform/crypto/token.h"
#include "server/presence/presence_service.h"
#include "server/presence/presence_store.h"
#include "server/workspaces/org_fixture.h"
#include "testing/manual_clock.h"

namespace molecule::presence {
namespace {

using namespace std::chrono_literals;
using workspaces::Answer;
using workspaces::As;
using workspaces::Status;

class Presence : public workspaces::Org {
 protected:
  struct Asked final : Capacity {
    void agent_ready(WorkspaceId id) override { ready.push_back(id); }
    void agent_anew(WorkspaceId) override {}
    std::vector<WorkspaceId> ready;
  };

  struct DialledIn final : Relayed {
    bool is_relayed(WorkspaceId id) const override { return ids.contains(id); }
    bool is_pinned(WorkspaceId id) const override { return ids.contains(id); }
    std::set<WorkspaceId> ids;
  };

  workspaces::VitalSigns& vitals() override {
    roster = std::make_unique<Roster>(clock, Limits{});
    return *roster;
  }
  void started() override {
    presence = std::make_unique<Service>(db(), *log, *service, urls, *tokens, inbound, *roster,
                                         capacity, dialled_in, direct_calls, settings, metrics);
    run(presence->load());
    router->mount(routes, *presence);
  }
  void stop() override {
    Org::stop();
    presence.reset();
    roster.reset();
  }

  // What run() does once a second.
  void second() {
    run(presence->sweep());
    EXPECT_TRUE(run(presence->tell_urgent()));
    EXPECT_TRUE(run(presence->write_behind()));
  }
  Answer enrol(As as, WorkspaceId id, std::string_view more = R"("agent_card":{"name":"n"})") {
    return post(as, "/registry/register", fmt::format(R"({{"id":"{}",{}}})", id.text(), more));
  }
  Answer beat(As as, WorkspaceId id, std::string_view more = "") {
    return post(
        as, "/registry/heartbeat",
        fmt::format(R"({{"workspace_id":"{}"{}{}}})", id.text(), more.empty() ? "" : ",", more));
  }
  // Made, registered and heard.
  WorkspaceId join(std::string_view name, std::optional<WorkspaceId> parent = {}) {
    WorkspaceId id = make(name, parent);
    EXPECT_EQ(enrol(the(id), id).status, 200);
    EXPECT_EQ(beat(the(id), id).status, 200);
    second();
    told();
    return id;
  }
  bool works(const std::string& token) {
    return tokens->use(crypto::token_digest(token), auth::table_seconds(clock.now())).has_value();
  }
  std::size_t stored() {
    return read([](sql::Read& all) { return all.all(store::all); }).size();
  }

  Settings settings;
  Asked capacity;
  DialledIn dialled_in;
  std::unique_ptr<Roster> roster;
  crypto::SigningKey platform_key = crypto::SigningKey::random(random);
  DirectCalls direct_calls{platform_key, clock, random};
  std::unique_ptr<Service> presence;
};

TEST_P(Presence, AnAgentThatDialledInNeedsNoAddressAndIsSilentOnceItLeft) {
  const WorkspaceId id = make("dialled", {});
  const std::string_view wish = R"("agent_card":{"name":"n"},"delivery_mode":"push")";
  EXPECT_EQ(enrol(the(id), id, wish).status, 400);
  dialled_in.ids.insert(id);
  EXPECT_EQ(enrol(the(id), id, wish).status, 200);
  EXPECT_EQ(beat(the(id), id).status, 200);
  second();
  EXPECT_EQ(get(admin, "/workspaces/" + id.text()).member("status"), "online");
  EXPECT_EQ(get(the(id), "/registry/discover/" + id.text()).status, 200);
  // By itself it would count as alive for 90 seconds more, and so would all at the beginning.
  roster->leave(id);
  second();
  EXPECT_EQ(get(admin, "/workspaces/" + id.text()).member("status"), "offline");
  EXPECT_EQ(beat(the(id), id).status, 200);
  second();
  EXPECT_EQ(get(admin, "/workspaces/" + id.text()).member("status"), "online");
}

TEST_P(Presence, TheFirstRegistrationClaimsAndGetsTheOnlyToken) {
  Answer made = post(admin, "/workspaces", R"({"name":"a","runtime":"external"})");
  WorkspaceId id = *WorkspaceId::parse(made.member("id"));
  json::Document document = json::Document::parse(made.body);
  std::string shown(document.root().find("connection").find("auth_token").string());
  told();

  Answer first = enrol(stranger, id);
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.member("status"), "registered");
  EXPECT_EQ(first.member("delivery_mode"), "poll");
  EXPECT_TRUE(works(first.member("auth_token")));
  EXPECT_FALSE(works(shown)) << "one agent holds the workspace";
  EXPECT_EQ(status_of(id), Status::online);
  EXPECT_EQ(told(), Told{"WORKSPACE_ONLINE"});

  Answer second_time = enrol(stranger, id, R"("agent_card":{"name":"thief"})");
  EXPECT_EQ(second_time.status, 401);
  EXPECT_EQ(second_time.code, "workspace_token_required");
  EXPECT_TRUE(second_time.has("hint"));
  EXPECT_EQ(directory->find(id)->agent_card.text, R"({"name":"n"})");

  Answer again = enrol(the(id), id);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.member("auth_token"), "(absent)");
}

TEST_P(Presence, OfRacingRegistrationsExactlyOneWins) {
  WorkspaceId id = make("a");
  told();
  int won = 0;
  int refused = 0;
  auto attempt = [&](int n) -> io::Task<void> {
    std::string body =
        fmt::format(R"({{"id":"{}","agent_card":{{"name":"agent {}"}}}})", id.text(), n);
    http::Request request;
    try {
      auto response = co_await presence->enrol(auth::Enrol::prove(request.principal),
                                               json::read<api::Registration>(body));
      won += response.status == 200 ? 1 : 0;
    } catch (const Fault& fault) {
      refused += fault.kind() == Kind::unauthenticated ? 1 : 0;
    }
  };
  auto all = [&]() -> io::Task<void> {
    io::Context here = co_await io::context();
    io::Scope scope(*here.loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    for (int n = 0; n < 8; ++n) scope.spawn("register", attempt(n));
    co_await scope.drain(10s);
  };
  run(all());
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(told(), Told{"WORKSPACE_ONLINE"});
  EXPECT_EQ(tokens->size(), 1u);
}

TEST_P(Presence, AClaimEndsWithItsTimeAndWithTheFirstUseOfAToken) {
  WorkspaceId late = make("late");
  Answer made = post(admin, "/workspaces", R"({"name":"used","runtime":"external"})");
  WorkspaceId used = *WorkspaceId::parse(made.member("id"));
  json::Document document = json::Document::parse(made.body);
  EXPECT_TRUE(works(std::string(document.root().find("connection").find("auth_token").string())));
  EXPECT_EQ(enrol(stranger, used).status, 401);
  clock.advance(24h + 1s);
  EXPECT_EQ(enrol(stranger, late).status, 401);
  EXPECT_EQ(enrol(admin, late).status, 200) << "an operator may register on behalf";
}

TEST_P(Presence, ATokenRegistersAndBeatsForItsOwnWorkspaceOnly) {
  WorkspaceId a = make("a");
  WorkspaceId b = make("b");
  EXPECT_EQ(enrol(the(a), b).code, "token_workspace_mismatch");
  EXPECT_EQ(beat(the(a), b).status, 403);
  EXPECT_EQ(status_of(b), Status::awaiting_agent);
}

TEST_P(Presence, UnknownIsNotFoundAndRemovedIsGone) {
  WorkspaceId unknown = random.id<WorkspaceId>();
  EXPECT_EQ(enrol(admin, unknown).status, 404);
  EXPECT_EQ(enrol(stranger, unknown).status, 404);
  Answer foreign = enrol(the(join("other")), unknown);
  EXPECT_EQ(foreign.code, "token_workspace_mismatch") << "as for every id that is not its own";
  EXPECT_FALSE(foreign.has("no Authorization"));
  told();
  EXPECT_EQ(beat(admin, unknown).status, 404);
  WorkspaceId gone = join("a");
  ask(admin, http::Method::del, path(gone));
  told();
  for (As as : {admin, stranger}) {
    Answer answer = enrol(as, gone);
    EXPECT_EQ(answer.status, 410);
    EXPECT_EQ(answer.code, "workspace_removed");
    EXPECT_TRUE(answer.has("removed_at"));
  }
  EXPECT_EQ(beat(admin, gone).status, 410);
  second();
  EXPECT_EQ(told(), Told{});
  EXPECT_EQ(status_of(gone), Status::removed);
}

TEST_P(Presence, TheDevProfileMakesAWorkspaceOfAnUnknownId) {
  settings.register_creates = true;
  restart();
  WorkspaceId id = random.id<WorkspaceId>();
  WorkspaceId other = join("other");
  Answer refused = enrol(the(other), id);
  EXPECT_EQ(refused.status, 403) << "a workspace makes no other";
  EXPECT_EQ(refused.code, "token_workspace_mismatch");
  EXPECT_TRUE(refused.has("Send no Authorization to make a workspace of this id"));
  Answer made = enrol(stranger, id, R"("url":"http://agent.example","agent_card":{})");
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.member("delivery_mode"), "push");
  EXPECT_TRUE(works(made.member("auth_token")));
  EXPECT_EQ(status_of(id), Status::online);
}

TEST_P(Presence, WhoeverWaitsForAnAgentLearnsWhySomebodyWasRefused) {
  WorkspaceId id = make("a");
  std::uint64_t counter = 0;
  auto here = log->arrive(counter);
  auto said = [&] {
    std::string all;
    for (const auto& frame : log->transients_after(counter, 10)) all += frame->text;
    return all;
  };
  EXPECT_EQ(enrol(admin, id, R"("agent_card":{},"url":"http://inward.example")").code,
            "url_not_allowed");
  EXPECT_THAT(said(), ::testing::AllOf(::testing::HasSubstr(R"("event":"AGENT_REFUSED")"),
                                       ::testing::HasSubstr(id.text()),
                                       ::testing::HasSubstr(R"("code":"url_not_allowed")")));
  EXPECT_EQ(enrol(stranger, random.id<WorkspaceId>()).status, 404);
  EXPECT_EQ(said(), "") << "of an id that nobody has there is nobody to tell";
  EXPECT_EQ(enrol(admin, id).status, 200);
  EXPECT_EQ(said(), "") << "who is let in was not refused";
}

TEST_P(Presence, TheModeIsResolvedAndThePushedAddressChecked) {
  WorkspaceId id = make("a");
  EXPECT_EQ(enrol(admin, id, R"("agent_card":{},"delivery_mode":"push")").code, "url_required");
  EXPECT_EQ(enrol(admin, id, R"("agent_card":{},"url":"http://inward.example")").code,
            "url_not_allowed");
  EXPECT_EQ(enrol(admin, id,
                  R"("agent_card":{"url":"http://inward.example"},"url":"http://agent.example")")
                .code,
            "url_not_allowed");
  EXPECT_EQ(status_of(id), Status::awaiting_agent);
  EXPECT_EQ(urls.asked.size(), 3u);

  urls.asked.clear();
  EXPECT_EQ(
      enrol(stranger, random.id<WorkspaceId>(), R"("agent_card":{},"url":"http://agent.example")")
          .status,
      404);
  EXPECT_TRUE(urls.asked.empty()) << "a stranger's addresses are not tried";

  Answer card =
      enrol(admin, id, R"("agent_card":{"url":"http://card.example"},"delivery_mode":"push")");
  EXPECT_EQ(card.member("delivery_mode"), "push");
  EXPECT_EQ(directory->find(id)->url, "http://card.example");
  EXPECT_EQ(
      enrol(admin, id, R"("agent_card":{},"url":"remote://no-inbound")").member("delivery_mode"),
      "poll");
  EXPECT_EQ(directory->find(id)->url, "");
  EXPECT_EQ(enrol(admin, id).member("delivery_mode"), "poll") << "what was chosen stays";
}

TEST_P(Presence, WrongInputIsRefusedAndChangesNothing) {
  WorkspaceId id = join("a");
  const std::vector<std::pair<std::string, std::string>> cases{
      {"register", "{"},
      {"register", R"({"id":"pm","agent_card":{}})"},
      {"register", fmt::format(R"({{"id":"{}"}})", id.text())},
      {"register", fmt::format(R"({{"id":"{}","agent_card":[]}})", id.text())},
      {"heartbeat", "[]"},
      {"heartbeat", fmt::format(R"({{"workspace_id":"{}","active_tasks":1.5}})", id.text())},
      {"heartbeat", fmt::format(R"({{"workspace_id":"{}","error_rate":9}})", id.text())},
      {"update-card", fmt::format(R"({{"workspace_id":"{}"}})", id.text())},
      {"update-card",
       fmt::format(R"({{"workspace_id":"{}","url":"http://inward.example"}})", id.text())},
      {"check-access", R"({"caller_id":"x","target_id":"y"})"},
  };
  std::string before = get(admin, path(id)).body;
  for (const auto& [route, body] : cases) {
    Answer answer = post(the(id), "/registry/" + route, body);
    EXPECT_EQ(answer.status, 400) << route << " " << body;
    EXPECT_FALSE(answer.code.empty());
  }
  second();
  EXPECT_EQ(told(), Told{});
  EXPECT_EQ(get(admin, path(id)).body, before);
}

TEST_P(Presence, ABeatIsInMemoryUntilItIsWrittenBehind) {
  WorkspaceId id = join("a");
  clock.advance(5s);
  std::size_t rows = stored();
  EXPECT_EQ(rows, 1u);
  Instant before = read([](sql::Read& all) { return all.all(store::all)[0].last_heartbeat_at; });
  EXPECT_EQ(beat(the(id), id, R"("uptime_seconds":7)").body, R"({"status":"ok"})");
  EXPECT_EQ(get(admin, path(id)).member("uptime_seconds"), "7");
  EXPECT_EQ(read([](sql::Read& all) { return all.all(store::all)[0].last_heartbeat_at; }), before);
  second();
  EXPECT_GT(read([](sql::Read& all) { return all.all(store::all)[0].last_heartbeat_at; }), before);
  EXPECT_EQ(told(), Told{}) << "a beat alone is not in the log";
}

TEST_P(Presence, AChangedTaskIsToldOnce) {
  WorkspaceId id = join("a");
  beat(the(id), id, R"("current_task":"reading","active_tasks":1)");
  EXPECT_TRUE(roster->has_urgent());
  EXPECT_TRUE(run(presence->tell_urgent()));
  EXPECT_EQ(told(), Told{"TASK_UPDATED"});
  beat(the(id), id, R"("current_task":"reading","active_tasks":1)");
  EXPECT_FALSE(roster->has_urgent());
  second();
  EXPECT_EQ(told(), Told{});
}

TEST_P(Presence, ATaskThatBeganAndEndedBetweenTwoTellingsIsToldAndEnded) {
  WorkspaceId id = join("a");
  beat(the(id), id, R"("current_task":"reading","active_tasks":1)");
  beat(the(id), id, R"("current_task":"","active_tasks":0)");
  EXPECT_TRUE(run(presence->tell_urgent()));
  EXPECT_EQ(told(), (Told{"TASK_UPDATED", "TASK_UPDATED"}));
  beat(the(id), id, R"("current_task":"","active_tasks":0)");
  second();
  EXPECT_EQ(told(), Told{}) << "once";
}

TEST_P(Presence, ErrorsDegradeAndRecoverOnlyPastTheGap) {
  WorkspaceId id = join("a");
  auto after = [&](std::string_view more) {
    beat(the(id), id, more);
    EXPECT_TRUE(run(presence->tell_urgent()));
    return status_of(id);
  };
  EXPECT_EQ(after(R"("error_rate":0.4)"), Status::online);
  EXPECT_EQ(after(R"("error_rate":0.5,"sample_error":"boom")"), Status::degraded);
  EXPECT_EQ(get(admin, path(id)).member("last_sample_error"), "boom");
  EXPECT_EQ(after(R"("error_rate":0.3)"), Status::degraded);
  EXPECT_EQ(after(R"("error_rate":0.05)"), Status::online);
  EXPECT_EQ(after(R"("runtime_state":"wedged")"), Status::degraded);
  EXPECT_EQ(after(""), Status::online);
  EXPECT_EQ(told(), (Told{"WORKSPACE_DEGRADED", "WORKSPACE_ONLINE", "WORKSPACE_DEGRADED",
                          "WORKSPACE_ONLINE"}));
}

TEST_P(Presence, SilenceIsLateThenOfflineAndABeatBringsBack) {
  WorkspaceId id = join("a");
  clock.advance(59s);
  second();
  EXPECT_EQ(told(), Told{});
  clock.advance(1s);
  second();
  EXPECT_EQ(told(), Told{"WORKSPACE_LATE"});
  EXPECT_EQ(get(admin, path(id)).member("late"), "true");
  EXPECT_EQ(status_of(id), Status::online);
  clock.advance(29s);
  second();
  EXPECT_EQ(told(), Told{});
  clock.advance(1s);
  second();
  EXPECT_EQ(told(), Told{"WORKSPACE_OFFLINE"});
  EXPECT_EQ(status_of(id), Status::offline);
  second();
  clock.advance(1h);
  second();
  EXPECT_EQ(told(), Told{}) << "told once";
  beat(the(id), id);
  EXPECT_TRUE(run(presence->tell_urgent()));
  EXPECT_EQ(told(), Told{"WORKSPACE_ONLINE"});
  EXPECT_EQ(get(admin, path(id)).member("late"), "false");
}

TEST_P(Presence, ATimeInWhichThisProcessDidNotRunSilencesNobody) {
  WorkspaceId id = join("a");
  EXPECT_TRUE(run(presence->every_second()));
  clock.advance(1h);
  EXPECT_TRUE(run(presence->every_second()));
  EXPECT_EQ(told(), Told{});
  EXPECT_EQ(status_of(id), Status::online);
  // From now on its silence counts again.
  for (int i = 0; i < 89; ++i) {
    clock.advance(1s);
    EXPECT_TRUE(run(presence->every_second()));
  }
  EXPECT_EQ(status_of(id), Status::online);
  clock.advance(1s);
  EXPECT_TRUE(run(presence->every_second()));
  EXPECT_EQ(told(), (Told{"WORKSPACE_LATE", "WORKSPACE_OFFLINE"}));
}

TEST_P(Presence, AContainerHasLonger) {
  WorkspaceId id = make("boxed", {}, R"("runtime":"langgraph")");
  beat(the(id), id);
  second();
  EXPECT_EQ(status_of(id), Status::online) << "heard although nothing here started it";
  clock.advance(179s);
  second();
  EXPECT_EQ(status_of(id), Status::online);
  clock.advance(1s);
  second();
  EXPECT_EQ(status_of(id), Status::offline);
}

TEST_P(Presence, AnAddressAloneMustProveItself) {
  WorkspaceId id = make("a", {}, R"("runtime":"external","url":"http://agent.example")");
  EXPECT_EQ(status_of(id), Status::online);
  clock.advance(90s);
  second();
  EXPECT_EQ(status_of(id), Status::offline);
}

TEST_P(Presence, APausedAgentStaysPaused) {
  WorkspaceId id = join("a");
  post(admin, path(id, "/pause"));
  told();
  EXPECT_EQ(enrol(the(id), id).status, 200);
  EXPECT_EQ(beat(the(id), id).status, 200);
  second();
  EXPECT_EQ(status_of(id), Status::paused);
  EXPECT_EQ(told(), Told{"AGENT_CARD_UPDATED"});
  clock.advance(2min);
  second();
  EXPECT_EQ(told(), Told{});
  EXPECT_EQ(post(admin, path(id, "/resume")).member("status"), "awaiting_agent")
      << "silent for two minutes";
  beat(the(id), id);
  second();
  EXPECT_EQ(status_of(id), Status::online);
}

TEST_P(Presence, ARestartForgetsNobodyAndPaintsNoDeadAgentGreen) {
  WorkspaceId dead = join("dead");
  clock.advance(80s);
  WorkspaceId living = join("living");
  beat(the(living), living, R"("current_task":"t","active_tasks":1,"monthly_spend":7)");
  run(presence->flush_all());
  std::string before = get(admin, path(living)).body;
  restart();
  EXPECT_EQ(get(admin, path(living)).body, before);
  EXPECT_EQ(directory->find(living)->monthly_spend, 7);
  clock.advance(10s);
  second();
  EXPECT_EQ(told(), Told{}) << "nobody could be heard while there was no platform";
  beat(the(living), living);
  clock.advance(79s);
  second();
  EXPECT_EQ(status_of(dead), Status::online);
  clock.advance(1s);
  second();
  EXPECT_EQ(status_of(dead), Status::offline);
  EXPECT_EQ(status_of(living), Status::online);
}

TEST_P(Presence, ABeatThatMovesTheStatusIsAnsweredAfterTheMove) {
  WorkspaceId id = make("a");
  told();
  EXPECT_EQ(beat(the(id), id).status, 200);
  EXPECT_EQ(status_of(id), Status::online) << "without a turn of the background's";
  EXPECT_EQ(told(), Told{"WORKSPACE_ONLINE"});
  EXPECT_EQ(beat(the(id), id, R"("error_rate":0.9)").status, 200);
  EXPECT_EQ(status_of(id), Status::degraded);
  EXPECT_FALSE(roster->has_urgent());
}

TEST_P(Presence, AfterAGapInItsOwnTurnsTheSweepGivesEverybodyAPeriod) {
  WorkspaceId id = join("a");
  auto turn = [&] { EXPECT_TRUE(run(presence->every_second())); };
  turn();
  clock.advance(1h);  // Stopped, or asleep.
  turn();
  EXPECT_EQ(told(), Told{});
  for (int second = 0; second < 89; ++second) {
    clock.advance(1s);
    turn();
  }
  EXPECT_EQ(told(), Told{"WORKSPACE_LATE"});
  clock.advance(1s);
  turn();
  EXPECT_EQ(told(), Told{"WORKSPACE_OFFLINE"});
  EXPECT_EQ(status_of(id), Status::offline);
}

TEST_P(Presence, ARefusedRegistrationSaysWhatIsTrueOfTheWorkspace) {
  auto refusal = [&](WorkspaceId id) {
    Answer answer = enrol(stranger, id);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.code, "workspace_token_required");
    return answer.body;
  };
  std::string boxed = refusal(make("boxed", {}, R"("runtime":"langgraph")"));
  EXPECT_NE(boxed.find("not made for an agent that joins by itself"), std::string::npos) << boxed;
  EXPECT_NE(boxed.find("/admin/workspaces/{id}/tokens"), std::string::npos)
      << "the way that works for it: " << boxed;
  std::string taken = refusal(join("taken"));
  EXPECT_NE(taken.find("claimed already"), std::string::npos) << taken;
  WorkspaceId waiting = make("waiting");
  clock.advance(24h + 1s);
  std::string late = refusal(waiting);
  EXPECT_NE(late.find("is over"), std::string::npos) << late;
  EXPECT_NE(late.find("external/rotate"), std::string::npos) << late;
}

TEST_P(Presence, RoomForAnotherTaskIsOffered) {
  WorkspaceId id = join("a");
  capacity.ready.clear();
  beat(the(id), id, R"("active_tasks":1)");
  EXPECT_TRUE(capacity.ready.empty());
  beat(the(id), id);
  EXPECT_EQ(capacity.ready, std::vector{id});
}

TEST_P(Presence, ACardAndAnAddressAreUpdated) {
  WorkspaceId id = join("a");
  std::string body =
      fmt::format(R"({{"workspace_id":"{}","agent_card":{{"name":"new"}}}})", id.text());
  EXPECT_EQ(post(the(id), "/registry/update-card", body).body, R"({"status":"updated"})");
  EXPECT_EQ(told(), Told{"AGENT_CARD_UPDATED"});
  EXPECT_EQ(directory->find(id)->agent_card.text, R"({"name":"new"})");
  body = fmt::format(R"({{"workspace_id":"{}","url":"http://moved.example"}})", id.text());
  EXPECT_EQ(post(the(id), "/registry/update-card", body).status, 200);
  EXPECT_EQ(told(), Told{"WORKSPACE_UPDATED"});
  EXPECT_EQ(get(admin, path(id)).member("url"), "http://moved.example");
}

TEST_P(Presence, PeersAreFoundByNameRoleAndReach) {
  WorkspaceId pm = join("pm");
  clock.advance(1ms);
  WorkspaceId other = make("other", {}, R"("runtime":"external","role":"Writes reports")");
  clock.advance(1ms);
  WorkspaceId child = make("child", pm);
  Answer all = get(the(pm), "/registry/" + pm.text() + "/peers");
  json::Document document = json::Document::parse(all.body);
  ASSERT_EQ(document.root().size(), 2u);
  EXPECT_EQ(document.root().at(0).find("id").string(), other.text());
  EXPECT_EQ(document.root().at(1).find("id").string(), child.text());
  EXPECT_TRUE(get(the(pm), "/registry/" + pm.text() + "/peers?q=%20REPORTS").has(other.text()));
  EXPECT_EQ(get(the(pm), "/registry/" + pm.text() + "/peers?q=nobody").body, "[]");
  EXPECT_EQ(get(admin, "/registry/" + random.id<WorkspaceId>().text() + "/peers").status, 404);
  const auto page = [&](const std::string& query) {
    return get(the(pm), "/registry/" + pm.text() + "/peers?" + query);
  };
  EXPECT_TRUE(page("limit=1").has(other.text()));
  EXPECT_FALSE(page("limit=1").has(child.text()));
  EXPECT_TRUE(page("limit=1&after=" + other.text()).has(child.text()));
  EXPECT_EQ(page("after=" + child.text()).body, "[]");
  EXPECT_EQ(page("limit=5&q=child&after=" + other.text()).body, page("q=child").body);
  EXPECT_EQ(page("after=" + pm.text()).member("code"), "cursor_gone");
  EXPECT_EQ(page("limit=0").member("code"), "bad_query");

  auto allowed = [&](WorkspaceId from, WorkspaceId to) {
    std::string body =
        fmt::format(R"({{"caller_id":"{}","target_id":"{}"}})", from.text(), to.text());
    return post(the(pm), "/registry/check-access", body).member("allowed");
  };
  EXPECT_EQ(allowed(pm, child), "true");
  EXPECT_EQ(allowed(child, other), "false");
}

TEST_P(Presence, DiscoveryAnswersWhoMayAsk) {
  WorkspaceId a = join("a");
  WorkspaceId b = make("b", {}, R"("runtime":"external","url":"http://b.example")");
  WorkspaceId child = make("child", b);
  std::string to_b = "/registry/discover/" + b.text();
  EXPECT_TRUE(get(the(a), to_b)
                  .body.starts_with(fmt::format(
                      R"({{"id":"{}","url":"http://b.example","name":"b","delivery_mode":"push",)",
                      b.text())));
  EXPECT_EQ(get(admin, to_b).code, "workspace_id_required");
  std::string a_text = a.text();
  std::string child_text = child.text();
  auto named = [&](As as, std::string target, const std::string& who) {
    return ask(as, http::Method::get, std::move(target), "", {{"X-Workspace-ID", who}});
  };
  EXPECT_EQ(named(admin, to_b, a_text).status, 200);
  EXPECT_EQ(named(the(a), to_b, child_text).code, "token_workspace_mismatch");
  EXPECT_EQ(named(admin, "/registry/discover/" + a_text, child_text).status, 403);
  EXPECT_EQ(named(admin, to_b, "me").status, 400);
  Answer waiting = get(the(b), "/registry/discover/" + child_text);
  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(waiting.member("status"), "awaiting_agent");
}

// Who proved to be a caller, and nobody else, gets what an agent with an address takes for that.
TEST_P(Presence, DiscoverySaysHowToCallDirectly) {
  WorkspaceId a = join("a");
  WorkspaceId b = make("b", {}, R"("runtime":"external","url":"http://b.example")");
  std::string to_b = "/registry/discover/" + b.text();
  Answer found = get(the(a), to_b);
  EXPECT_EQ(json::Document::parse(found.body).root().find("direct_token_expires_in").integer(), 45);
  const std::string token = found.member("direct_token");
  const auto first = token.find('.'), last = token.rfind('.');
  auto decoded = [&](std::size_t from, std::size_t to) {
    auto bytes = crypto::base64url_decode(std::string_view(token).substr(from, to - from));
    return bytes ? std::string(crypto::text_of(*bytes)) : std::string();
  };
  const std::string issuer = crypto::fingerprint(platform_key.public_key());
  EXPECT_EQ(decoded(0, first),
            fmt::format(R"({{"alg":"EdDSA","typ":"molecule-call+jwt","kid":"{}"}})", issuer));
  const std::int64_t now = clock.now().micros() / 1'000'000;
  EXPECT_TRUE(decoded(first + 1, last)
                  .starts_with(
                      fmt::format(R"({{"iss":"{}","sub":"{}","aud":"{}","iat":{},"exp":{},"jti":")",
                                  issuer, a.text(), b.text(), now, now + 45)));
  const std::string signature = decoded(last + 1, token.size());
  EXPECT_TRUE(crypto::verify(platform_key.public_key(), std::string_view(token).substr(0, last),
                             crypto::bytes_of(signature)));

  EXPECT_EQ(ask(admin, http::Method::get, to_b, "", {{"X-Workspace-ID", a.text()}})
                .body.find("direct_token"),
            std::string::npos)
      << "a person does not call in an agent's name";
  WorkspaceId polls = join("polls");
  EXPECT_EQ(get(the(a), "/registry/discover/" + polls.text()).body.find("direct_token"),
            std::string::npos)
      << "it has no address";
}

TEST_P(Presence, APurgedWorkspaceLeavesNoTrace) {
  departures = {};
  WorkspaceId id = join("a");
  EXPECT_EQ(stored(), 1u);
  write([&](sql::Tx& tx) { presence->purged(tx, std::vector{id}); });
  EXPECT_EQ(stored(), 0u);
  EXPECT_EQ(roster->size(), 0u);
  EXPECT_FALSE(roster->of(id).last_heartbeat_at);
}

TEST_P(Presence, RunTellsWithoutBeingStepped) {
  WorkspaceId id = make("a");
  told();
  auto live = [&]() -> io::Task<void> {
    io::Context here = co_await io::context();
    io::Scope scope(*here.loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    scope.spawn("presence", presence->run());
    http::Request request;
    api::Heartbeat beat;
    beat.workspace_id = id;
    request.principal.kind = static_cast<int>(auth::Who::admin_token);
    http::Response response =
        co_await presence->heartbeat(auth::Member::prove(request.principal), std::move(beat));
    EXPECT_EQ(response.status, 200);
    // The manual clock stands still, so only the wake-up can bring the change.
    for (int n = 0; n < 1000 && directory->find(id)->status != Status::online; ++n)
      co_await io::sleep(5ms);
    scope.cancel();
    co_await scope.drain(5s);
  };
  run(live());
  EXPECT_EQ(status_of(id), Status::online);
  EXPECT_EQ(told(), Told{"WORKSPACE_ONLINE"});
}

TEST_P(Presence, EveryStatementPrepares) {
  auto check = [&](const auto& query) { db().check_prepares(query.name, query.text); };
  check(store::all), check(store::keep), check(store::forget);
}

EACH_DATABASE(Presence);

}  // namespace
}  // namespace molecule::presence
