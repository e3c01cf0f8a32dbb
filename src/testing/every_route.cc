#include "testing/every_route.h"

#include <functional>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace molecule::test {
namespace {

constexpr int admitted = 200;

using Headers = std::vector<std::pair<std::string, std::string>>;

bool acts(const http::Route& route) {
  return route.method != http::Method::get && route.method != http::Method::head;
}

bool says_farewell(const http::Route& route) {
  return route.method == http::Method::get &&
         (route.pattern == "/workspaces/{id}" || route.pattern == "/workspaces/{id}/state");
}

struct Attempt {
  std::string_view name;
  Headers headers;
  std::function<int(const http::Route&, std::string_view access)> expected;
  WorkspaceId named;  // What the path's first {id} is.
};

// The pattern with its {names} filled: the first names a workspace, the others anything.
std::string path_of(std::string_view pattern, WorkspaceId named) {
  std::string path;
  bool first = true;
  while (!pattern.empty()) {
    std::size_t open = pattern.find('{');
    path += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    path += first ? named.text() : "00000000-0000-4000-8000-000000000000";
    first = false;
    pattern.remove_prefix(pattern.find('}') + 1);
  }
  return path;
}

std::vector<Attempt> attempts_of(const Trial& trial) {
  auto bearer = [](const std::string& token) {
    return Headers{{"Authorization", "Bearer " + token}};
  };
  auto with = [](Headers headers, std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return headers;
  };
  std::string wrong = trial.own;
  wrong[5] = wrong[5] == 'A' ? 'B' : 'A';
  Headers cookie{{"Cookie", trial.session}};
  std::string unknown = trial.session.substr(0, trial.session.find('=') + 1) + trial.own;

  auto refused = [](const http::Route&, std::string_view) { return 401; };
  auto forbidden = [](const http::Route&, std::string_view) { return 403; };
  auto nobody = [](const http::Route&, std::string_view access) {
    return access == "open" || access == "enrol" ? admitted : 401;
  };
  auto for_operators = [](std::string_view access) {
    return access == "operator" || access == "admin";
  };
  auto itself = [=](const http::Route&, std::string_view access) {
    return for_operators(access) ? 403 : admitted;
  };
  auto stranger = [=](const http::Route&, std::string_view access) {
    bool foreign = access == "self" || access == "holder" || access == "own" || access == "peer" ||
                   for_operators(access);
    return foreign ? 403 : admitted;
  };
  auto left = [=](const http::Route& route, std::string_view access) {
    if (access == "open" || says_farewell(route)) return admitted;
    return for_operators(access) ? 401 : 410;
  };
  auto operators = [](const http::Route&, std::string_view access) {
    return access == "own" ? 403 : admitted;
  };
  auto blind_browser = [](const http::Route& route, std::string_view access) {
    return access == "own" || acts(route) ? 403 : admitted;
  };

  auto rules = [](std::string_view access) {
    return access == "enrol" || access == "holder" || access == "admin";
  };
  auto reading = [=](const http::Route& route, std::string_view access) {
    if (access == "open") return admitted;
    return access == "own" || rules(access) || acts(route) ? 403 : admitted;
  };
  auto operating = [=](const http::Route&, std::string_view access) {
    return access == "own" || rules(access) ? 403 : admitted;
  };

  std::vector<Attempt> attempts{
      {"no credential", {}, nobody, trial.mine},
      {"a wrong token", bearer(wrong + "x"), refused, trial.mine},
      {"a token with a broken check", bearer(wrong), refused, trial.mine},
      {"malformed text", bearer("nonsense"), refused, trial.mine},
      {"another scheme", {{"Authorization", "Basic bm86bm8="}}, refused, trial.mine},
      {"its own token", bearer(trial.own), itself, trial.mine},
      {"a foreign token", bearer(trial.foreign), stranger, trial.mine},
      {"a revoked token", bearer(trial.revoked), refused, trial.mine},
      {"an expired token", bearer(trial.expired), refused, trial.mine},
      {"a removed workspace's token", bearer(trial.departed), left, trial.gone},
      {"its own token under another name",
       with(bearer(trial.own), "X-Workspace-ID", trial.gone.text()), forbidden, trial.mine},
      {"the platform's name", with(bearer(trial.own), "X-Workspace-ID", "system:scheduler"),
       forbidden, trial.mine},
      {"the admin token", bearer(trial.admin), operators, trial.mine},
      {"nearly the admin token", bearer(trial.admin + "x"), refused, trial.mine},
      {"the admin token under a workspace's name",
       with(bearer(trial.admin), "X-Workspace-ID", trial.mine.text()), forbidden, trial.mine},
      {"a browser from our page", with(cookie, "Origin", "http://" + trial.host), operators,
       trial.mine},
      {"a browser from nowhere", cookie, blind_browser, trial.mine},
      {"a browser from a foreign page", with(cookie, "Origin", "http://evil.example"),
       blind_browser, trial.mine},
      {"an unknown session", {{"Cookie", unknown}}, nobody, trial.mine},
  };
  if (trial.read_key.empty()) return attempts;
  for (Attempt more : std::initializer_list<Attempt>{
           {"a key to read", bearer(trial.read_key), reading, trial.mine},
           {"a key to operate", bearer(trial.operate_key), operating, trial.mine},
           {"a key to rule", bearer(trial.admin_key), operators, trial.mine},
           {"a key that ended", bearer(trial.ended_key), refused, trial.mine},
           {"a key under a workspace's name",
            with(bearer(trial.admin_key), "X-Workspace-ID", trial.mine.text()), forbidden,
            trial.mine}})
    attempts.push_back(std::move(more));
  return attempts;
}

int ask(const http::Router& router, const http::Route& route, const Attempt& attempt,
        const std::string& host, bool& found) {
  std::string path = path_of(route.pattern, attempt.named);
  http::Request request;
  request.method = route.method;
  request.path = path;
  request.host = host;
  request.peer = "192.0.2.1";
  for (const auto& [name, value] : attempt.headers) request.headers.push_back({name, value});
  auto match = router.find(request);
  found =
      match.route && match.route->pattern == route.pattern && match.route->method == route.method;
  if (!found) return 0;
  auto refusal = router.gate().admit(*match.route, request);
  if (refusal && request.principal.kind != 0)
    return -1;  // A refused request must not keep a principal.
  return refusal ? refusal->status : admitted;
}

}  // namespace

Tried try_every_route(const http::Router& router, const Trial& trial) {
  Tried tried;
  const std::vector<Attempt> attempts = attempts_of(trial);
  auto complain = [&](const http::Route& route, std::string_view what) {
    tried.complaints.push_back(
        fmt::format("{} {}: {}", http::method_text(route.method), route.pattern, what));
  };
  for (const http::Route& route : router.all()) {
    for (const Attempt& attempt : attempts) {
      bool found = false;
      int status = ask(router, route, attempt, trial.host, found);
      ++tried.tries;
      if (!found) {
        complain(route, "is not found by its own path");
        break;
      }
      int expected = attempt.expected(route, route.access->name);
      if (status != expected)
        complain(route, fmt::format("{}: {} instead of {}", attempt.name, status, expected));
    }
    bool found = false;
    Attempt elsewhere{"another host", {}, {}, trial.mine};
    if (ask(router, route, elsewhere, "evil.example", found) != 403)
      complain(route, "served for another host");
    ++tried.tries;
  }
  return tried;
}

}  // namespace molecule::test
