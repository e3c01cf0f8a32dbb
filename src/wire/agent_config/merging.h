// A configuration as JSON, and as a text in which some of it is changed.
#pragma once

#include <string>
#include <string_view>

#include "platform/json/json.h"

namespace molecule::agent_config {

// {} of an empty text. Throws Fault bad_request `invalid_yaml`.
std::string json_of(std::string_view text);

// The text with the members of `changes` in the place of those of these names, or behind them all;
// null takes one away. What else it says stays as it stands, comments with it, where its form lets
// it. Throws Fault as json_of.
std::string merged(std::string_view text, json::Node changes);

}  // namespace molecule::agent_config
