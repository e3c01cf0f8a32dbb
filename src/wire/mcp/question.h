// Asking the person at a client: as a request of its own in the handshake era (elicitation/create),
// as a result that wants the call again in the stateless one. A state that goes along holds nothing
// but arguments, which whoever calls might have said as well: it is not signed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/json/json.h"
#include "wire/mcp/tool.h"

namespace molecule::mcp {

// Whether a client with these capabilities shows a form.
bool can_be_asked(json::Node capabilities);
// The params of elicitation/create.
std::string form_params(const Question& question, std::string_view revision);
// What was said in a form; nothing where it was declined or left empty.
std::optional<std::string> said_in_form(json::Node result);
// The arguments of the call that goes on with it, as JSON.
std::string with_answer(json::Node arguments, const Question& question, std::string_view answer);

// The result that asks for it.
json::Object input_required(const Question& question);
// What the params of a repeated call bring.
struct Again {
  std::string arguments;  // JSON; empty: it was declined.
  std::string wrong;      // Why they are not taken; empty: they are.
};
// Nothing where the call is no repeated one.
std::optional<Again> called_again(const Words& tool, json::Node params);

}  // namespace molecule::mcp
