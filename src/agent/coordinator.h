// An agent with a team plans, hands on and puts together; the work is its team's. Its program keeps
// what reads and what our tools offer, and is refused what changes or runs something.
#pragma once

#include <string>
#include <string_view>

namespace molecule::agent {

// For the system text.
std::string_view team_rules();
// To the program, in the place of what the tool would have said.
std::string_view refusal_words();

// Whether a tool is one of ours, as programs name those of a server: "mcp__molecule__list_peers".
bool is_ours(std::string_view tool);
// Whether a call of this kind (Agent Client Protocol, ToolKind) is work: it changes or runs
// something. A kind that is not said is not.
bool is_work(std::string_view kind);

}  // namespace molecule::agent
