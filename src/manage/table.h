// The operator's tools: one row each, with the route that it asks. Names and arguments are those of
// the established management server.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "platform/http/message.h"
#include "wire/mcp/tool.h"

namespace molecule::manage {

// What a key has to open, least first.
enum class Scope : std::uint8_t { read, operate, admin };

// What is made of the answer, where that is more than to tell it.
enum class Made : std::uint8_t {
  told,
  paged,          // A list that is asked for in parts, and from where the rest goes on.
  delegation,     // With as much of a long result as can be read at once.
  discovered,     // Of a workspace: how its agent is reached.
  activity,       // Of rows: as much as can be read at once, without what is long in them.
  reply,          // The words of an agent's answer.
  workspace,      // Of a workspace that was made: which it is, without its credential.
  remote_agents,  // Those of a list of workspaces that join by themselves, a page of them.
  remote_state,   // Of a workspace: how its agent stands.
  remote_fresh,   // Of a workspace: whether its agent was heard of lately.
  setup_command   // Of a connection: what is to be typed where the agent is.
};

struct Tool {
  mcp::Words words;
  Scope scope = Scope::read;
  http::Method method = http::Method::get;
  std::string_view route = {};  // As the platform's table of routes has it.
  // The arguments that fill its {names}, in order, with blanks between them. The others go into the
  // query of a GET, else into the body.
  std::string_view path = {};
  std::string_view query = {};     // Always there.
  std::string_view asked = {};     // Arguments that go into the query whatever the method is.
  std::string_view body = {};      // The argument that is the body, instead of a member of it.
  std::string_view narrowed = {};  // The route when the argument `workspace_id` is there.
  std::string_view own = {};       // Arguments that are no part of the request.
  Made made = Made::told;
};

extern const std::span<const Tool> table;

const Tool* find(std::string_view name);

}  // namespace molecule::manage
