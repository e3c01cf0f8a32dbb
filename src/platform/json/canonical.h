// The one text that a JSON value has for whoever signs it (RFC 8785): members by name, no space,
// strings with the fewest escapes, numbers as a double is written in JavaScript.
#pragma once

#include <string>

#include "platform/json/json.h"

namespace molecule::json {

// A number beyond a double has no such text: it keeps its digits.
std::string canonical(Node value);

}  // namespace molecule::json
