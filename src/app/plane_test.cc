// The whole platform in one process: every mounted route with every kind of credential.
#include <filesystem>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "app/reference.h"
#include "app/serve.h"
#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "testing/every_route.h"

namespace molecule::app {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/molecule-plane-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

// Calls a mounted handler the way the server does, as an operator, without a socket.
class Operator {
 public:
  Operator(const http::Router& router, std::string token)
      : router_(router), bearer_("Bearer " + token) {}

  json::Document call(http::Method method, std::string_view path, std::string_view body,
                      int expected) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.host = "127.0.0.1:8080";
    request.peer = "127.0.0.1";
    request.headers = {{"Host", request.host}, {"Authorization", bearer_}};
    auto match = router_.find(request);
    if (!match.route) throw std::logic_error("no such route");
    if (auto refusal = router_.gate().admit(*match.route, request))
      throw std::logic_error(refusal->body);
    io::Loop loop;
    http::Response response = io::run(loop, match.route->call(match.service, request));
    EXPECT_EQ(response.status, expected) << path << ": " << response.body;
    return json::Document::parse(response.body);
  }

 private:
  const http::Router& router_;
  std::string bearer_;
};

std::string member(const json::Document& document, std::string_view name) {
  return std::string(document.root().find(name).string());
}

// The cookie that a browser gets for a claim code.
std::string sign_in(const http::Router& router, const std::string& code) {
  std::string body = json::Object{}.add("code", code).text();
  http::Request request;
  request.method = http::Method::post;
  request.path = "/auth/claim";
  request.body = body;
  request.host = "127.0.0.1:8080";
  request.peer = "127.0.0.1";
  request.headers = {{"Host", request.host}};
  auto match = router.find(request);
  if (auto refusal = router.gate().admit(*match.route, request))
    throw std::logic_error(refusal->body);
  io::Loop loop;
  http::Response response = io::run(loop, match.route->call(match.service, request));
  EXPECT_EQ(response.status, 200) << response.body;
  for (const auto& [name, value] : response.headers) {
    if (name != "Set-Cookie") continue;
    return value.substr(0, value.find(';'));
  }
  return {};
}

TEST(Plane, NoRouteLetsAWrongCredentialIn) {
  Folder folder;
  const std::string admin = "admin-token-of-this-test";
  ::setenv("ADMIN_TOKEN", admin.c_str(), 1);
  Config config = Config::load({{"data", folder.path.string()},
                                {"listen", "127.0.0.1:0"},
                                {"rate-limit", "0"},
                                {"loops", "1"},
                                {"log-level", "error"}},
                               std::nullopt);
  ::unsetenv("ADMIN_TOKEN");
  io::SystemClock clock;
  io::SystemRandom random;
  test::Tried tried;
  std::size_t served = 0;
  serve(config, {clock, random}, [&](const Ready& ready) {
    Operator op(ready.router, admin);
    auto made = [&](std::string_view name, std::string_view parent) {
      json::Object body;
      body.add("name", name).add("runtime", "external");
      if (!parent.empty()) body.add("parent_id", parent);
      return member(op.call(http::Method::post, "/workspaces", body.text(), 201), "id");
    };
    auto minted = [&](const std::string& id, std::string_view body) {
      return member(op.call(http::Method::post, "/workspaces/" + id + "/tokens", body, 201),
                    "auth_token");
    };
    std::string mine = made("mine", {});
    std::string child = made("child", mine);
    std::string stranger =
        made("stranger", child);  // A grandchild: neither sibling, parent nor child.
    std::string gone = made("gone", {});
    test::Trial trial;
    trial.mine = *WorkspaceId::parse(mine);
    trial.revoked = minted(mine, "{}");
    op.call(http::Method::post, "/admin/workspaces/" + mine + "/revoke-auth-tokens", {}, 200);
    trial.own = minted(mine, "{}");
    trial.foreign = minted(stranger, "{}");
    trial.departed = minted(gone, "{}");
    trial.gone = *WorkspaceId::parse(gone);
    op.call(http::Method::del, "/workspaces/" + gone, {}, 200);
    auto key = [&](std::string_view scope) {
      const std::string body = json::Object{}.add("scope", scope).text();
      return op.call(http::Method::post, "/org/tokens", body, 200);
    };
    trial.read_key = member(key("read"), "auth_token");
    trial.operate_key = member(key("operate"), "auth_token");
    trial.admin_key = member(key("admin"), "auth_token");
    const auto ended = key("admin");
    trial.ended_key = member(ended, "auth_token");
    op.call(http::Method::del, "/org/tokens/" + member(ended, "id"), {}, 200);
    trial.admin = admin;
    std::string code = ready.claim_url.substr(ready.claim_url.rfind('/') + 1);
    trial.session = sign_in(ready.router, code);
    trial.expired = minted(
        mine,
        json::Object{}.add("expires_at", clock.now() + std::chrono::milliseconds(300)).text());
    io::Loop loop;
    io::run(loop,
            [](int) -> io::Task<void> { co_await io::sleep(std::chrono::milliseconds(1500)); }(0));
    tried = test::try_every_route(ready.router, trial);
    served = ready.router.all().size();
    ready.stop.request();
  });
  EXPECT_GT(tried.tries, 300U);
  EXPECT_EQ(served, all_routes().size()) << "the reference pages tell other routes than are served";
  for (const auto& complaint : tried.complaints) ADD_FAILURE() << complaint;
}

TEST(Routes, NoTwoShareMethodAndPath) {
  std::set<std::string> seen;
  for (const auto& route : all_routes()) {
    std::string name = fmt::format("{} {}", http::method_text(route.method), route.pattern);
    EXPECT_TRUE(seen.insert(name).second) << name;
  }
  EXPECT_GT(seen.size(), 50U);
}

}  // namespace
}  // namespace molecule::app
