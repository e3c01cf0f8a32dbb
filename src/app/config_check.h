// Whether a setting's value has a sense, before anything is made of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"

namespace molecule::app {

// What is wrong with it, as the rest of a sentence after the setting's name; nothing when it may be
// used. Never repeats a secret.
std::optional<std::string> what_is_wrong(const Setting& setting, std::string_view text);

struct Address {
  std::string host;  // Without brackets.
  std::uint16_t port = 0;
};
std::optional<Address> parse_address(std::string_view text);

// The entries of a list, trimmed; an empty one stays, for it is an error.
std::vector<std::string> list_entries(std::string_view text);

}  // namespace molecule::app
