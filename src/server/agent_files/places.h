// What of an agent's directories is shown to people, by the names that the API has for them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "platform/files/beneath.h"
#include "server/provision/driver.h"

namespace molecule::agent_files {

inline constexpr std::string_view config_name = "config.yaml";

// Where a path of the API leads.
struct Place {
  std::filesystem::path directory;
  bool writable = false;
  // What begins with a dot there belongs to the programs: tokens, sessions, logins.
  bool keeps_dots = false;

  // Directly in it: never listed, read or written.
  bool is_private(std::string_view path) const {
    return keeps_dots && path.substr(0, path.find('/')).starts_with('.');
  }
};

// Throws Fault bad_request `invalid_path`.
Place place_of(const provision::Premises& premises, std::string_view root);

// Left out of lists, wherever it is: what programs make for themselves.
bool is_clutter(std::string_view name);

// As a text of JSON, which is UTF-8; and as it stands in a URL.
std::string shown_path(std::string_view path);
std::string path_address(std::string_view path);

}  // namespace molecule::agent_files
