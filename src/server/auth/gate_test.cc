#include "server/auth/gate.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "platform/crypto/encoding.h"
#include "platform/json/json.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::auth {
namespace {

using namespace std::chrono_literals;

struct Town final : Residents, Reach {
  Standing standing(WorkspaceId id) const override {
    return gone.contains(id) ? Standing::removed : Standing::present;
  }
  bool may_reach(WorkspaceId from, WorkspaceId to) const override {
    return from == to || friends.contains({from, to});
  }
  std::set<WorkspaceId> gone;
  std::set<std::pair<WorkspaceId, WorkspaceId>> friends;
};

// The gate is asked about classes, not about handlers, so these routes have none.
template <class Class>
http::Route route_of(std::string_view pattern, http::Method method = http::Method::get) {
  return http::Route{method, pattern, &Class::access};
}
const http::Route open_route = route_of<Open>("/health");
const http::Route enrol_route = route_of<Enrol>("/registry/register", http::Method::post);
const http::Route member_route = route_of<Member>("/ws");
const http::Route peer_route = route_of<Peer>("/workspaces/{id}/a2a", http::Method::post);
const http::Route show_route = route_of<Peer>("/workspaces/{id}");
const http::Route self_route = route_of<Self>("/workspaces/{id}/tokens", http::Method::post);
const http::Route state_route = route_of<Self>("/workspaces/{id}/state");
const http::Route own_route = route_of<Own>("/workspaces/{id}/secrets/values");
const http::Route admin_route = route_of<Admin>("/workspaces", http::Method::post);
const http::Route admin_read = route_of<Admin>("/workspaces");
const std::vector<const http::Route*> all_routes{
    &open_route, &enrol_route, &member_route, &peer_route,  &show_route,
    &self_route, &state_route, &own_route,    &admin_route, &admin_read};

struct Answer {
  int status = 0;  // 0: admitted.
  std::string code;
  std::string text;
  Who who = Who::nobody;
  http::Principal principal;
  http::Quota quota;
  std::vector<std::pair<std::string, std::string>> headers;
  json::Document body = json::Document::parse("{}");
};

class Gates : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    record = std::make_unique<facts::Record>(db(), clock);
    tokens = std::make_unique<Tokens>(db(), clock, random, town, *record);
    unread = std::make_unique<Tokens>(db(), clock, random, town, *record);
    sessions = std::make_unique<Sessions>(db(), clock, random, *record);
    keys = std::make_unique<Keys>(db(), clock, random, *record);
    record->join(*tokens);
    record->join(*sessions);
    record->join(*keys);
    run(record->load());
    mine = mint(me);
    theirs = mint(stranger);
    gone = mint(departed);
    revoked = mint(me);
    expired = mint(me, clock.now() + 5s);
    write([&](sql::Tx& tx) {
      auto page = tx.all(store::list_tokens, me, 10, 0);
      for (const auto& row : page) {
        if (std::string_view(revoked).starts_with(row.prefix)) tokens->revoke(tx, me, row.id);
      }
      tokens->depart(tx, departed);
      return 0;
    });
    clock.advance(5s);
    cookie = write([&](sql::Tx& tx) { return std::string(sessions->start(tx).text.reveal()); });
    town.gone.insert(departed);
    build({0, 0, 0, 0, 0});
  }
  void build(const LimitSettings& settings, bool open = true) {
    limits = std::make_unique<Limits>(settings);
    const http::Site site("0.0.0.0", {"molecule.example"}, {"https://canvas.example"});
    GateParts parts{
        open ? *tokens : *unread, *sessions, *keys, admin, town, *limits, clock, metrics};
    gate = std::make_unique<Gate>(parts, site);
    dev = std::make_unique<DevGate>(parts, site);
  }
  std::string mint(WorkspaceId id, std::optional<Instant> until = {}) {
    return write([&](sql::Tx& tx) {
      return std::string(tokens->mint(tx, id, {std::nullopt, until}).text.reveal());
    });
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;
  Answer ask(const http::Route& route, const Headers& headers, WorkspaceId named,
             std::string host = "127.0.0.1:8080", http::Gate* through = nullptr) {
    http::Request request;
    request.method = route.method;
    request.path = route.pattern;
    request.host = host;
    request.peer = peer;
    request.way = way;
    if (route.pattern.find('{') != std::string_view::npos) request.params.push_back(named.text());
    for (const auto& [name, value] : headers) request.headers.push_back({name, value});
    auto refusal = (through ? *through : *gate).admit(route, request);
    Answer answer;
    answer.who = static_cast<Who>(request.principal.kind);
    answer.principal = request.principal;
    answer.quota = request.quota;
    if (!refusal) return answer;
    answer.status = refusal->status;
    answer.body = json::Document::parse(refusal->body);
    answer.code = answer.body.root().find("code").string();
    answer.text = answer.body.root().find("error").string();
    answer.headers = refusal->headers;
    EXPECT_EQ(answer.who, Who::nobody) << "a refused request keeps no principal";
    return answer;
  }
  Answer ask(const http::Route& route, const Headers& headers) { return ask(route, headers, me); }
  static Headers bearer(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }
  Headers signed_in() const { return {{"Cookie", "a=b; molecule_session=" + cookie}}; }
  static Headers plus(Headers headers, const Headers& more) {
    headers.insert(headers.end(), more.begin(), more.end());
    return headers;
  }
  static std::string header_of(const Answer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
      if (same_text(key, name)) return value;
    }
    return "";
  }

  test::ManualClock clock;
  test::CountingRandom random;
  Town town;
  WorkspaceId me = random.id<WorkspaceId>();
  WorkspaceId stranger = random.id<WorkspaceId>();
  WorkspaceId departed = random.id<WorkspaceId>();
  std::unique_ptr<facts::Record> record;
  std::unique_ptr<Tokens> tokens;
  std::unique_ptr<Tokens> unread;  // As when the store could not be read at start.
  std::unique_ptr<Sessions> sessions;
  std::unique_ptr<Keys> keys;
  const std::string admin_text = "an operator's long token";
  AdminToken admin{Secret(admin_text)};
  std::unique_ptr<Limits> limits;
  std::unique_ptr<Gate> gate;
  std::unique_ptr<DevGate> dev;
  std::string mine, theirs, gone, revoked, expired, cookie;
  std::string peer = "192.0.2.1";
  http::Way way = http::Way::direct;
};

constexpr int admitted = 0;

TEST_P(Gates, WithoutACredentialOnlyOpenAndEnrolmentAreAdmitted) {
  for (const http::Route* route : all_routes) {
    Answer answer = ask(*route, {});
    bool free = route == &open_route || route == &enrol_route;
    EXPECT_EQ(answer.status, free ? admitted : 401) << route->pattern;
    if (!free) EXPECT_EQ(header_of(answer, "WWW-Authenticate"), "Bearer") << route->pattern;
  }
  EXPECT_EQ(ask(self_route, {}).text, "missing workspace auth token");
  EXPECT_EQ(ask(peer_route, {}).text, "missing caller auth token");
  EXPECT_EQ(ask(admin_route, {}).text, "admin auth required");
  EXPECT_EQ(ask(admin_route, {{"Authorization", "Bearer "}}).code, "admin_required")
      << "an empty bearer says nothing";
}

TEST_P(Gates, WhatProvesNothingIsRefusedOnEveryRoute) {
  std::string unknown(mine);
  unknown[10] = unknown[10] == 'A' ? 'B' : 'A';
  const std::vector<Headers> bad{
      bearer(unknown), bearer("nonsense"),       bearer(std::string(9000, 'x')),   bearer(revoked),
      bearer(expired), bearer(admin_text + "x"), {{"Authorization", "Basic dTpw"}}};
  for (const Headers& headers : bad) {
    for (const http::Route* route : all_routes) {
      EXPECT_EQ(ask(*route, headers).status, 401)
          << route->pattern << " " << headers[0].second.substr(0, 20);
    }
  }
  EXPECT_EQ(ask(self_route, bearer("nonsense")).text, "invalid workspace auth token");
  EXPECT_EQ(ask(peer_route, bearer("nonsense")).text, "invalid caller auth token");
  EXPECT_EQ(ask(admin_route, bearer("nonsense")).text, "invalid admin auth token");
  EXPECT_EQ(ask(self_route, bearer(expired)).code, "token_expired");
}

TEST_P(Gates, AWorkspaceIsItselfAndNoOperator) {
  for (const http::Route* route : all_routes) {
    Answer answer = ask(*route, bearer(mine));
    bool operators_only = route->access == &Admin::access;
    EXPECT_EQ(answer.status, operators_only ? 403 : admitted) << route->pattern;
    if (operators_only) continue;
    EXPECT_EQ(answer.who, Who::workspace);
    EXPECT_EQ(answer.principal.subject, me.bytes());
  }
  Answer refused = ask(admin_route, bearer(mine));
  EXPECT_EQ(refused.code, "admin_required");
  EXPECT_EQ(header_of(refused, "WWW-Authenticate"), "") << "the token is good";
}

TEST_P(Gates, AnotherWorkspacesTokenOpensNothingOfMine) {
  for (const http::Route* route : all_routes) {
    int expected = admitted;
    if (route->access == &Self::access || route->access == &Own::access ||
        route->access == &Admin::access || route->access == &Peer::access)
      expected = 403;
    EXPECT_EQ(ask(*route, bearer(theirs)).status, expected) << route->pattern;
  }
  EXPECT_EQ(ask(peer_route, bearer(theirs)).text,
            "access denied: workspaces cannot communicate per hierarchy rules");
  town.friends.insert({stranger, me});
  EXPECT_EQ(ask(peer_route, bearer(theirs)).status, admitted);
  EXPECT_EQ(ask(self_route, bearer(theirs)).status, 403) << "to reach is not to be";
  EXPECT_EQ(ask(self_route, bearer(theirs)).code, "token_workspace_mismatch");
}

TEST_P(Gates, ARemovedWorkspaceIsToldSo) {
  EXPECT_EQ(ask(show_route, bearer(gone), departed).who, Who::departed);
  EXPECT_EQ(ask(state_route, bearer(gone), departed).who, Who::departed);
  for (const http::Route* route :
       {&enrol_route, &member_route, &peer_route, &self_route, &own_route}) {
    Answer answer = ask(*route, bearer(gone), departed);
    EXPECT_EQ(answer.status, 410) << route->pattern;
    EXPECT_EQ(answer.code, "workspace_removed");
    EXPECT_EQ(answer.text, "workspace removed");
    EXPECT_EQ(answer.body.root().find("id").string(), departed.text());
    EXPECT_TRUE(Instant::parse(answer.body.root().find("removed_at").string()));
    EXPECT_FALSE(answer.body.root().find("hint").string().empty());
  }
  EXPECT_EQ(ask(show_route, bearer(gone), me).status, 410) << "only about itself";
  EXPECT_EQ(ask(admin_read, bearer(gone)).status, 401);
}

TEST_P(Gates, AnOperatorMayDoAllButBeTheWorkspace) {
  for (const http::Route* route : all_routes) {
    Answer answer = ask(*route, bearer(admin_text));
    EXPECT_EQ(answer.status, route == &own_route ? 403 : admitted) << route->pattern;
    if (route != &own_route) EXPECT_EQ(answer.who, Who::admin_token);
  }
  EXPECT_EQ(ask(own_route, bearer(admin_text)).code, "own_only");
}

TEST_P(Gates, TheFirstOfSeveralAuthorizationsCountsAndTheSchemeHasNoCase) {
  Headers both{{"authorization", "bEaReR  " + mine}, {"Authorization", "Bearer " + admin_text}};
  EXPECT_EQ(ask(self_route, both).who, Who::workspace);
  EXPECT_EQ(ask(admin_route, both).status, 403);
}

TEST_P(Gates, ASignedInBrowserReadsFreelyAndActsOnlyFromOurPages) {
  EXPECT_EQ(ask(admin_read, signed_in()).who, Who::session);
  struct Case {
    Headers extra;
    int status;
  };
  const std::vector<Case> cases{
      {{}, 403},
      {{{"Origin", "http://127.0.0.1:8080"}}, admitted},
      {{{"Origin", "https://127.0.0.1:8080"}}, admitted},
      {{{"Origin", "https://canvas.example"}}, admitted},
      {{{"Origin", "http://127.0.0.1:9090"}}, 403},
      {{{"Origin", "http://evil.example"}}, 403},
      {{{"Origin", "null"}}, 403},
      {{{"Origin", ""}}, 403},
      {{{"Sec-Fetch-Site", "same-origin"}}, admitted},
      {{{"Sec-Fetch-Site", "none"}}, admitted},
      {{{"Sec-Fetch-Site", "same-site"}}, 403},
      {{{"Sec-Fetch-Site", "cross-site"}}, 403},
      {{{"Origin", "http://evil.example"}, {"Sec-Fetch-Site", "same-origin"}}, 403},
  };
  for (const Case& each : cases) {
    Answer answer = ask(admin_route, plus(signed_in(), each.extra));
    std::string what =
        each.extra.empty() ? "nothing" : each.extra[0].first + " " + each.extra[0].second;
    EXPECT_EQ(answer.status, each.status) << what;
    if (each.status == 403) EXPECT_EQ(answer.code, "csrf") << what;
    // A WebSocket is opened by GET, and acts all the same.
    Headers socket = plus(plus(signed_in(), each.extra), {{"Upgrade", "WebSocket"}});
    EXPECT_EQ(ask(member_route, socket).status, each.status) << "socket, " << what;
  }
}

TEST_P(Gates, AnyRequestFromAForeignPageThatActsIsRefused) {
  Headers foreign{{"Origin", "http://evil.example"}};
  EXPECT_EQ(ask(self_route, plus(bearer(mine), foreign)).code, "origin_refused");
  EXPECT_EQ(ask(enrol_route, foreign).code, "origin_refused");
  EXPECT_EQ(ask(member_route, plus(bearer(mine), foreign)).status, admitted) << "reading";
  EXPECT_EQ(ask(self_route, plus(bearer(mine), {{"Origin", "http://127.0.0.1:8080"}})).status,
            admitted);
}

TEST_P(Gates, AStaleCookieIsNoCredential) {
  clock.advance(Sessions::idle);
  EXPECT_EQ(ask(admin_read, signed_in()).text, "admin auth required");
  EXPECT_EQ(ask(open_route, signed_in()).status, admitted) << "or one could never sign in again";
}

TEST_P(Gates, ABearerGoesBeforeACookie) {
  EXPECT_EQ(ask(self_route, plus(signed_in(), bearer(mine))).who, Who::workspace);
  EXPECT_EQ(ask(admin_read, plus(signed_in(), bearer("nonsense"))).status, 401);
}

TEST_P(Gates, HeadersThatNameACallerMustAgreeWithTheToken) {
  for (std::string name : {"X-Workspace-ID", "X-Source-Workspace-Id"}) {
    EXPECT_EQ(ask(self_route, plus(bearer(mine), {{name, me.text()}})).status, admitted) << name;
    for (std::string other : {stranger.text(), std::string("nobody")}) {
      Answer answer = ask(self_route, plus(bearer(mine), {{name, other}}));
      EXPECT_EQ(answer.status, 403) << name;
      EXPECT_EQ(answer.code, "caller_mismatch");
      EXPECT_EQ(answer.text, "caller ID does not match workspace auth token");
    }
    for (std::string prefix : {"webhook:", "system:", "test:", "channel:", "SYSTEM:"}) {
      for (const Headers& credential : {bearer(mine), bearer(admin_text), Headers{}}) {
        Answer answer = ask(open_route, plus(credential, {{name, prefix + "x"}}));
        EXPECT_EQ(answer.status, 403) << name << " " << prefix;
        EXPECT_EQ(answer.text, "invalid caller ID");
      }
    }
    EXPECT_EQ(ask(admin_read, plus(bearer(admin_text), {{name, me.text()}})).code,
              "identity_header_refused");
    EXPECT_EQ(ask(admin_read, plus(signed_in(), {{name, me.text()}})).code,
              "identity_header_refused");
    Answer named = ask(enrol_route, {{name, me.text()}});
    EXPECT_EQ(named.who, Who::nobody) << "a name alone proves nothing";
  }
}

TEST_P(Gates, ASocketMayBringItsTokenAsASubprotocol) {
  auto proto = [](std::string_view token) {
    return "molecule-auth." + crypto::hex_encode(crypto::bytes_of(token));
  };
  auto socket = [&](const std::string& protocols) {
    return Headers{{"Upgrade", "websocket"}, {"Sec-WebSocket-Protocol", protocols}};
  };
  EXPECT_EQ(ask(member_route, socket("molecule-ws, " + proto(mine))).who, Who::workspace);
  EXPECT_EQ(ask(member_route, socket("molecule-ws," + proto(admin_text))).who, Who::admin_token);
  EXPECT_EQ(ask(member_route, socket("molecule-ws")).status, 401);
  EXPECT_EQ(ask(member_route, socket(proto(revoked))).status, 401);
  EXPECT_EQ(ask(member_route, plus(bearer(mine), socket(proto(mine)))).who, Who::workspace);
  std::string upper = crypto::hex_encode(crypto::bytes_of(mine));
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 32 : c);
  upper = "molecule-auth." + upper;
  for (const Headers& bad :
       {socket(proto(mine) + ", " + proto(mine)), socket(proto(mine) + ", " + proto(theirs)),
        plus(bearer(theirs), socket(proto(mine))), plus(socket(proto(mine)), socket(proto(theirs))),
        socket("molecule-auth."), socket("molecule-auth.xyz"), socket(upper),
        socket("molecule-auth." + std::string(subprotocol_hex_max + 2, 'a'))}) {
    Answer answer = ask(member_route, bad);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.text, "invalid WebSocket credential");
  }
}

TEST_P(Gates, OnlyNamesOfOursAreServed) {
  for (std::string host : {"127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "10.1.2.3",
                           "molecule.example", "Molecule.Example:443"}) {
    EXPECT_EQ(ask(open_route, {}, me, host).status, admitted) << host;
  }
  for (std::string host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "",
                           "molecule.example.evil"}) {
    for (http::Gate* each :
         {static_cast<http::Gate*>(gate.get()), static_cast<http::Gate*>(dev.get())}) {
      Answer answer = ask(open_route, bearer(admin_text), me, host, each);
      EXPECT_EQ(answer.status, 403) << host;
      EXPECT_EQ(answer.code, "host_refused");
      EXPECT_NE(answer.text.find("MOLECULE_HOSTS"), std::string::npos);
    }
  }
}

TEST_P(Gates, UntilCredentialsWereReadNobodyIsAdmitted) {
  build({0, 0, 0, 0, 0}, false);
  for (http::Gate* each :
       {static_cast<http::Gate*>(gate.get()), static_cast<http::Gate*>(dev.get())}) {
    for (const Headers& headers : {Headers{}, bearer(mine), bearer(admin_text), signed_in()}) {
      for (const http::Route* route : all_routes) {
        Answer answer = ask(*route, headers, me, "localhost", each);
        EXPECT_EQ(answer.status, route == &open_route ? admitted : 503) << route->pattern;
        EXPECT_EQ(answer.who, Who::nobody);
        if (route != &open_route) EXPECT_EQ(answer.code, "platform_unavailable");
      }
    }
  }
}

TEST_P(Gates, APathThatNamesNoWorkspaceIsToldSo) {
  http::Request request;
  request.host = "localhost";
  request.params = {"not-an-id"};
  std::string value = "Bearer " + mine;
  request.headers = {{"Authorization", value}};
  auto refusal = gate->admit(state_route, request);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 400);
}

TEST_P(Gates, FailedCredentialsOfOneAddressAreBounded) {
  LimitSettings settings{0, 0, 0, 3, 0};
  build(settings);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(self_route, bearer("nonsense")).status, 401);
  Answer answer = ask(self_route, bearer("nonsense"));
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.code, "rate_limited");
  EXPECT_EQ(answer.text, "rate limit exceeded");
  EXPECT_EQ(header_of(answer, "Retry-After"), "60");
  EXPECT_EQ(answer.body.root().find("retry_after").integer(), 60);
  EXPECT_EQ(ask(self_route, bearer(mine)).status, admitted) << "good ones are not held up";
  peer = "192.0.2.2";
  EXPECT_EQ(ask(self_route, bearer("nonsense")).status, 401) << "another address";
  peer = "192.0.2.1";
  clock.advance(60s);
  EXPECT_EQ(ask(self_route, bearer("nonsense")).status, 401) << "another minute";
}

TEST_P(Gates, LimitsCountByAddressOrByCredential) {
  LimitSettings settings{2, 3, 4, 0, 0};
  build(settings);
  auto allowed = [&](const http::Route& route, const Headers& headers) {
    int count = 0;
    while (count < 100 && ask(route, headers).status == admitted) ++count;
    return count;
  };
  EXPECT_EQ(allowed(open_route, {}), 2);
  EXPECT_EQ(allowed(self_route, bearer(mine)), 3);
  EXPECT_EQ(allowed(member_route, bearer(theirs)), 3) << "each its own";
  EXPECT_EQ(allowed(admin_route, bearer(admin_text)), 4);
}

TEST_P(Gates, ProbesAreNotCounted) {
  build({2, 0, 0, 0, 0});
  const http::Route probe = route_of<Open>("/healthz").not_counted();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(probe, {}).status, admitted);
  EXPECT_EQ(ask(open_route, {}).status, admitted);
  EXPECT_EQ(ask(open_route, {}).status, admitted);
  EXPECT_EQ(ask(open_route, {}).status, 429) << "a stranger's burst";
  EXPECT_EQ(ask(probe, {}).status, admitted) << "from the same address";
}

TEST_P(Gates, OneBucketBehindAProxyThatIsNotTrustedNamesTheSetting) {
  build({1, 0, 0, 0, 0});
  ask(open_route, {});
  EXPECT_FALSE(ask(open_route, {}).body.root().find("hint"));
  way = http::Way::claimed;
  Answer answer = ask(open_route, {});
  EXPECT_EQ(answer.status, 429);
  EXPECT_NE(answer.body.root().find("hint").string().find("trusted-proxies"),
            std::string_view::npos);
}

TEST_P(Gates, ACookieOfAnotherPlatformOfThisHostIsNotOurs) {
  facts::Record theirs(db(), clock);
  Sessions other(db(), clock, random, theirs, "molecule_session_0a1b2c3d");
  theirs.join(other);
  run(theirs.load());
  GateParts parts{*tokens, other, *keys, admin, town, *limits, clock, metrics};
  Gate second(parts, http::Site("127.0.0.1", {}, {}));
  Headers ours{{"Cookie", "molecule_session=x; molecule_session_0a1b2c3d=" + cookie}};
  EXPECT_EQ(ask(admin_read, ours, me, "localhost", &second).who, Who::session);
  EXPECT_EQ(ask(admin_read, signed_in(), me, "localhost", &second).status, 401);
}

TEST_P(Gates, EveryAnswerIsToldItsQuota) {
  using Kind = http::Quota::Kind;
  build({2, 3, 0, 5, 0});
  auto told = [](const Answer& answer) {
    return std::vector<std::uint32_t>{answer.quota.limit, answer.quota.remaining,
                                      answer.quota.reset};
  };
  EXPECT_EQ(told(ask(self_route, bearer(mine))), (std::vector<std::uint32_t>{3, 2, 60}));
  clock.advance(20s);
  EXPECT_EQ(told(ask(member_route, bearer(mine))), (std::vector<std::uint32_t>{3, 1, 40}));
  Answer refused = ask(admin_route, bearer(mine));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(told(refused), (std::vector<std::uint32_t>{3, 0, 40})) << "counted, so told";
  refused = ask(self_route, bearer(mine));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(told(refused), (std::vector<std::uint32_t>{3, 0, 40}));
  EXPECT_EQ(told(ask(open_route, {})), (std::vector<std::uint32_t>{2, 1, 60}));
  EXPECT_EQ(told(ask(self_route, bearer("nonsense"))), (std::vector<std::uint32_t>{5, 4, 60}));
  EXPECT_EQ(ask(admin_route, bearer(admin_text)).quota.kind, Kind::unlimited);
  EXPECT_EQ(ask(open_route, {}, me, "localhost:8080", dev.get()).quota.kind, Kind::unlimited);
}

TEST_P(Gates, TheDevGateAdmitsTheDeveloperAndStillChecksWhatIsPresented) {
  auto dev_ask = [&](const http::Route& route, const Headers& headers) {
    return ask(route, headers, me, "localhost:8080", dev.get());
  };
  for (const http::Route* route : all_routes) {
    Answer answer = dev_ask(*route, {});
    EXPECT_EQ(answer.status, route == &own_route ? 403 : admitted) << route->pattern;
    if (route == &own_route) continue;
    EXPECT_EQ(answer.who, route == &enrol_route ? Who::nobody : Who::developer) << route->pattern;
    EXPECT_EQ(dev_ask(*route, bearer("nonsense")).status, 401) << route->pattern;
    EXPECT_EQ(dev_ask(*route, bearer(revoked)).status, 401) << route->pattern;
  }
  // A good token gets no less than none, and where being a workspace counts it is one.
  EXPECT_EQ(dev_ask(admin_route, bearer(mine)).who, Who::developer);
  EXPECT_EQ(dev_ask(self_route, bearer(theirs)).who, Who::developer);
  EXPECT_EQ(dev_ask(self_route, bearer(mine)).who, Who::workspace);
  EXPECT_EQ(dev_ask(member_route, bearer(mine)).who, Who::workspace);
  EXPECT_EQ(dev_ask(own_route, bearer(theirs)).status, 403);
  EXPECT_EQ(dev_ask(admin_route, bearer(gone)).status, 401);
  EXPECT_EQ(dev_ask(own_route, bearer(mine)).status, admitted);
  EXPECT_EQ(dev_ask(admin_read, {{"X-Workspace-ID", me.text()}}).who, Who::developer);
  EXPECT_EQ(dev_ask(admin_read, {{"Origin", "http://evil.example"}}).code, "csrf");
  EXPECT_EQ(dev_ask(admin_read, {{"Sec-Fetch-Site", "cross-site"}}).code, "csrf");
  EXPECT_EQ(dev_ask(admin_route, {{"Origin", "http://localhost:8080"}}).who, Who::developer);
}

TEST_P(Gates, RefusalsAreCountedByReason) {
  ask(self_route, {});
  ask(self_route, bearer("nonsense"));
  ask(self_route, bearer("nonsense"));
  std::string text = metrics.text();
  EXPECT_NE(text.find("molecule_auth_refusals_total{reason=\"missing\"} 1"), std::string::npos)
      << text;
  EXPECT_NE(text.find("molecule_auth_refusals_total{reason=\"invalid\"} 2"), std::string::npos);
}

TEST(GateClasses, ARouteWithoutAKnownClassStopsTheProcess) {
  static constexpr http::Access unknown{"unknown", 0};
  const http::Route route{http::Method::get, "/x", &unknown};
  const http::Route nameless = route_of<Self>("/x");
  EXPECT_DEATH(require_known_classes(std::span(&route, 1)), "access class");
  EXPECT_DEATH(require_known_classes(std::span(&nameless, 1)), "access class");
  require_known_classes(std::span(&self_route, 1));
}

TEST_P(Gates, AReviewJudgesAgainAndLeavesNoTrace) {
  struct Case {
    std::string what;
    const http::Route* route;
    Headers headers;
    std::function<void()> end;
    int status;
    std::string code;
  };
  const std::vector<Case> cases{
      {"a revoked token", &member_route, bearer(mine),
       [&] { write([&](sql::Tx& tx) { return tokens->revoke_all(tx, me); }); }, 401,
       "invalid_token"},
      {"a removed workspace", &member_route, bearer(theirs),
       [&] { write([&](sql::Tx& tx) { return tokens->depart(tx, stranger); }); }, 410,
       "workspace_removed"},
      {"a session", &admin_read, signed_in(),
       [&] {
         write([&](sql::Tx& tx) {
           for (const SessionFacts& facts : sessions->list(clock.now()))
             sessions->end(tx, facts.id);
           return 0;
         });
       },
       401, "admin_required"},
  };
  build({0, 2, 2, 1, 0});  // A review that counted would soon be refused.
  for (const Case& one : cases) {
    http::Request request;
    request.method = one.route->method;
    request.path = one.route->pattern;
    request.host = "127.0.0.1:8080";
    request.peer = peer;
    request.way = way;
    for (const auto& [name, value] : one.headers) request.headers.push_back({name, value});
    ASSERT_FALSE(gate->admit(*one.route, request)) << one.what;
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(gate->review(*one.route, request)) << one.what;
    one.end();
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(gate->review(*one.route, request)) << one.what;
    auto refusal = gate->review(*one.route, request);
    ASSERT_TRUE(refusal) << one.what;
    EXPECT_EQ(refusal->status, one.status) << one.what;
    EXPECT_EQ(json::Document::parse(refusal->body).root().find("code").string(), one.code)
        << one.what;
  }
}

TEST_P(Gates, AProofSaysHowLongItLasts) {
  std::string brief = mint(me, clock.now() + 60s);
  EXPECT_EQ(ask(member_route, bearer(brief)).principal.lasts, 60s);
  EXPECT_EQ(ask(member_route, bearer(mine)).principal.lasts, http::Principal::for_ever);
  EXPECT_EQ(ask(admin_read, bearer(admin_text)).principal.lasts, http::Principal::for_ever);
  EXPECT_EQ(ask(admin_read, signed_in()).principal.lasts, Sessions::idle);
  clock.advance(Sessions::lifetime - Sessions::idle - 1s);
  EXPECT_EQ(ask(admin_read, signed_in()).status, 401) << "idle for too long";
}

TEST_P(Gates, InTheDevProfileOnlyAPresentedCredentialCanEnd) {
  auto requested = [&](const Headers& headers) {
    http::Request request;
    request.method = http::Method::get;
    request.host = "127.0.0.1:8080";
    request.peer = peer;
    request.way = way;
    for (const auto& [name, value] : headers) request.headers.push_back({name, value});
    return request;
  };
  Headers own = bearer(mine);
  http::Request with = requested(own), without = requested({});
  ASSERT_FALSE(dev->admit(member_route, with));
  ASSERT_FALSE(dev->admit(member_route, without));
  write([&](sql::Tx& tx) { return tokens->revoke_all(tx, me); });
  EXPECT_TRUE(dev->review(member_route, with));
  EXPECT_FALSE(dev->review(member_route, without));
  EXPECT_EQ(static_cast<Who>(without.principal.kind), Who::developer);
}

EACH_DATABASE(Gates);

}  // namespace
}  // namespace molecule::auth
