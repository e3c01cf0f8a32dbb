#include "server/secrets/secrets.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/fault.h"

namespace molecule::secrets {
namespace {

constexpr std::array<std::string_view, 22> reserved{"PATH",
                                                    "HOME",
                                                    "SHELL",
                                                    "USER",
                                                    "IFS",
                                                    "ENV",
                                                    "BASH_ENV",
                                                    "PYTHONPATH",
                                                    "PYTHONHOME",
                                                    "PYTHONSTARTUP",
                                                    "NODE_OPTIONS",
                                                    "NODE_PATH",
                                                    "PERL5OPT",
                                                    "RUBYOPT",
                                                    "GCONV_PATH",
                                                    "PLATFORM_URL",
                                                    "WORKSPACE_ID",
                                                    "ADMIN_TOKEN",
                                                    "SECRETS_ENCRYPTION_KEY",
                                                    "MOLECULE_WORKSPACE_TOKEN",
                                                    "MOLECULE_WORKSPACE_ID",
                                                    "MOLECULE_PLATFORM_URL"};
constexpr std::array<std::string_view, 2> reserved_prefixes{"LD_", "DYLD_"};

bool letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool follows(char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; }

}  // namespace

void check_key(std::string_view key) {
  if (key.empty() || key.size() > key_max || !letter(key.front()) ||
      !std::all_of(key.begin(), key.end(), follows)) {
    throw bad_request(
        "secret_key_invalid",
        fmt::format("a secret's key starts with a letter or underscore, continues with letters, "
                    "digits, '_', '.' or '-', and has at most {} characters",
                    key_max));
  }
  bool taken = std::find(reserved.begin(), reserved.end(), key) != reserved.end() ||
               std::any_of(reserved_prefixes.begin(), reserved_prefixes.end(),
                           [&](std::string_view prefix) { return key.starts_with(prefix); });
  if (taken) {
    throw bad_request(
        "secret_key_reserved",
        fmt::format("{} is set by the platform or the system; choose another key", key));
  }
}

void check_value(std::string_view value) {
  if (value.empty() || value.size() > value_max || value.find('\0') != std::string_view::npos) {
    throw bad_request(
        "secret_value_invalid",
        fmt::format("a secret's value has between 1 and {} bytes and no NUL", value_max));
  }
}

}  // namespace molecule::secrets
