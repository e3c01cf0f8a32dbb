// An organisation on a fresh store, asked through its route tables as the given caller: what the
// tests of workspaces and of presence start from. The gate is left out: auth has its own tests, and
// here the principal is what a test says it is.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "platform/http/route.h"
#include "server/workspaces/workspaces_service.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::workspaces {

struct Answer {
  int status = 0;
  std::string code;  // Of a refusal.
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  bool has(std::string_view part) const { return body.find(part) != std::string::npos; }
  // A member of the body, as compact JSON without the quotes of a string; "(absent)" when absent.
  std::string member(std::string_view name) const {
    json::Document document = json::Document::parse(body);
    json::Node node = document.root().find(name);
    if (!node) return "(absent)";
    return node.is(json::Type::string) ? std::string(node.string()) : node.text();
  }
};

// Who asks.
struct As {
  auth::Who who = auth::Who::admin_token;
  WorkspaceId id;
};

class Org : public test::EachDatabase {
 protected:
  struct AnyUrl final : UrlCheck {
    io::Task<void> check(std::string url) override {
      asked.push_back(url);
      if (url.find("inward") != std::string::npos)
        throw bad_request("url_not_allowed", "blocked address");
      co_return;
    }
    std::vector<std::string> asked;
  };
  struct KeptSecrets final : SecretStore {
    void put(sql::Tx&, WorkspaceId, std::string_view key, const Secret& value) override {
      if (key == "REFUSED") throw bad_request("secret_refused", "refused");
      kept.emplace(std::string(key), std::string(value.reveal()));
    }
    std::set<std::pair<std::string, std::string>> kept;
  };
  // As long as the test's own transaction is; never forgotten.
  struct KeptInbound final : InboundSecrets {
    Secret ensure(sql::Tx&, WorkspaceId id) override {
      made.insert(id);
      return of(id);
    }
    Secret of(WorkspaceId id) const override {
      return made.contains(id) ? Secret("inbound-" + id.text()) : Secret();
    }
    std::set<WorkspaceId> made;
  };
  struct NoGate final : http::Gate {
    std::optional<http::Response> admit(const http::Route&, http::Request&) override {
      return std::nullopt;
    }
    std::optional<http::Response> review(const http::Route&, http::Request&) override {
      return std::nullopt;
    }
  };

  // Who supplies the vitals, made anew at each start.
  virtual VitalSigns& vitals() = 0;
  // What else follows the log joins it here.
  virtual void log_made() {}
  virtual void started() {}

  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    start();
  }
  void TearDown() override {
    stop();
    EachDatabase::TearDown();
  }
  void start() {
    log = std::make_unique<events::Log>(db(), clock);
    run(log->open());
    directory = std::make_unique<Directory>();
    log->join(*directory);
    tokens = std::make_unique<auth::Tokens>(db(), clock, random, *directory, *log);
    log->join(*tokens);
    log_made();
    Ports ports{vitals(), urls, secrets, inbound, *tokens, departures};
    service = std::make_unique<Service>(db(), *log, *directory, clock, random, ports, Settings{});
    run(log->load());
    run(service->load());
    router = std::make_unique<http::Router>(gate);
    router->mount(routes, *service);
    seen = log->newest();
    started();
  }
  virtual void stop() {
    router.reset();
    service.reset();
    tokens.reset();
    directory.reset();
    log.reset();
  }
  void restart() {
    stop();
    reopen();
    start();
  }

  static As the(WorkspaceId id) { return {auth::Who::workspace, id}; }
  static constexpr As admin{};
  static constexpr As stranger{auth::Who::nobody, {}};

  Answer ask(As as, http::Method method, std::string path, std::string body = "",
             std::vector<http::Header> headers = {}) {
    http::Request request;
    request.method = method;
    std::size_t question = path.find('?');
    request.path = std::string_view(path).substr(0, question);
    if (question != std::string::npos) request.query = std::string_view(path).substr(question + 1);
    request.body = body;
    request.headers = std::move(headers);
    request.host = "molecule.test:8080";
    auto match = router->find(request);
    EXPECT_NE(match.route, nullptr) << path;
    if (match.route == nullptr) return {};
    request.principal.kind = static_cast<int>(as.who);
    request.principal.subject = as.id.bytes();
    try {
      http::Response response = run(match.route->call(match.service, request));
      std::string text = response.fixed.empty() ? response.body : std::string(response.fixed);
      return {response.status, "", std::move(text), std::move(response.headers)};
    } catch (const Fault& fault) {
      // As the server writes it.
      http::Response refusal = http::fault_response(fault);
      std::string text = std::move(refusal.body);
      return {http_status(fault.kind()), fault.code(), std::move(text), {}};
    }
  }
  Answer get(As as, std::string path) { return ask(as, http::Method::get, std::move(path)); }
  Answer post(As as, std::string path, std::string body = "") {
    return ask(as, http::Method::post, std::move(path), std::move(body));
  }

  // Makes one through the route.
  WorkspaceId make(std::string_view name, std::optional<WorkspaceId> parent = {},
                   std::string_view more = R"("runtime":"external")") {
    std::string above = parent ? fmt::format(R"(,"parent_id":"{}")", parent->text()) : "";
    Answer answer =
        post(admin, "/workspaces", fmt::format(R"({{"name":"{}"{},{}}})", name, above, more));
    EXPECT_EQ(answer.status, 201) << answer.body;
    auto id = WorkspaceId::parse(answer.member("id"));
    EXPECT_TRUE(id);
    return id.value_or(WorkspaceId());
  }
  std::string path(WorkspaceId id, std::string_view rest = "") {
    return "/workspaces/" + id.text() + std::string(rest);
  }
  Status status_of(WorkspaceId id) {
    auto entry = directory->find(id);
    EXPECT_TRUE(entry);
    Answer shown = get(admin, path(id, "?include_removed=true"));
    EXPECT_EQ(shown.member("status"), enum_text(entry->status))
        << "the directory and the store differ";
    return entry->status;
  }

  // The types of what was appended since the last call, in order.
  std::vector<std::string> told() {
    std::vector<std::string> types;
    for (const auto& frame : run(log->read_after(seen, 1000))) {
      types.push_back(frame->type);
      seen = frame->seq;
    }
    return types;
  }
  using Told = std::vector<std::string>;

  test::ManualClock clock;
  test::CountingRandom random;
  AnyUrl urls;
  KeptSecrets secrets;
  KeptInbound inbound;
  NoGate gate;
  std::vector<Departure*> departures;
  std::unique_ptr<events::Log> log;
  std::unique_ptr<Directory> directory;
  std::unique_ptr<auth::Tokens> tokens;
  std::unique_ptr<Service> service;
  std::unique_ptr<http::Router> router;
  std::int64_t seen = 0;
};

}  // namespace molecule::workspaces
