#include "app/system.h"

#include <map>

#include "platform/json/json.h"
#include "platform/process/environment.h"

namespace molecule::app {

const std::string_view version = MOLECULE_VERSION;
namespace {

constexpr auto table =
    http::table(http::get<auth::Open, &System::health>("/health").not_counted(),
                http::get<auth::Open, &System::alive>("/healthz").not_counted(),
                http::get<auth::Open, &System::ready>("/readyz").not_counted(),
                http::get<auth::Admin, &System::metrics>("/metrics").not_counted(),
                http::get<auth::Open, &System::openapi>("/openapi.json"));

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

std::vector<std::string> parameters(std::string_view pattern) {
  std::vector<std::string> names;
  for (std::size_t open = pattern.find('{'); open != std::string_view::npos;
       open = pattern.find('{', open + 1)) {
    std::size_t close = pattern.find('}', open);
    names.emplace_back(pattern.substr(open + 1, close - open - 1));
  }
  return names;
}

std::string operation(const http::Route& route) {
  std::string parameter_list = "[";
  for (const auto& name : parameters(route.pattern)) {
    if (parameter_list.size() > 1) parameter_list += ',';
    parameter_list += json::Object{}
                          .add("name", name)
                          .add("in", "path")
                          .add("required", true)
                          .add("schema", RawJson(R"({"type":"string"})"))
                          .text();
  }
  parameter_list += ']';
  json::Object out;
  out.add("operationId",
          fmt::format("{} {}", lower(http::method_text(route.method)), route.pattern));
  out.add("x-molecule-access", route.access->name);
  out.add("parameters", RawJson(parameter_list));
  if (route.access->level > 0) out.add("security", RawJson(R"([{"bearer":[]},{"session":[]}])"));
  out.add(
      "responses",
      RawJson(
          R"({"default":{"description":"JSON; errors carry error and code","content":{"application/json":{}}}})"));
  return out.text();
}

}  // namespace

const std::span<const http::Route> system_routes = table;

std::string openapi_text(const std::vector<http::Route>& routes, std::string_view session_cookie) {
  std::map<std::string, json::Object> paths;
  for (const http::Route& route : routes) {
    paths[std::string(route.pattern)].add(lower(http::method_text(route.method)),
                                          RawJson(operation(route)));
  }
  json::Object path_object;
  for (const auto& [path, operations] : paths) path_object.add(path, operations.raw());
  json::Object info;
  info.add("title", "Molecule platform").add("version", version);
  json::Object document;
  document.add("openapi", "3.1.0").add("info", info.raw()).add("paths", path_object.raw());
  json::Object session;
  session.add("type", "apiKey").add("in", "cookie").add("name", session_cookie);
  json::Object schemes;
  schemes.add("bearer", RawJson(R"({"type":"http","scheme":"bearer"})"))
      .add("session", session.raw());
  document.add("components", json::Object().add("securitySchemes", schemes.raw()).raw());
  return document.text();
}

void System::describe(const std::vector<http::Route>& routes) {
  openapi_ = openapi_text(routes, session_cookie_);
}

io::Task<http::Response> System::health(auth::Open::Caller) {
  auto up = std::chrono::duration_cast<std::chrono::seconds>(clock_.monotonic() - started_);
  json::Object body;
  body.add("status", "ok").add("version", version).add("uptime", fmt::format("{}s", up.count()));
  body.add("database", db_.healthy() ? "ok" : "unavailable");
  co_return http::Response::json(200, body.text());
}

io::Task<http::Response> System::alive(auth::Open::Caller) {
  co_return http::Response::json(200, R"({"status":"ok"})");
}

io::Task<http::Response> System::ready(auth::Open::Caller) {
  if (draining_.load(std::memory_order_acquire)) {
    co_return http::error_response(503, "draining", "the platform is going down");
  }
  if (!db_.healthy()) {
    co_return http::error_response(503, "platform_unavailable",
                                   "platform datastore unavailable — retry shortly");
  }
  co_return http::Response::json(200, R"({"status":"ready"})");
}

io::Task<http::Response> System::metrics(auth::Admin::Caller) {
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = registry_.text();
  response.body += fmt::format(
      "# HELP molecule_resident_bytes Resident memory of the process.\n# TYPE molecule_resident_bytes gauge\n"
      "molecule_resident_bytes {}\n",
      process::resident_bytes());
  co_return response;
}

io::Task<http::Response> System::openapi(auth::Open::Caller) {
  co_return http::Response::json(200, openapi_);
}

}  // namespace molecule::app
