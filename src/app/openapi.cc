#include "app/openapi.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "app/example.h"
#include "app/system.h"
#include "base/fault.h"
#include "platform/json/json.h"
#include "wire/api/refusals.h"
#include "wire/events/payloads.h"

namespace molecule::app {
namespace {

using Kind = json::Shape::Kind;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

// The names in braces.
std::vector<std::string> parameters(std::string_view pattern) {
  std::vector<std::string> names;
  for (std::size_t open = pattern.find('{'); open != std::string_view::npos;
       open = pattern.find('{', open + 1)) {
    std::size_t close = pattern.find('}', open);
    const std::string_view name = pattern.substr(open + 1, close - open - 1);
    names.emplace_back(name.substr(0, name.find('.')));
  }
  return names;
}

// As a path of the document: there the rest of a path is a parameter like others.
std::string path_text(std::string_view pattern) {
  std::string path(pattern);
  if (const std::size_t dots = path.find("...}"); dots != std::string::npos) path.erase(dots, 3);
  return path;
}

std::string list_of(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ',';
    out += item;
  }
  return out + ']';
}

// JSON Schema (draft 2020-12, as OpenAPI 3.1 uses it).
std::string schema(const json::Shape& shape, std::string_view about = {}) {
  json::Object out;
  auto type = [&](std::string_view name) {
    if (shape.nullable) {
      out.add("type", std::vector<std::string>{std::string(name), "null"});
    } else {
      out.add("type", name);
    }
  };
  auto range = [&](std::string_view least, std::string_view most) {
    if (shape.bounds.least != -json::Bounds::endless) out.add(least, shape.bounds.least);
    if (shape.bounds.most != json::Bounds::endless) out.add(most, shape.bounds.most);
  };
  // Bytes bound characters from above; the description names bytes.
  auto size = [&](std::string_view shortest, std::string_view longest) {
    if (shape.bounds.shortest != 0) out.add(shortest, shape.bounds.shortest);
    if (shape.bounds.longest != json::Bounds::any_size) out.add(longest, shape.bounds.longest);
  };
  switch (shape.kind) {
    case Kind::any: break;
    case Kind::object: type("object"); break;
    case Kind::boolean: type("boolean"); break;
    case Kind::integer:
      type("integer");
      range("minimum", "maximum");
      break;
    case Kind::number:
      type("number");
      range("minimum", "maximum");
      break;
    case Kind::text:
      type("string");
      size("minLength", "maxLength");
      break;
    case Kind::id:
      type("string");
      out.add("format", "uuid");
      break;
    case Kind::time:
      type("string");
      out.add("format", "date-time");
      break;
    case Kind::named: {
      std::string ref = fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", shape.name);
      if (shape.nullable || shape.or_empty) {
        std::vector<std::string> some{ref};
        if (shape.or_empty) some.emplace_back(R"({"const":""})");
        if (shape.nullable) some.emplace_back(R"({"type":"null"})");
        out.add("anyOf", RawJson(list_of(some)));
      } else if (about.empty()) {
        return ref;
      } else {
        out.add("allOf", RawJson(fmt::format("[{}]", ref)));
      }
      break;
    }
    case Kind::list:
      type("array");
      out.add("items", RawJson(schema(shape.of.front())));
      size("minItems", "maxItems");
      break;
    case Kind::map:
      type("object");
      out.add("additionalProperties", RawJson(schema(shape.of.front())));
      size("minProperties", "maxProperties");
      break;
    case Kind::either: {
      std::vector<std::string> some;
      for (const json::Shape& one : shape.of) some.push_back(schema(one));
      if (shape.nullable) some.emplace_back(R"({"type":"null"})");
      out.add("anyOf", RawJson(list_of(some)));
      break;
    }
  }
  if (!about.empty()) out.add("description", about);
  return out.text();
}

// That these members are present, which null is not.
std::string present(const std::vector<std::string>& names) {
  json::Object properties;
  for (const std::string& name : names) properties.add(name, RawJson(R"({"not":{"type":"null"}})"));
  return json::Object{}.add("required", names).add("properties", properties.raw()).text();
}

// What a type demands of several members at once.
std::vector<std::string> demands(const json::TypeShape& type) {
  std::vector<std::string> all;
  const auto any_of = [&](const std::vector<std::string>& some) {
    all.push_back(json::Object{}.add("anyOf", RawJson(list_of(some))).text());
  };
  for (const json::OneOf& one : type.needs) {
    std::vector<std::string> some;
    for (std::string_view name : one.names) {
      if (!name.empty()) some.push_back(present({std::string(name)}));
    }
    any_of(some);
  }
  for (const json::FieldShape& field : type.fields) {
    if (field.beside.empty()) continue;
    const std::string name(field.name), other(field.beside);
    json::Object none;
    for (const std::string& absent : {name, other}) none.add(absent, RawJson(R"({"type":"null"})"));
    any_of({present({name, other}), json::Object{}.add("properties", none.raw()).text()});
  }
  return all;
}

std::string schema_of(const json::TypeShape& type) {
  json::Object out;
  if (!type.values.empty()) {
    std::vector<std::string> values(type.values.begin(), type.values.end());
    return out.add("type", "string").add("enum", values).text();
  }
  json::Object properties;
  std::vector<std::string> required;
  for (const json::FieldShape& field : type.fields) {
    properties.add(field.name, RawJson(schema(field.shape, field.words())));
    if (field.always) required.emplace_back(field.name);
  }
  out.add("type", "object").add("properties", properties.raw());
  if (!required.empty()) out.add("required", required);
  if (const auto all = demands(type); !all.empty()) out.add("allOf", RawJson(list_of(all)));
  return out.text();
}

std::string parameter(std::string_view name, std::string_view in, const json::Shape& shape) {
  return json::Object{}
      .add("name", name)
      .add("in", in)
      .add("required", in == "path")
      .add("schema", RawJson(schema(shape)))
      .text();
}

std::string parameter_list(const http::Route& route, const http::Contract& contract) {
  std::vector<std::string> list;
  for (const std::string& name : parameters(route.pattern))
    list.push_back(parameter(name, "path", {Kind::text}));
  for (const http::Contract::Member& member : contract.query)
    list.push_back(parameter(member.name, "query", member.shape));
  return list_of(list);
}

std::string content(std::string_view media, const std::optional<json::Shape>& shape,
                    const json::Shapes& shapes) {
  json::Object body;
  if (shape) {
    body.add("schema", RawJson(schema(*shape)));
    body.add("example", RawJson(example_of(*shape, shapes)));
  }
  return json::Object{}.add(media, body.raw()).text();
}

std::string refusal_answer(int status, const std::vector<std::string_view>& codes) {
  std::string words;
  std::vector<std::string> names;
  for (const api::Refusal& refusal : api::refusals) {
    if (refusal.status != status || std::ranges::find(codes, refusal.code) == codes.end()) continue;
    words += fmt::format("{}`{}`: {}", words.empty() ? "" : "\n", refusal.code, refusal.meaning);
    names.emplace_back(refusal.code);
  }
  json::Object code;
  code.add("properties", json::Object{}.add("code", json::Object{}.add("enum", names).raw()).raw());
  json::Object body;
  body.add("schema",
           json::Object{}
               .add("allOf", RawJson(fmt::format(R"([{{"$ref":"#/components/schemas/Error"}},{}])",
                                                 code.text())))
               .raw());
  body.add("example", json::Object{}
                          .add("error", "A sentence: what is wrong, and what to do.")
                          .add("code", names.front())
                          .raw());
  return json::Object{}
      .add("description", words)
      .add("content", json::Object{}.add("application/json", body.raw()).raw())
      .text();
}

std::string answers(const http::Route& route, const http::Contract& contract,
                    const json::Shapes& shapes) {
  if (contract.answers.empty())
    throw internal(fmt::format("{} does not say what it gives", route.pattern));
  json::Object out;
  for (const http::Contract::Answer& answer : contract.answers) {
    json::Object body;
    body.add("description", http::reason_phrase(answer.status));
    if (!answer.media.empty())
      body.add("content", RawJson(content(answer.media, answer.shape, shapes)));
    out.add(std::to_string(answer.status), body.raw());
  }
  std::map<int, std::vector<std::string_view>> by_status;
  for (std::string_view code : refusals_of(route, contract)) {
    bool known = false;
    for (const api::Refusal& refusal : api::refusals) {
      if (refusal.code != code) continue;
      by_status[refusal.status].push_back(code);
      known = true;
    }
    if (!known)
      throw internal(fmt::format("{} refuses with {}, which is no code", route.pattern, code));
  }
  for (const auto& [status, codes] : by_status)
    out.add(std::to_string(status), RawJson(refusal_answer(status, codes)));
  return out.text();
}

std::string operation(const http::Route& route, json::Shapes& shapes) {
  const http::Contract contract = http::contract_of(route, shapes);
  if (route.summary.empty())
    throw internal(fmt::format("{} does not say what it does", route.pattern));
  json::Object out;
  out.add("operationId",
          fmt::format("{} {}", lower(http::method_text(route.method)), path_text(route.pattern)));
  out.add("summary", route.summary);
  out.add("x-molecule-access", route.access->name);
  out.add("parameters", RawJson(parameter_list(route, contract)));
  if (route.access->level > 0) out.add("security", RawJson(R"([{"bearer":[]},{"session":[]}])"));
  if (contract.body) {
    json::Object body;
    body.add("required", !contract.body_may_be_absent);
    body.add("content", RawJson(content(http::Contract::json_media, contract.body, shapes)));
    out.add("requestBody", body.raw());
  }
  if (!route.incoming.empty()) {
    json::Object body;
    body.add("required", true);
    body.add("content", json::Object{}.add(route.incoming, RawJson("{}")).raw());
    out.add("requestBody", body.raw());
  }
  out.add("responses", RawJson(answers(route, contract, shapes)));
  return out.text();
}

}  // namespace

std::vector<std::string_view> own_refusals_of(const http::Route& route,
                                              const http::Contract& contract) {
  std::vector<std::string_view> codes = contract.body_refusals;
  for (std::string_view code : route.refusals) {
    if (!code.empty() && std::ranges::find(codes, code) == codes.end()) codes.push_back(code);
  }
  return codes;
}

std::vector<std::string_view> refusals_of(const http::Route& route,
                                          const http::Contract& contract) {
  std::vector<std::string_view> codes{"bad_request", "host_not_allowed", "origin_not_allowed",
                                      "internal",    "overloaded",       "draining"};
  auto add = [&](std::initializer_list<std::string_view> more) { codes.insert(codes.end(), more); };
  if (!route.uncounted) add({"rate_limited"});
  const std::string_view access = route.access->name;
  if (access == "admin" || access == "operator") {
    add({"admin_required", "invalid_admin_token", "token_expired", "insufficient_scope",
         "identity_header_refused", "csrf", "platform_unavailable"});
  } else if (access != "open") {
    add({"missing_token", "invalid_token", "token_expired", "caller_mismatch", "invalid_caller",
         "identity_header_refused", "csrf", "workspace_removed", "platform_unavailable"});
    // A read is any operator's, and so any key's.
    if (access == "enrol" || access == "holder" || route.method != http::Method::get)
      add({"insufficient_scope"});
  }
  if (access == "self" || access == "own" || access == "holder") add({"token_workspace_mismatch"});
  if (access == "own") add({"own_only"});
  if (access == "peer") add({"not_reachable"});
  if (!parameters(route.pattern).empty()) add({"bad_id"});
  if (!contract.query.empty()) add({"bad_query"});
  if (contract.body || !route.incoming.empty())
    add({"body_too_large", "request_timeout", "unsupported_coding"});
  for (std::string_view code : own_refusals_of(route, contract)) {
    if (std::ranges::find(codes, code) == codes.end()) codes.push_back(code);
  }
  return codes;
}

std::string openapi_text(const std::vector<http::Route>& routes, std::string_view session_cookie) {
  json::Shapes shapes;
  std::map<std::string, json::Object> paths;
  for (const http::Route& route : routes) {
    paths[path_text(route.pattern)].add(lower(http::method_text(route.method)),
                                        RawJson(operation(route, shapes)));
  }
  json::Object path_object;
  for (const auto& [path, operations] : paths) path_object.add(path, operations.raw());
  json::Object schemas;
  schemas.add("Error", RawJson(R"({"type":"object","required":["error","code"],"properties":)"
                               R"({"error":{},"code":{"type":"string"}}})"));
  json::Object payloads;
  events::for_each_type([&]<events::Type type>() {
    using Payload = typename events::PayloadOf<type>::Payload;
    payloads.add(enum_text(type), RawJson(schema(shapes.add<Payload>(json::Shapes::Way::written))));
  });
  for (const auto& [name, type] : shapes.all()) schemas.add(name, RawJson(schema_of(type)));
  json::Object info;
  info.add("title", "Molecule platform").add("version", version);
  json::Object document;
  document.add("openapi", "3.1.0").add("info", info.raw()).add("paths", path_object.raw());
  json::Object session;
  session.add("type", "apiKey").add("in", "cookie").add("name", session_cookie);
  json::Object schemes;
  schemes.add("bearer", RawJson(R"({"type":"http","scheme":"bearer"})"))
      .add("session", session.raw());
  document.add(
      "components",
      json::Object().add("schemas", schemas.raw()).add("securitySchemes", schemes.raw()).raw());
  // What the events at /ws, the streams and /events bring along, by their names.
  document.add("x-molecule-events", payloads.raw());
  return document.text();
}

}  // namespace molecule::app
