#include "platform/sandbox/own_files.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/descriptor.h"
#include "platform/files/files.h"
#include "platform/files/made_file.h"
#include "platform/sandbox/trees.h"

namespace molecule::sandbox {
namespace {

namespace fs = std::filesystem;

Fault refused(const fs::path& path) {
  return {Kind::internal, "internal", fmt::format("{}: {}", path.string(), std::strerror(errno))};
}

constexpr int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

files::Descriptor open_directory(const fs::path& directory) {
  files::Descriptor at(::open(directory.c_str(), how));
  if (!at.open()) throw refused(directory);
  return at;
}

void give_to(int descriptor, std::int64_t user, const fs::path& path) {
  if (user == 0) return;
  if (::fchown(descriptor, static_cast<uid_t>(user), static_cast<gid_t>(user)) != 0)
    throw refused(path);
}

}  // namespace

void make_own_directory(const fs::path& directory, std::int64_t user) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) throw refused(directory);
  files::Descriptor at(::open(directory.c_str(), how));
  // Whom it belongs to may have closed it. Its name is in a directory of ours: no link comes there.
  if (!at.open() && errno == EACCES && ::chmod(directory.c_str(), 0700) == 0)
    at = files::Descriptor(::open(directory.c_str(), how));
  struct stat what{};
  if (!at.open() || ::fstat(at.get(), &what) != 0) throw refused(directory);
  if ((what.st_mode & S_IRWXU) != S_IRWXU && ::fchmod(at.get(), 0700) != 0)
    throw refused(directory);
  give_to(at.get(), user, directory);
}

void put_own_file(const fs::path& directory, const std::string& name, std::string_view text,
                  std::int64_t user) {
  const files::Descriptor at = open_directory(directory);
  const std::string fresh = "." + name + ".new";
  // Directories may stand in the way, with anything in them.
  if (!remove_entry(at.get(), fresh)) throw refused(directory / fresh);
  const files::Descriptor file =
      files::made_file(at.get(), fresh.c_str(), O_WRONLY, 0600, files::Made::anew);
  if (!file.open()) throw refused(directory / name);
  files::write_all(file.get(), text, directory / name, {});
  give_to(file.get(), user, directory / name);
  if (::fsync(file.get()) != 0) throw refused(directory / name);
  const auto replaces = [&] {
    return ::renameat(at.get(), fresh.c_str(), at.get(), name.c_str()) == 0;
  };
  if (replaces()) return;
  if (errno != EISDIR || !remove_entry(at.get(), name) || !replaces())
    throw refused(directory / name);
}

std::optional<std::string> read_own_file(const fs::path& directory, const std::string& name,
                                         std::size_t most) {
  const files::Descriptor file(
      ::open((directory / name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat what{};
  if (!file.open() || ::fstat(file.get(), &what) != 0 || !S_ISREG(what.st_mode))
    return std::nullopt;
  std::string text(most, '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  if (got < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(got));
  return text;
}

}  // namespace molecule::sandbox
