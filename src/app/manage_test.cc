// The table of the operator's tools against the platform's table of routes: every route has a tool
// or a reason to have none, and every tool asks a route that is there, in the way that it is there.
#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "app/reference.h"
#include "manage/request.h"
#include "manage/table.h"
#include "server/auth/access.h"

namespace molecule::app {
namespace {

struct Without {
  std::string_view prefix;  // Of "METHOD /pattern"; a blank at its end: that route alone.
  std::string_view why;
};

constexpr std::string_view agents = "is what an agent does, not its operator";
constexpr std::string_view credentials = "makes or ends a credential, which a client would keep";
constexpr std::string_view streams = "is no question with an answer";
constexpr std::string_view twice = "is the same as another route that has a tool";
constexpr std::string_view machines = "is for machines and says nothing of the organisation";
constexpr std::string_view files = "carries files";

constexpr std::array without{
    Without{"GET /health", machines},
    Without{"GET /readyz", machines},
    Without{"GET /metrics", machines},
    Without{"GET /platform/key", machines},
    Without{"GET /openapi.json", machines},
    Without{"GET /.well-known/", machines},
    Without{"POST /workspaces/{id}/tokens ", credentials},
    Without{"DELETE /workspaces/{id}/tokens/{token_id} ", credentials},
    Without{"POST /admin/workspaces/{id}/", credentials},
    Without{"GET /admin/workspaces/{id}/test-token ", credentials},
    Without{"POST /auth/", credentials},
    Without{"GET /auth/", credentials},
    Without{"DELETE /auth/", credentials},
    Without{"GET /org/tokens ", credentials},
    Without{"POST /org/tokens ", credentials},
    Without{"DELETE /org/tokens/{id} ", credentials},
    Without{"POST /workspaces/{id}/external/rotate ", credentials},
    Without{"POST /tickets ", credentials},
    Without{"POST /tickets/redeem ", credentials},
    Without{"GET /workspaces/{id}/agent-key ", credentials},
    Without{"DELETE /workspaces/{id}/agent-key ", credentials},
    Without{"GET /workspaces/{id}/secrets/values ", credentials},
    Without{"POST /admin/secrets/rotate ", credentials},
    Without{"PATCH /canvas/places ", "moves cards, which is done by hand"},
    Without{"GET /workspaces/{id}/state ", agents},
    Without{"GET /registry/discover/{id} ", agents},
    Without{"POST /registry/register ", agents},
    Without{"POST /registry/heartbeat ", agents},
    Without{"POST /registry/update-card ", agents},
    Without{"GET /workspaces/{id}/relay ", agents},
    Without{"POST /workspaces/{id}/relay/", agents},
    Without{"POST /workspaces/{id}/mcp", agents},
    Without{"GET /workspaces/{id}/mcp/stream ", agents},
    Without{"PUT /workspaces/{id}/secrets ", twice},
    Without{"POST /settings/secrets ", twice},
    Without{"GET /admin/secrets ", twice},
    Without{"PUT /admin/secrets ", twice},
    Without{"POST /admin/secrets ", twice},
    Without{"DELETE /admin/secrets/{key} ", twice},
    Without{"POST /workspaces/{id}/delegations ", twice},
    Without{"GET /workspaces/{id}/delegations/groups/", twice},
    Without{"GET /workspaces/{id}/a2a/queue/", agents},
    Without{"POST /a2a/{id}", twice},
    Without{"GET /a2a/{id}/", twice},
    Without{"DELETE /a2a/{id}/", twice},
    Without{"POST /lf.a2a.v1.A2AService/", twice},
    Without{"PUT /workspaces/{id}/config ", twice},
    Without{"GET /workspaces/{id}/file-bytes/", files},
    Without{"PUT /workspaces/{id}/file-bytes/", files},
    Without{"GET /uploads/limits ", files},
    Without{"POST /workspaces/{id}/chat/uploads ", files},
    Without{"GET /workspaces/{id}/chat/download ", files},
    Without{"GET /workspaces/{id}/attachments/", files},
    Without{"GET /workspaces/{id}/pending-uploads/", files},
    Without{"POST /workspaces/{id}/pending-uploads/", files},
    Without{"GET /ws ", streams},
    Without{"GET /workspaces/{id}/terminal ", streams},
    Without{"GET /workspaces/{id}/events/stream ", streams},
};

std::string name_of(const http::Route& route) {
  return fmt::format("{} {} ", http::method_text(route.method), route.pattern);
}

bool asks(const manage::Tool& tool, const http::Route& route) {
  return tool.method == route.method &&
         (tool.route == route.pattern || tool.narrowed == route.pattern);
}

TEST(ManageTable, EveryRouteHasAToolOrAReasonToHaveNone) {
  for (const http::Route& route : all_routes()) {
    const bool has_tool =
        std::ranges::any_of(manage::table, [&](const auto& tool) { return asks(tool, route); });
    const bool excused = std::ranges::any_of(
        without, [&](const Without& each) { return name_of(route).starts_with(each.prefix); });
    EXPECT_NE(has_tool, excused) << name_of(route)
                                 << (has_tool
                                         ? "has a tool and a reason to have none"
                                         : "needs a tool in manage/table.cc, or a reason here");
  }
}

TEST(ManageTable, EveryReasonIsOfSomeRoute) {
  const auto routes = all_routes();
  for (const Without& each : without) {
    EXPECT_TRUE(std::ranges::any_of(routes, [&](const http::Route& route) {
      return name_of(route).starts_with(each.prefix);
    })) << each.prefix;
  }
}

// The least scope of a key that may use a route.
manage::Scope needed(const http::Route& route) {
  constexpr std::array of_admins{&auth::Enrol::access, &auth::Holder::access, &auth::Admin::access};
  if (std::ranges::find(of_admins, route.access) != of_admins.end()) return manage::Scope::admin;
  return route.method == http::Method::get ? manage::Scope::read : manage::Scope::operate;
}

TEST(ManageTable, EveryToolAsksARouteInTheWayThatItIs) {
  const auto routes = all_routes();
  for (const manage::Tool& tool : manage::table) {
    SCOPED_TRACE(tool.words.name);
    const auto at =
        std::ranges::find_if(routes, [&](const auto& route) { return asks(tool, route); });
    ASSERT_NE(at, routes.end());
    const auto names = std::ranges::count(tool.route, '{');
    EXPECT_EQ(static_cast<std::size_t>(names), manage::words_in(tool.path).size());
    for (const std::string_view name : manage::words_in(tool.path)) {
      EXPECT_TRUE(std::ranges::any_of(tool.words.arguments, [&](const mcp::Argument& argument) {
        return argument.name == name && argument.required;
      })) << name;
    }
    const bool read = tool.method == http::Method::get;
    EXPECT_EQ(tool.scope, needed(*at));
    if (tool.method == http::Method::del) EXPECT_TRUE(tool.words.destroys);
    EXPECT_FALSE(tool.words.reads && tool.words.destroys);

    // What it sends is what the route takes.
    json::Shapes shapes;
    const http::Contract contract = http::contract_of(*at, shapes);
    for (const mcp::Argument& argument : tool.words.arguments) {
      const auto is_in = [&](std::string_view list) {
        const auto words = manage::words_in(list);
        return std::ranges::find(words, argument.name) != words.end();
      };
      const bool narrows = !tool.narrowed.empty() && argument.name == "workspace_id";
      if (is_in(tool.path) || is_in(tool.own) || narrows || argument.name == tool.body) continue;
      if (read || is_in(tool.asked)) {
        EXPECT_TRUE(std::ranges::any_of(contract.query, [&](const auto& member) {
          return member.name == argument.name;
        })) << argument.name;
      } else if (tool.made != manage::Made::reply) {
        // It stands beside what the body's type has: wire/api/agent_command.h.
        if (argument.name == "command") continue;
        ASSERT_TRUE(contract.body);
        const auto& fields = shapes.all().at(contract.body->name).fields;
        EXPECT_TRUE(std::ranges::any_of(fields, [&](const json::FieldShape& field) {
          return field.name == argument.name;
        })) << argument.name;
      }
    }
  }
}

// What a tool tells is kept by its client.
TEST(ManageTable, NoAnswerWithACredentialIsToldAsItIs) {
  const auto routes = all_routes();
  for (const manage::Tool& tool : manage::table) {
    if (tool.made != manage::Made::told) continue;
    const auto at =
        std::ranges::find_if(routes, [&](const auto& route) { return asks(tool, route); });
    ASSERT_NE(at, routes.end());
    json::Shapes shapes;
    http::contract_of(*at, shapes);
    for (const auto& [name, shape] : shapes.all()) {
      for (const json::FieldShape& field : shape.fields) {
        // Of a workspace that asks; an operator is told none.
        if (field.name == "direct_token") continue;
        EXPECT_FALSE(field.name.ends_with("token") || field.name.ends_with("snippet"))
            << tool.words.name << " tells " << name << "." << field.name;
      }
    }
  }
}

TEST(ManageTable, NamesAreUnique) {
  for (const manage::Tool& tool : manage::table)
    EXPECT_EQ(manage::find(tool.words.name), &tool) << tool.words.name;
}

}  // namespace
}  // namespace molecule::app
