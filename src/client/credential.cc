#include "client/credential.h"

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/log/log.h"

namespace molecule::client {
namespace {

constexpr std::size_t file_max = 16u << 10;
constexpr std::string_view blanks = " \t\r\n";

Secret token_in(const std::filesystem::path& file) {
  const auto wrong = [&](std::string_view what) {
    return bad_request("bad_token_file", fmt::format("the token file {} {}", file.string(), what));
  };
  std::optional<std::string> text;
  try {
    text = files::read_to_end(file, file_max);
  } catch (const Fault& fault) {
    throw wrong(fmt::format("cannot be read: {}", fault.text()));
  }
  if (!text) throw wrong("does not exist");
  Secret all(std::move(*text));
  std::string_view token = all.reveal();
  const std::size_t begin = token.find_first_not_of(blanks);
  if (begin == std::string_view::npos) throw wrong("is blank");
  token = token.substr(begin, token.find_last_not_of(blanks) - begin + 1);
  if (const std::string what = Credential::wrong_with(token); !what.empty()) throw wrong(what);
  return Secret(std::string(token));
}

// Secrets that a machine mounts belong to somebody else, or to a file system that cannot be
// written.
void keep_private(const std::filesystem::path& file) {
  switch (files::tighten(file)) {
    case files::Tightened::was_private: return;
    case files::Tightened::is_now:
      log::warn(
          "others could read the token in this file; it is private now, and a new one is safer",
          log::field("file", file.string()));
      return;
    case files::Tightened::cannot_be:
    case files::Tightened::of_another:
      log::warn("others may read the token in this file", log::field("file", file.string()));
      return;
  }
}

}  // namespace

Credential::Credential(WorkspaceId workspace, const std::filesystem::path& file)
    : workspace_(workspace), token_(token_in(file)), again_([file] { return token_in(file); }) {
  keep_private(file);
}

std::string Credential::wrong_with(std::string_view token) {
  if (token.find_first_not_of(blanks) == std::string_view::npos) return "is blank";
  if (token.find_first_of(blanks) != std::string_view::npos)
    return "has blanks inside of the token";
  for (const char each : token) {
    if (each <= ' ' || each > '~') return "has characters that no token has";
  }
  return {};
}

bool Credential::reread() {
  if (!again_) return false;
  try {
    std::optional<Secret> now = again_();
    if (!now || now->reveal() == token_.reveal()) return false;
    token_ = std::move(*now);
    return true;
  } catch (const Fault&) {
    return false;
  }
}

}  // namespace molecule::client
