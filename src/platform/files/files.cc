#include "platform/files/files.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

#include "platform/files/fresh_file.h"

namespace molecule::files {
namespace {

namespace fs = std::filesystem;

std::string cause() { return std::generic_category().message(errno); }

bool others_may_enter(const struct stat& found) {
  return found.st_uid != ::geteuid() || (found.st_mode & 077) != 0;
}

// 0 at the end of the file.
std::size_t read_some(const Descriptor& in, std::span<char> into, const fs::path& file,
                      const Codes& codes) {
  for (;;) {
    const ssize_t n = ::read(in.get(), into.data(), into.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) throw refused(codes, file, "read it");
  }
}

std::string read_all(const Descriptor& in, const fs::path& file, std::size_t max) {
  std::string text;
  char buffer[8192];
  while (const std::size_t n = read_some(in, buffer, file, {})) {
    text.append(buffer, n);
    if (text.size() > max)
      throw internal(fmt::format("{} is larger than {} bytes", file.string(), max));
  }
  return text;
}

}  // namespace

Fault refused(const Codes& codes, const fs::path& path, std::string_view doing) {
  return {Kind::internal, std::string(codes.unreadable),
          fmt::format("{}: cannot {}: {}", path.string(), doing, cause())};
}

std::optional<std::string> read(const fs::path& file, std::size_t max) {
  const Codes codes;
  // A pipe that nobody writes to would hold up whoever opens it.
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!in.open() && errno == ENOENT) return std::nullopt;
  if (!in.open()) throw refused(codes, file, "open it");
  struct stat found{};
  if (::fstat(in.get(), &found) != 0) throw refused(codes, file, "look at it");
  if (!S_ISREG(found.st_mode)) throw internal(fmt::format("{} is no plain file", file.string()));
  return read_all(in, file, max);
}

std::optional<std::string> read_to_end(const fs::path& file, std::size_t max) {
  const Codes codes;
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.open() && errno == ENOENT) return std::nullopt;
  if (!in.open()) throw refused(codes, file, "open it");
  return read_all(in, file, max);
}

std::size_t read_private(const fs::path& file, std::span<char> into, const Codes& codes) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!in.open()) throw refused(codes, file, "open it");
  struct stat found{};
  if (::fstat(in.get(), &found) != 0) throw refused(codes, file, "look at it");
  if (!S_ISREG(found.st_mode) || others_may_enter(found)) {
    throw conflict(
        std::string(codes.unsafe),
        fmt::format("{}: must be a plain file of this user with mode 0600", file.string()));
  }
  std::size_t size = 0;
  while (size < into.size()) {
    const std::size_t n = read_some(in, into.subspan(size), file, codes);
    if (n == 0) break;
    size += n;
  }
  return size;
}

void write_private(const fs::path& file, std::string_view text, const Codes& codes) {
  FreshFile fresh(file, codes);
  fresh.append(text);
  fresh.replace();
}

void write_all(int descriptor, std::string_view text, const fs::path& path, const Codes& codes) {
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw refused(codes, path, "write it");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

Descriptor open_folder(const fs::path& folder, const Codes& codes) {
  Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.open()) throw refused(codes, folder, "open the directory");
  return opened;
}

void require_private(const Descriptor& folder, const fs::path& path, const Codes& codes) {
  struct stat found{};
  if (::fstat(folder.get(), &found) == 0 && !others_may_enter(found)) return;
  throw conflict(std::string(codes.unsafe),
                 fmt::format("{}: must be a directory of this user with mode 0700", path.string()));
}

Tightened tighten(const fs::path& file) {
  struct stat found{};
  if (::stat(file.c_str(), &found) != 0) return Tightened::was_private;
  if (found.st_uid != ::geteuid())
    return (found.st_mode & S_IRWXO) == 0 ? Tightened::was_private : Tightened::of_another;
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) == 0) return Tightened::was_private;
  return ::chmod(file.c_str(), S_IRUSR | S_IWUSR) == 0 ? Tightened::is_now : Tightened::cannot_be;
}

void make_private_directory(const fs::path& directory) {
  std::error_code error;
  if (directory.has_parent_path()) fs::create_directories(directory.parent_path(), error);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    throw internal(fmt::format("cannot make {}: {}", directory.string(), cause()));
  }
  struct stat facts{};
  if (::stat(directory.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) {
    throw internal(fmt::format("{} is not a directory", directory.string()));
  }
  if (facts.st_uid != ::geteuid()) {
    throw internal(
        fmt::format("{} belongs to another user; choose another with --data", directory.string()));
  }
  if ((facts.st_mode & 077) != 0 && ::chmod(directory.c_str(), 0700) != 0) {
    throw internal(fmt::format("cannot restrict {} to its owner: {}", directory.string(), cause()));
  }
}

}  // namespace molecule::files
