#include "app/reference.h"

#include <filesystem>
#include <fstream>

#include "app/client_types.h"
#include "app/config.h"
#include "app/openapi.h"
#include "app/system.h"
#include "server/activity/activity_service.h"
#include "server/agent_files/agent_files_service.h"
#include "server/attachments/attachments_service.h"
#include "server/auth/auth_service.h"
#include "server/cards/cards_service.h"
#include "server/dead_letters/dead_letters_service.h"
#include "server/delegations/delegations_service.h"
#include "server/events/events_service.h"
#include "server/grpc/grpc_service.h"
#include "server/keys/keys_service.h"
#include "server/layout/viewport_service.h"
#include "server/mcp_endpoint/mcp_endpoint_service.h"
#include "server/presence/presence_service.h"
#include "server/provision/provision_service.h"
#include "server/proxy/proxy_service.h"
#include "server/relay/polls.h"
#include "server/relay/relay_service.h"
#include "server/secrets/secrets_service.h"
#include "server/tasks/tasks_service.h"
#include "server/tickets/tickets_service.h"
#include "server/workspaces/workspaces_service.h"
#include "wire/api/refusals.h"
#include "wire/events/payloads.h"

namespace molecule::app {
namespace {

constexpr std::string_view printed = "<!-- Printed by `molecule reference`; do not edit. -->\n\n";

std::string routes_page() {
  std::string page = "# Routes\n\n";
  page += printed;
  page +=
      "Access: `open` anybody; `enrol` registration; `member` any workspace or operator; `peer` a workspace that may "
      "reach the one named; `self` the workspace named or an operator; `own` only the workspace named; `operator` an "
      "operator; `holder` as self, of keys only an admin's; `admin` as operator, of keys only an admin's. An "
      "organisation key of scope `read` may use GET where an operator may, one of scope `operate` every method but on "
      "`enrol`, `holder` and `admin`.\n\n| Method | Path | Access | Body at most |\n|---|---|---|---|\n";
  for (const http::Route& route : all_routes()) {
    const std::string most =
        route.body_max == 0 ? "none" : fmt::format("{} KiB", route.body_max / 1024);
    page += fmt::format("| {} | `{}` | {} | {} |\n", http::method_text(route.method), route.pattern,
                        route.access->name, most);
  }
  return page;
}

std::string settings_page() {
  std::string page = "# Settings\n\n";
  page += printed;
  page +=
      "Precedence: flag, environment, config file (`molecule.conf` in the data directory), default. "
      "`molecule config show` prints every value and its origin.\n\n"
      "| Flag and key | Environment | Default | Range | Meaning |\n|---|---|---|---|---|\n";
  for (const Setting& setting : settings) {
    std::string flag = setting.form == Setting::Form::secret
                           ? fmt::format("`{}` (key only)", setting.name)
                           : fmt::format("`--{}`", setting.name);
    page += fmt::format("| {} | {} | {} | {} | {} |\n", flag,
                        setting.environment.empty() ? "" : fmt::format("`{}`", setting.environment),
                        setting.fallback.empty() ? "" : fmt::format("`{}`", setting.fallback),
                        range_text(setting), setting.help);
  }
  return page;
}

std::string faults_page() {
  std::string page = "# Faults\n\n";
  page += printed;
  page +=
      "Every error is `{\"error\": sentence, \"code\": snake_case}`, some with further members. Act on the code: the "
      "sentence may change. Where an agent's own status is passed on, the status differs from the one below.\n\n"
      "| Code | Status | Meaning |\n|---|---|---|\n";
  for (const api::Refusal& refusal : api::refusals)
    page += fmt::format("| `{}` | {} | {} |\n", refusal.code, refusal.status, refusal.meaning);
  return page;
}

std::string link_to(const json::Shape& shape) {
  using Kind = json::Shape::Kind;
  std::string text;
  switch (shape.kind) {
    case Kind::any: text = "any JSON"; break;
    case Kind::object: text = "any object"; break;
    case Kind::boolean: text = "boolean"; break;
    case Kind::integer: text = "integer"; break;
    case Kind::number: text = "number"; break;
    case Kind::text: text = "string"; break;
    case Kind::id: text = "UUID"; break;
    case Kind::time: text = "RFC 3339 time"; break;
    case Kind::named: text = fmt::format("[{0}](#{0})", shape.name); break;
    case Kind::list: text = "list of " + link_to(shape.of.front()); break;
    case Kind::map: text = "object of " + link_to(shape.of.front()); break;
    case Kind::either:
      for (const json::Shape& one : shape.of) text += (text.empty() ? "" : " or ") + link_to(one);
      break;
  }
  if (shape.or_empty) text += " or \"\"";
  return shape.nullable ? text + " or null" : text;
}

void add_type(std::string& page, const std::string& name, const json::TypeShape& type) {
  page += fmt::format("\n<a id=\"{0}\"></a>\n\n### {0}\n\n", name);
  if (!type.values.empty()) {
    page += "One of";
    for (std::string_view value : type.values) page += fmt::format(" `{}`", value);
    page += ".\n";
    return;
  }
  if (type.fields.empty()) {
    page += "Has no members.\n";
    return;
  }
  page += "| Member | Type | |\n|---|---|---|\n";
  for (const json::FieldShape& field : type.fields) {
    page += fmt::format("| `{}` | {}{} | {} |\n", field.name, link_to(field.shape),
                        field.always ? "" : ", may be absent", field.words());
  }
  for (const json::OneOf& one : type.needs) {
    std::string names;
    for (std::string_view each : one.names) {
      if (!each.empty()) names += fmt::format("{}`{}`", names.empty() ? "" : " or ", each);
    }
    page += fmt::format("\nNeeds {}.\n", names);
  }
}

std::string api_page(json::Shapes& shapes) {
  std::string page = "# API\n\n";
  page += printed;
  page +=
      "What each route takes and gives. `GET /openapi.json` has the same as OpenAPI 3.1, with examples; "
      "[faults.md](faults.md) says what the codes of refusals mean.\n\n## Routes\n";
  for (const http::Route& route : all_routes()) {
    const http::Contract contract = http::contract_of(route, shapes);
    page += fmt::format("\n### {} {}\n\n{} Access: `{}`.\n\n", http::method_text(route.method),
                        route.pattern, route.summary, route.access->name);
    for (const http::Contract::Member& member : contract.query)
      page += fmt::format("- query `{}`: {}\n", member.name, link_to(member.shape));
    if (contract.body)
      page += fmt::format("- takes {}{}\n", link_to(*contract.body),
                          contract.body_may_be_absent ? ", or nothing" : "");
    if (!route.incoming.empty()) page += fmt::format("- takes {}\n", route.incoming);
    for (const http::Contract::Answer& answer : contract.answers) {
      std::string what = answer.shape ? link_to(*answer.shape) : std::string(answer.media);
      page += fmt::format("- gives {}{}{}\n", answer.status, what.empty() ? "" : ": ", what);
    }
    std::string codes;
    for (std::string_view code : own_refusals_of(route, contract))
      codes += fmt::format("{}`{}`", codes.empty() ? "" : ", ", code);
    if (!codes.empty()) page += fmt::format("- refuses with {}\n", codes);
  }
  page += "\n## Types\n";
  for (const auto& [name, type] : shapes.all()) add_type(page, name, type);
  return page;
}

std::string events_page() {
  json::Shapes shapes;
  std::string page = "# Events\n\n";
  page += printed;
  page +=
      "A frame is `{\"event\", \"workspace_id\", \"timestamp\", \"payload\", \"seq\"}`, with `\"transient\": true` where "
      "only the latest counts. [Follow](../guides/follow.md) says how to follow and who sees what.\n\n"
      "| Event | Payload |\n|---|---|\n";
  events::for_each_type([&]<events::Type type>() {
    const json::Shape payload =
        shapes.add<typename events::PayloadOf<type>::Payload>(json::Shapes::Way::written);
    page += fmt::format("| `{}` | {} |\n", enum_text(type), link_to(payload));
  });
  page += "\n## Payloads\n";
  for (const auto& [name, type] : shapes.all()) add_type(page, name, type);
  return page;
}

// Every type of the API and of the events.
json::Shapes all_shapes() {
  json::Shapes shapes;
  for (const http::Route& route : all_routes()) http::contract_of(route, shapes);
  events::for_each_type([&]<events::Type type>() {
    shapes.add<typename events::PayloadOf<type>::Payload>(json::Shapes::Way::written);
  });
  return shapes;
}

void write_page(const std::filesystem::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out) throw internal(fmt::format("cannot write {}", file.string()));
}

}  // namespace

std::vector<http::Route> all_routes() {
  std::vector<http::Route> all;
  auto add = [&](std::span<const http::Route> table) {
    all.insert(all.end(), table.begin(), table.end());
  };
  add(system_routes);
  add(auth::routes);
  add(keys::routes);
  add(workspaces::routes);
  add(presence::routes);
  add(secrets::routes);
  add(tickets::routes);
  add(activity::routes);
  add(attachments::routes);
  add(proxy::routes);
  add(relay::routes);
  add(relay::poll_routes);
  add(cards::routes);
  add(tasks::routes);
  add(grpc::routes);
  add(dead_letters::routes);
  add(delegations::routes);
  add(mcp_endpoint::routes);
  add(provision::routes);
  add(agent_files::routes);
  add(layout::routes);
  add(events::routes);
  return all;
}

void write_reference(const ReferenceFiles& files, std::string_view commands) {
  if (!files.directory.empty()) {
    const std::filesystem::path directory = files.directory;
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
      throw Fault(Kind::internal, "unwritable",
                  fmt::format("cannot make {}: {}", directory.string(), error.message()));
    }
    json::Shapes shapes;
    write_page(directory / "routes.md", routes_page());
    write_page(directory / "api.md", api_page(shapes));
    write_page(directory / "events.md", events_page());
    write_page(directory / "settings.md", settings_page());
    write_page(directory / "faults.md", faults_page());
    write_page(directory / "commands.md", commands);
  }
  const json::Shapes shapes = all_shapes();
  if (!files.openapi.empty())
    write_page(files.openapi, openapi_text(all_routes(), auth::Sessions::cookie_prefix));
  if (!files.typescript.empty()) write_page(files.typescript, typescript_text(shapes));
  if (!files.python.empty()) write_page(files.python, python_text(shapes));
}

}  // namespace molecule::app
