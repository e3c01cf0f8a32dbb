// Long lists, a page at a time: as much as a model reads at once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "platform/json/json.h"

namespace molecule::manage {

struct Row {
  std::string id;
  std::string text;  // JSON.
};

struct Page {
  std::string list;      // JSON.
  std::string next;      // The `cursor` of the page behind it.
  std::size_t left = 0;  // That stand behind it.
};

// What a page of a list is asked for with: one more than it shows tells whether there is another.
std::string page_query(json::Node arguments);

// A page of what was told of that. Of a platform that knows no parts it is the whole list: then
// throws Fault bad_request `cursor_gone` for a cursor that is none of the rows.
Page page_of(json::Node arguments, const std::vector<Row>& told);

}  // namespace molecule::manage
