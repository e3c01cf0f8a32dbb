// What was probably meant by a word that is not known: "did you mean".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace molecule::app {

// The closest of `known`, when it is close: a slip in three letters, letters turned, a word that
// was cut short or went on. Ties go to the first.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known);

// "; did you mean X?", or nothing.
std::string suggestion(std::string_view typed, const std::vector<std::string>& known,
                       std::string_view prefix = {});

}  // namespace molecule::app
