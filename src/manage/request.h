// What a tool's arguments are as a request to the platform.
#pragma once

#include <string>
#include <vector>

#include "client/platform.h"
#include "manage/table.h"
#include "platform/json/json.h"

namespace molecule::manage {

// `arguments` fit the tool's words. Throws Fault bad_request for one that is no segment of a path.
client::Ask request_of(const Tool& tool, json::Node arguments);

// The words of a list with blanks between them.
std::vector<std::string_view> words_in(std::string_view list);

}  // namespace molecule::manage
