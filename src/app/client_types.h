// The types of the API and of its events in the languages of its clients.
#pragma once

#include <string>

#include "platform/json/shape.h"

namespace molecule::app {

// Interfaces, and EventPayloads by the name of their event.
std::string typescript_text(const json::Shapes& shapes);
// TypedDicts, for Python 3.11 and later.
std::string python_text(const json::Shapes& shapes);

}  // namespace molecule::app
