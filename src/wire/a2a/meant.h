// Which method somebody meant who wrote another name.
#pragma once

#include <string_view>

namespace molecule::a2a {

// The method of either generation that is a slip or two away; empty when none is.
std::string_view method_meant(std::string_view written);

}  // namespace molecule::a2a
