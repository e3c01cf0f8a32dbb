// Pieces of a message or task in a generation, for whoever puts one together.
#pragma once

#include <string>

#include "wire/a2a/a2a.h"

namespace molecule::a2a {

std::string message_told(Generation to, json::Node message);
std::string parts_told(Generation to, json::Node parts);
std::string artifacts_told(Generation to, json::Node list);
std::string task_form(Generation to, json::Node task);

}  // namespace molecule::a2a
