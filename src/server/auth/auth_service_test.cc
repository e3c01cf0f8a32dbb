// Routes, gate and store together, without sockets.
#include "server/auth/auth_service.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/crypto/token.h"
#include "platform/log/log.h"
#include "server/auth/gate.h"
#include "testing/each_database.h"
#include "testing/every_route.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::auth {
namespace {

using namespace std::chrono_literals;

class Lines final : public log::Sink {
 public:
  void write(std::string_view line) noexcept override { text += line; }
  std::string text;
};

struct Town final : Residents, Reach {
  Standing standing(WorkspaceId id) const override {
    auto it = who.find(id);
    return it == who.end() ? Standing::unknown : it->second;
  }
  bool may_reach(WorkspaceId from, WorkspaceId to) const override { return from == to; }
  std::map<WorkspaceId, Standing> who;
};

struct Asked {
  std::string method;
  std::string path;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  bool secure = false;
};

// Each class of access once, beside auth's own routes, so that the trial meets all of them.
class Probes {
 public:
  io::Task<api::Done> open(Open::Caller) { return answer(); }
  io::Task<api::Done> enrol(Enrol::Caller) { return answer(); }
  io::Task<api::Done> member(Member::Caller) { return answer(); }
  io::Task<api::Done> peer(Peer::Caller, WorkspaceId) { return answer(); }
  io::Task<api::Done> self(Self::Caller, WorkspaceId) { return answer(); }
  io::Task<api::Done> own(Own::Caller, WorkspaceId) { return answer(); }

 private:
  io::Task<api::Done> answer() { co_return api::Done{"ok"}; }
};
constexpr auto probe_table =
    http::table(http::get<Open, &Probes::open>("/health"),
                http::post<Enrol, &Probes::enrol>("/registry/register"),
                http::get<Member, &Probes::member>("/ws"),
                http::post<Member, &Probes::member>("/registry/check-access"),
                http::get<Peer, &Probes::peer>("/workspaces/{id}"),
                http::post<Peer, &Probes::peer>("/workspaces/{id}/a2a"),
                http::get<Self, &Probes::self>("/workspaces/{id}/state"),
                http::put<Self, &Probes::self>("/workspaces/{id}/model"),
                http::get<Own, &Probes::own>("/workspaces/{id}/secrets/values"),
                http::post<Own, &Probes::own>("/workspaces/{id}/notify"));

class Routes : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    log::start(log::Level::debug, &lines);
    db().migrate(test::migrations());
    town.who = {{ws, Standing::present}, {other, Standing::present}, {gone, Standing::removed}};
    start();
  }
  void TearDown() override {
    router.reset();
    EachDatabase::TearDown();
    log::stop();
  }
  void start(LimitSettings settings = {0, 0, 0, 0, 0}, Profile profile = Profile::production) {
    record = std::make_unique<facts::Record>(db(), clock);
    tokens = std::make_unique<Tokens>(db(), clock, random, town, *record);
    sessions = std::make_unique<Sessions>(db(), clock, random, *record);
    keys = std::make_unique<Keys>(db(), clock, random, *record);
    record->join(*tokens);
    record->join(*sessions);
    record->join(*keys);
    run(record->load());
    limits = std::make_unique<Limits>(settings);
    service = std::make_unique<Service>(
        Service::Parts{db(), *tokens, *sessions, *keys, claims, *limits, town, clock}, profile,
        "molecule admin claim --data ./d");
    GateParts parts{*tokens, *sessions, *keys, admin, town, *limits, clock, metrics};
    if (profile == Profile::production) {
      gate = std::make_unique<Gate>(parts, http::Site("127.0.0.1", {}, {}));
    } else {
      gate = std::make_unique<DevGate>(parts, http::Site("127.0.0.1", {}, {}));
    }
    router = std::make_unique<http::Router>(*gate);
    router->mount(routes, *service);
    router->mount(probe_table, probes);
    require_known_classes(router->all());
  }
  void restart() {
    router.reset();
    service.reset();
    reopen();
    start();
  }

  http::Response ask(Asked asked) {
    static const std::map<std::string, http::Method> methods{
        {"GET", http::Method::get}, {"POST", http::Method::post}, {"DELETE", http::Method::del}};
    http::Request request;
    request.method = methods.at(asked.method);
    std::size_t question = asked.path.find('?');
    request.path = std::string_view(asked.path).substr(0, question);
    if (question != std::string::npos)
      request.query = std::string_view(asked.path).substr(question + 1);
    request.host = "127.0.0.1:8080";
    request.peer = "192.0.2.1";
    request.secure = asked.secure;
    request.body = asked.body;
    for (const auto& [name, value] : asked.headers) request.headers.push_back({name, value});
    auto match = router->find(request);
    if (!match.route) return std::move(*match.refusal);
    if (auto refusal = gate->admit(*match.route, request)) return std::move(*refusal);
    try {
      return run(match.route->call(match.service, request));
    } catch (const Fault& fault) {
      return http::fault_response(fault);
    }
  }
  http::Response as_admin(std::string method, std::string path, std::string body = "") {
    return ask({std::move(method),
                std::move(path),
                {{"Authorization", "Bearer " + admin_text}},
                std::move(body)});
  }
  http::Response as(const std::string& token, std::string method, std::string path,
                    std::string body = "") {
    return ask({std::move(method),
                std::move(path),
                {{"Authorization", "Bearer " + token}},
                std::move(body)});
  }
  static std::string member(const http::Response& response, std::string_view name) {
    auto document = json::Document::parse(response.body);
    return std::string(document.root().find(name).string());
  }
  static std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  std::string claim_code() {
    return write([&](sql::Tx& tx) { return std::string(claims.add(tx).reveal()); });
  }
  std::string claim_body(const std::string& code) {
    return json::Object().add("code", code).text();
  }
  // Signs in and gives the cookie's value.
  std::string sign_in() {
    auto response = ask({"POST", "/auth/claim", {}, claim_body(claim_code())});
    EXPECT_EQ(response.status, 200);
    std::string set = header(response, "Set-Cookie");
    return set.substr(set.find('=') + 1, crypto::token_size);
  }
  http::Response with_cookie(const std::string& cookie, std::string method, std::string path,
                             std::string body = {}) {
    return ask({std::move(method),
                std::move(path),
                {{"Cookie", "molecule_session=" + cookie}, {"Origin", "http://127.0.0.1:8080"}},
                std::move(body)});
  }
  std::string mint(WorkspaceId id) {
    auto response = as_admin("POST", "/admin/workspaces/" + id.text() + "/tokens");
    EXPECT_EQ(response.status, 201);
    return member(response, "auth_token");
  }
  std::string tokens_path(WorkspaceId id) { return "/workspaces/" + id.text() + "/tokens"; }

  Lines lines;
  test::ManualClock clock;
  test::CountingRandom random;
  Town town;
  WorkspaceId ws = random.id<WorkspaceId>();
  WorkspaceId other = random.id<WorkspaceId>();
  WorkspaceId gone = random.id<WorkspaceId>();
  const std::string admin_text = "an operator's long token";
  AdminToken admin{Secret(admin_text)};
  Claims claims{clock, random};
  Probes probes;
  std::unique_ptr<facts::Record> record;
  std::unique_ptr<Tokens> tokens;
  std::unique_ptr<Sessions> sessions;
  std::unique_ptr<Keys> keys;
  std::unique_ptr<Limits> limits;
  std::unique_ptr<Service> service;
  std::unique_ptr<http::Gate> gate;
  std::unique_ptr<http::Router> router;
};

TEST_P(Routes, EveryRouteKeepsWhatItsClassPromises) {
  test::Trial trial;
  trial.mine = ws;
  trial.own = mint(ws);
  trial.foreign = mint(other);
  clock.advance(1s);
  trial.revoked = mint(ws);
  auto list = as_admin("GET", tokens_path(ws));
  std::string newest =
      std::string(json::Document::parse(list.body).root().find("tokens").at(0).find("id").string());
  EXPECT_EQ(as_admin("DELETE", tokens_path(ws) + "/" + newest).status, 200);
  trial.expired = write([&](sql::Tx& tx) {
    return std::string(tokens->mint(tx, ws, {std::nullopt, clock.now() + 1s}).text.reveal());
  });
  clock.advance(1s);
  trial.gone = gone;
  trial.departed =
      write([&](sql::Tx& tx) { return std::string(tokens->mint(tx, gone).text.reveal()); });
  trial.admin = admin_text;
  trial.session = "molecule_session=" + sign_in();
  test::Tried tried = test::try_every_route(*router, trial);
  EXPECT_GT(tried.tries, router->all().size() * 15);
  for (const std::string& complaint : tried.complaints) ADD_FAILURE() << complaint;
}

TEST_P(Routes, TheTrialNoticesARouteThatPromisesMoreThanItHolds) {
  struct Careless final : http::Gate {
    std::optional<http::Response> admit(const http::Route&, http::Request&) override {
      return std::nullopt;
    }
    std::optional<http::Response> review(const http::Route&, http::Request&) override {
      return std::nullopt;
    }
  } careless;
  http::Router open_door(careless);
  open_door.mount(routes, *service);
  test::Trial trial;
  trial.own = trial.foreign = trial.revoked = trial.expired = trial.departed =
      std::string(crypto::token_size, 'x');
  EXPECT_GT(test::try_every_route(open_door, trial).complaints.size(), routes.size() * 5);
}

TEST_P(Routes, AClaimLinkSignsOneBrowserInOnce) {
  std::string code = claim_code();
  auto response = ask({"POST", "/auth/claim", {}, claim_body(code)});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"status":"signed_in","role":"admin"})");
  std::string cookie = header(response, "Set-Cookie");
  EXPECT_TRUE(cookie.starts_with("molecule_session=mol_"));
  EXPECT_NE(cookie.find("; Path=/;"), std::string::npos);
  EXPECT_NE(cookie.find("; HttpOnly"), std::string::npos);
  EXPECT_NE(cookie.find("; SameSite=Strict"), std::string::npos);
  EXPECT_EQ(cookie.find("Secure"), std::string::npos);
  auto again = ask({"POST", "/auth/claim", {}, claim_body(code)});
  EXPECT_EQ(again.status, 410);
  EXPECT_EQ(member(again, "code"), "claim_invalid");
  auto over_tls = ask({"POST", "/auth/claim", {}, claim_body(claim_code()), true});
  EXPECT_TRUE(header(over_tls, "Set-Cookie").ends_with("; Secure"));
}

TEST_P(Routes, AClaimLinkThatIsTooOldOrUnknownSignsNobodyIn) {
  std::string code = claim_code();
  clock.advance(Claims::lifetime);
  EXPECT_EQ(ask({"POST", "/auth/claim", {}, claim_body(code)}).status, 410);
  EXPECT_EQ(ask({"POST", "/auth/claim", {}, claim_body("guess")}).status, 410);
  std::string unknown(crypto::make_token(random).reveal());
  EXPECT_EQ(ask({"POST", "/auth/claim", {}, claim_body(unknown)}).status, 410);
  EXPECT_EQ(ask({"POST", "/auth/claim", {}, "{}"}).status, 400);
  EXPECT_EQ(
      ask({"POST", "/auth/claim", {{"Origin", "http://evil.example"}}, claim_body(claim_code())})
          .status,
      403);
}

TEST_P(Routes, AnotherProcessOnTheSameStoreMayAddAClaimLink) {
  auto elsewhere = sql::open(place->settings, metrics);
  Claims theirs(clock, random);
  std::string code =
      run(elsewhere->write([&](sql::Tx& tx) { return std::string(theirs.add(tx).reveal()); }));
  EXPECT_EQ(ask({"POST", "/auth/claim", {}, claim_body(code)}).status, 200);
}

TEST_P(Routes, FailedClaimsOfOneAddressAreBoundedAndTheRightOneStillPasses) {
  start({0, 0, 0, 0, 10});
  std::string right = claim_code();
  std::string used = claim_code();
  EXPECT_EQ(ask({"POST", "/auth/claim", {}, claim_body(used)}).status, 200);
  for (int i = 0; i < 10; ++i) {
    std::string wrong = i % 2 == 0 ? "guess" : used;
    EXPECT_EQ(ask({"POST", "/auth/claim", {}, claim_body(wrong)}).status, 410);
  }
  for (const std::string& wrong : {std::string("guess"), used}) {
    auto response = ask({"POST", "/auth/claim", {}, claim_body(wrong)});
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(header(response, "Retry-After"), "60");
    EXPECT_EQ(member(response, "code"), "rate_limited");
  }
  EXPECT_EQ(ask({"POST", "/auth/claim", {}, claim_body(right)}).status, 200)
      << "whoever shares the address with somebody who tries is let in";
}

TEST_P(Routes, TheSecondTabOfASignedInBrowserIsSignedInToo) {
  std::string code = claim_code();
  auto response = ask({"POST", "/auth/claim", {}, claim_body(code)});
  std::string cookie = header(response, "Set-Cookie");
  std::size_t from = cookie.find('=') + 1;
  cookie = cookie.substr(from, cookie.find(';') - from);
  EXPECT_EQ(with_cookie(cookie, "POST", "/auth/claim", claim_body(code)).status, 200);
  std::string next = claim_code();
  EXPECT_EQ(with_cookie(cookie, "POST", "/auth/claim", claim_body(next)).status, 200);
  EXPECT_EQ(ask({"POST", "/auth/claim", {}, claim_body(next)}).status, 410)
      << "a link that was opened is spent, whoever opened it";
}

TEST_P(Routes, ASessionLastsOverARestartUntilItIsLeft) {
  std::string cookie = sign_in();
  EXPECT_EQ(
      with_cookie(cookie, "GET", "/auth/me").body,
      R"({"signed_in":true,"role":"admin","dev":false,"claim_command":"molecule admin claim --data ./d","scope":"admin","actor":"session"})");
  restart();
  EXPECT_EQ(with_cookie(cookie, "GET", "/auth/me").status, 200);
  auto out = with_cookie(cookie, "POST", "/auth/logout");
  EXPECT_EQ(out.body, R"({"status":"signed_out"})");
  EXPECT_NE(header(out, "Set-Cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(with_cookie(cookie, "GET", "/auth/me").status, 401);
  restart();
  EXPECT_EQ(with_cookie(cookie, "GET", "/auth/me").status, 401);
}

TEST_P(Routes, AnIdleOrOldSessionEnds) {
  std::string busy = sign_in();
  std::string idle = sign_in();
  for (int day = 0; day < 29; ++day) {
    clock.advance(24h);
    EXPECT_EQ(with_cookie(busy, "GET", "/auth/me").status, 200) << day;
    run(sessions->flush());
  }
  EXPECT_EQ(with_cookie(idle, "GET", "/auth/me").status, 401);
  restart();
  EXPECT_EQ(with_cookie(busy, "GET", "/auth/me").status, 200) << "its last use was saved";
  clock.advance(24h);
  EXPECT_EQ(with_cookie(busy, "GET", "/auth/me").status, 401) << "thirty days are the most";
  run(sessions->flush());
  EXPECT_TRUE(sessions->list(clock.now()).empty());
}

TEST_P(Routes, SessionsAreListedAndEnded) {
  std::string first = sign_in();
  clock.advance(60s);
  std::string second = sign_in();
  auto page = with_cookie(first, "GET", "/auth/sessions");
  auto document = json::Document::parse(page.body);
  ASSERT_EQ(document.root().find("count").integer(), 2);
  std::string others;
  for (std::size_t i = 0; i < 2; ++i) {
    auto session = document.root().find("sessions").at(i);
    if (!session.find("current").boolean()) others = session.find("id").string();
  }
  ASSERT_FALSE(others.empty());
  EXPECT_EQ(with_cookie(first, "DELETE", "/auth/sessions/" + others).body,
            R"({"status":"revoked"})");
  EXPECT_EQ(with_cookie(second, "GET", "/auth/me").status, 401);
  EXPECT_EQ(with_cookie(first, "GET", "/auth/me").status, 200);
  EXPECT_EQ(with_cookie(first, "DELETE", "/auth/sessions/" + others).status, 404);
  EXPECT_EQ(with_cookie(first, "DELETE", "/auth/sessions/nonsense").status, 404);
}

TEST_P(Routes, TheMostSessionsAreKeptByPushingOutTheLongestUnseen) {
  std::string oldest = sign_in();
  write([&](sql::Tx& tx) {
    clock.advance(1s);
    for (std::int64_t i = 0; i < Sessions::open_max; ++i) sessions->start(tx);
  });
  EXPECT_EQ(with_cookie(oldest, "GET", "/auth/me").status, 401);
  EXPECT_EQ(sessions->list(clock.now()).size(), static_cast<std::size_t>(Sessions::open_max));
}

TEST_P(Routes, ANewClaimLinkPushesOutTheOldestInsteadOfBeingRefused) {
  auto link = [&] {
    clock.advance(1s);
    return write([&](sql::Tx& tx) { return std::string(claims.add(tx).reveal()); });
  };
  std::string oldest = link();
  std::string newest;
  for (std::int64_t i = 0; i < Claims::open_max; ++i) newest = link();
  EXPECT_FALSE(write([&](sql::Tx& tx) { return claims.spend(tx, oldest); }));
  EXPECT_TRUE(write([&](sql::Tx& tx) { return claims.spend(tx, newest); }));
}

TEST_P(Routes, AWorkspaceMintsListsAndRevokesItsTokens) {
  std::string first = mint(ws);
  auto made = as(first, "POST", tokens_path(ws),
                 R"({"label":"laptop","expires_at":"2027-01-01T00:00:00Z"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(member(made, "workspace_id"), ws.text());
  EXPECT_FALSE(member(made, "message").empty());
  EXPECT_EQ(header(made, "Cache-Control"), "no-store");
  std::string second = member(made, "auth_token");
  std::string id = member(made, "id");

  auto page = as(second, "GET", tokens_path(ws));
  EXPECT_EQ(page.body.find(second), std::string::npos) << "shown once";
  auto document = json::Document::parse(page.body);
  EXPECT_EQ(document.root().find("count").integer(), 2);
  auto newest = document.root().find("tokens").at(0);
  EXPECT_EQ(newest.find("id").string(), id);
  EXPECT_EQ(newest.find("label").string(), "laptop");
  EXPECT_EQ(newest.find("prefix").string(), second.substr(0, Tokens::prefix_size));
  EXPECT_TRUE(newest.find("last_used_at"));
  EXPECT_TRUE(newest.find("created_at"));
  EXPECT_EQ(newest.find("created_by").string(), "workspace");
  EXPECT_EQ(document.root().find("tokens").at(1).find("created_by").string(), "admin-token");
  EXPECT_EQ(as(first, "GET", tokens_path(ws) + "?limit=1&offset=1").body.find(id),
            std::string::npos);

  EXPECT_EQ(as(first, "DELETE", tokens_path(ws) + "/" + id).body, R"({"status":"revoked"})");
  EXPECT_EQ(as(second, "GET", tokens_path(ws)).status, 401);
  auto twice = as(first, "DELETE", tokens_path(ws) + "/" + id);
  EXPECT_EQ(twice.status, 404);
  EXPECT_EQ(member(twice, "error"), "token not found or already revoked");
  EXPECT_EQ(as(first, "POST", tokens_path(ws), R"({"expires_at":"2020-01-01T00:00:00Z"})").status,
            400);
  EXPECT_EQ(as(first, "POST", tokens_path(ws), "{").status, 400);
}

struct Noted final : TokenNews {
  std::vector<std::string> told;
  void made(sql::Tx&, WorkspaceId, const TokenTold& token) override {
    told.push_back("made " + token.prefix + " " + token.label.value_or("") + " by " + token.by);
  }
  void ended(sql::Tx&, WorkspaceId, const TokenTold& token) override {
    told.push_back("ended " + token.prefix + " " + token.label.value_or("") + " by " + token.by);
  }
};

TEST_P(Routes, WhatBecomesOfATokenIsToldWithWhoDidIt) {
  Noted noted;
  service->join(noted);
  auto made = as_admin("POST", "/admin/workspaces/" + ws.text() + "/tokens", R"({"label":"tv"})");
  std::string text = member(made, "auth_token");
  std::string prefix = text.substr(0, Tokens::prefix_size);
  as(text, "DELETE", tokens_path(ws) + "/" + member(made, "id"));
  as_admin("DELETE", tokens_path(ws) + "/" + member(made, "id"));
  as_admin("POST", "/admin/workspaces/" + ws.text() + "/tokens");
  as_admin("POST", "/admin/workspaces/" + ws.text() + "/revoke-auth-tokens");
  ASSERT_EQ(noted.told.size(), 4U) << "nothing is told of one that was gone";
  EXPECT_EQ(noted.told[0], "made " + prefix + " tv by admin-token");
  EXPECT_EQ(noted.told[1], "ended " + prefix + " tv by workspace");
  EXPECT_EQ(noted.told[2].substr(0, 5), "made ");
  EXPECT_EQ(noted.told[3].substr(0, 6), "ended ");
}

TEST_P(Routes, OperatorsMintOnlyForWorkspacesThatStand) {
  WorkspaceId unknown = random.id<WorkspaceId>();
  auto missing = as_admin("POST", "/admin/workspaces/" + unknown.text() + "/tokens");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(member(missing, "error"), "workspace not found");
  EXPECT_EQ(as_admin("POST", "/admin/workspaces/" + gone.text() + "/tokens").status, 410);
  EXPECT_EQ(as_admin("POST", "/admin/workspaces/nonsense/tokens").status, 400);
  std::string token = mint(ws);
  EXPECT_EQ(as_admin("POST", "/admin/workspaces/" + ws.text() + "/revoke-auth-tokens").body,
            R"({"status":"revoked","revoked":1})");
  EXPECT_EQ(as(token, "GET", tokens_path(ws)).status, 401);
  for (std::int64_t i = 0; i < Tokens::live_max; ++i) mint(ws);
  auto full = as_admin("POST", "/admin/workspaces/" + ws.text() + "/tokens");
  EXPECT_EQ(full.status, 429);
  EXPECT_EQ(member(full, "code"), "too_many_tokens");
}

TEST_P(Routes, TestTokensExistInTheDevProfileOnly) {
  std::string path = "/admin/workspaces/" + ws.text() + "/test-token";
  EXPECT_EQ(as_admin("GET", path).status, 404);
  start({0, 0, 0, 0, 0}, Profile::development);
  for (std::string method : {"GET", "POST"}) {
    auto response = ask({method, path});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(as(member(response, "auth_token"), "GET", tokens_path(ws)).status, 200);
  }
  EXPECT_EQ(
      ask({"GET", "/auth/me"}).body,
      R"({"signed_in":true,"role":"admin","dev":true,"claim_command":"molecule admin claim --data ./d","scope":"admin","actor":"developer"})");
}

TEST_P(Routes, NoCredentialIsWrittenToTheLogOrTheStore) {
  std::string code = claim_code();
  auto signed_in = ask({"POST", "/auth/claim", {}, claim_body(code)});
  std::string token = mint(ws);
  as(token, "DELETE", tokens_path(ws) + "/nonsense");
  as("mol_wrong", "GET", tokens_path(ws));
  run(tokens->flush());
  std::string cookie = header(signed_in, "Set-Cookie");
  cookie = cookie.substr(cookie.find('=') + 1, crypto::token_size);
  ASSERT_TRUE(crypto::looks_like_token(cookie));
  std::string kept = lines.text;
  for (const auto& row : read([](sql::Read& tx) {
         static constexpr sql::Query<std::string()> all{"test.all_text", R"(
             SELECT prefix FROM tokens UNION ALL SELECT COALESCE(label, '') FROM tokens)"};
         return tx.all(all);
       })) {
    kept += row + "\n";
  }
  for (const std::string& secret : {code, token, cookie, admin_text}) {
    // The prefix of a token may be shown; what follows may not.
    EXPECT_EQ(kept.find(secret.substr(Tokens::prefix_size)), std::string::npos);
  }
  EXPECT_NE(lines.text.find("token minted"), std::string::npos);
}

EACH_DATABASE(Routes);

}  // namespace
}  // namespace molecule::auth
