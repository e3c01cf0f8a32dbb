#include "server/agent_files/places.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "platform/http/syntax.h"
#include "platform/text/terminal.h"

namespace molecule::agent_files {

Place place_of(const provision::Premises& premises, std::string_view root) {
  if (root == "/configs") return {premises.config, true, true};
  if (root == "/workspace") return {premises.workspace, true, false};
  if (root == "/home") return {premises.home, false, true};
  if (root == "/plugins") return {premises.config / "plugins", false, true};
  throw bad_request("invalid_path", "root must be one of: /configs, /workspace, /home, /plugins");
}

bool is_clutter(std::string_view name) {
  constexpr std::array<std::string_view, 4> names{".git", "__pycache__", "node_modules",
                                                  ".DS_Store"};
  return std::ranges::find(names, name) != names.end();
}

std::string shown_path(std::string_view path) {
  return http::valid_utf8(path) ? std::string(path) : text::on_one_line(path);
}

std::string path_address(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string out;
  for (const char c : path) {
    if (plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace molecule::agent_files
