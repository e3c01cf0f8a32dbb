#include "server/auth/admin_token.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/crypto/token.h"

namespace molecule::auth {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_max = 4096;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void refuse(const fs::path& path, std::string_view doing) {
  throw Fault(Kind::internal, "admin_token_unreadable",
              fmt::format("{}: cannot {}: {}", path.string(), doing, std::strerror(errno)));
}

Secret read_token(const fs::path& file) {
  Descriptor in(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (in.get() < 0) refuse(file, "open it");
  struct stat found{};
  if (::fstat(in.get(), &found) != 0) refuse(file, "look at it");
  if (!S_ISREG(found.st_mode) || found.st_uid != ::geteuid() || (found.st_mode & 077) != 0) {
    throw Fault(Kind::conflict, "admin_token_unsafe",
                fmt::format("{}: must be a plain file of this user with mode 0600", file.string()));
  }
  std::string text(file_max, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    ssize_t n = ::read(in.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse(file, "read it");
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
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

void write_all(int fd, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse(path, "write it");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void create_token(const fs::path& file, io::Random& random) {
  fs::path fresh = file;
  fresh += fmt::format(".new.{}", ::getpid());
  ::unlink(fresh.c_str());  // Left by an earlier process of the same number.
  try {
    Descriptor out(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (out.get() < 0) refuse(fresh, "create it");
    Secret token = crypto::make_token(random);
    write_all(out.get(), token.reveal(), fresh);
    write_all(out.get(), "\n", fresh);
    if (::fsync(out.get()) != 0) refuse(fresh, "sync it");
    // A link never replaces what another process has just made; that one counts then.
    if (::link(fresh.c_str(), file.c_str()) != 0 && errno != EEXIST) refuse(file, "create it");
  } catch (...) {
    ::unlink(fresh.c_str());
    throw;
  }
  ::unlink(fresh.c_str());
  fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  Descriptor held(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (held.get() < 0 || ::fsync(held.get()) != 0) refuse(folder, "sync it");
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
    if (errno != ENOENT) refuse(file, "look at it");
    create_token(file, random);
  }
  return read_token(file);
}

}  // namespace molecule::auth
