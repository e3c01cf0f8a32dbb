// What a platform answered, for programs and for people who read data: indented JSON, or YAML. A
// terminal can be sent both: controls and what is not seen are escaped, as either allows.
#pragma once

#include <string>

#include "platform/json/json.h"

namespace molecule::cli {

// Indented by two; ends with \n.
std::string as_json(json::Node value);
// One line; ends with \n.
std::string as_json_line(json::Node value);
std::string as_yaml(json::Node value);

}  // namespace molecule::cli
