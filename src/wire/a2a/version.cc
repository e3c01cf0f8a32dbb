#include "wire/a2a/version.h"

#include <algorithm>

#include <fmt/format.h>

#include "platform/json/json.h"

namespace molecule::a2a {
namespace {

constexpr std::size_t quoted_max = 32;  // Bytes shown of a version that is none.

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "1.0" of "1.0.1"; empty for anything but numbers between points.
std::string_view major_minor(std::string_view text) {
  std::size_t points = 0, end = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      const bool alone = i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]);
      if (alone) return {};
      if (++points == 2) end = i;
    } else if (!is_digit(text[i])) {
      return {};
    }
  }
  return points == 0 ? std::string_view() : text.substr(0, end);
}

}  // namespace

std::optional<Generation> version_of(std::string_view text) {
  const std::string_view version = major_minor(text);
  if (version == "1.0") return Generation::v10;
  if (version == "0.3") return Generation::v03;
  return std::nullopt;
}

void require_version(std::optional<std::string_view> asked,
                     std::span<const std::string_view> spoken) {
  if (!asked || asked->empty()) return;
  if (std::ranges::find(spoken, major_minor(*asked)) != spoken.end()) return;
  const std::string versions = fmt::format("{}", fmt::join(spoken, ", "));
  throw bad_request("version_not_supported",
                    fmt::format("A2A {} is not spoken here; spoken: {}",
                                json::storable(*asked, quoted_max), versions))
      .with(json::Object{}.add("supportedVersions", versions).members());
}

}  // namespace molecule::a2a
