#include "server/auth/admin_token.h"

#include <cerrno>
#include <string>

#include <fmt/core.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "platform/crypto/token.h"
#include "platform/files/fresh_file.h"

namespace molecule::auth {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_max = 4096;
constexpr files::Codes codes{.unreadable = "admin_token_unreadable",
                             .unsafe = "admin_token_unsafe"};

Secret read_token(const fs::path& file) {
  std::string text(file_max, '\0');
  const std::size_t size = files::read_private(file, text, codes);
  std::string_view token(text.data(), size);
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.remove_suffix(1);
  bool fits = token.size() >= AdminToken::size_min && size < file_max;
  Secret secret(fits ? std::string(token) : std::string());
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (!fits) {
    throw Fault(
        Kind::conflict, "admin_token_unreadable",
        fmt::format(
            "{}: does not hold an admin token; put it back from a backup, or move it away and "
            "start once with --begin-anew to have a new one made",
            file.string()));
  }
  return secret;
}

void create_token(const fs::path& file, io::Random& random) {
  const Secret token = crypto::make_token(random);
  files::FreshFile fresh(file, codes);
  fresh.append(token.reveal());
  fresh.append("\n");
  fresh.place_unless_there();  // Else another process has just made one, and that counts.
}

}  // namespace

Secret load_or_create_admin_token(std::string_view configured, const fs::path& file,
                                  io::Random& random) {
  if (!configured.empty()) {
    if (configured.size() < AdminToken::size_min) {
      throw bad_request(
          "admin_token_weak",
          fmt::format("ADMIN_TOKEN must have at least {} characters", AdminToken::size_min));
    }
    return Secret(std::string(configured));
  }
  struct stat found{};
  if (::lstat(file.c_str(), &found) != 0) {
    if (errno != ENOENT) throw files::refused(codes, file, "look at it");
    create_token(file, random);
  }
  return read_token(file);
}

}  // namespace molecule::auth
