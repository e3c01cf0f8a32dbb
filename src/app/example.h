// An example of a type: JSON of its shape, with values that its fields' names suggest.
#pragma once

#include <string>

#include "platform/json/shape.h"

namespace molecule::app {

std::string example_of(const json::Shape& shape, const json::Shapes& shapes);

}  // namespace molecule::app
