#include "platform/files/beneath.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace molecule::files {
namespace {

namespace fs = std::filesystem;

Fault absent() { return {Kind::not_found, "file_not_found", "there is no such file"}; }
Fault no_directory() {
  return conflict("not_a_directory",
                  "a step of the path is no directory, or a link; links are not followed");
}
Fault no_file() {
  return conflict("not_a_file", "this is no plain file; links and devices are not opened");
}
Fault changed(const std::string& version) {
  return conflict("file_changed", "somebody else has changed the file since it was read")
      .with(fmt::format(R"("version":"{}")", version));
}

// What the system says, without the path: that is the platform's own.
Fault refused() {
  const int error = errno;
  if (error == ENOSPC || error == EDQUOT)
    return {Kind::unavailable, "disk_full", "the platform's disk is full"};
  if (error == ENAMETOOLONG) return bad_request("invalid_path", "a name in the path is too long");
  return conflict("file_refused", fmt::format("the system does not let it be: {}",
                                              std::generic_category().message(error)));
}

// Why a step could not be opened.
Fault not_opened() {
  if (errno == ENOENT) return absent();
  if (errno == ELOOP || errno == ENOTDIR) return no_directory();
  return refused();
}

std::string version(const struct stat& found) {
  const auto nanos = [](const timespec& at) {
    return static_cast<std::uint64_t>(at.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(at.tv_nsec);
  };
  return fmt::format("{:x}-{:x}-{:x}-{:x}", static_cast<std::uint64_t>(found.st_ino),
                     static_cast<std::uint64_t>(found.st_size), nanos(found.st_mtim),
                     nanos(found.st_ctim));
}

struct Look {
  bool there = false;
  struct stat found{};
};

Look look(int at, const std::string& name) {
  Look look;
  look.there = ::fstatat(at, name.c_str(), &look.found, AT_SYMLINK_NOFOLLOW) == 0;
  if (!look.there && errno != ENOENT) throw refused();
  return look;
}

void require(const Beneath::Guard& guard, const Look& now) {
  if (guard.absent && now.there)
    throw conflict("file_exists", "there is something of this name already");
  if (guard.version && (!now.there || *guard.version != version(now.found)))
    throw changed(now.there ? version(now.found) : "");
}

void give_to(int descriptor, std::int64_t user) {
  if (user == 0) return;
  if (::fchown(descriptor, static_cast<uid_t>(user), static_cast<gid_t>(user)) != 0)
    throw refused();
}

std::string_view folder_part(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}
std::string name_part(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));  // npos + 1 is 0.
}

Descriptor open_step(int at, const std::string& name) {
  return Descriptor(
      ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

Beneath::Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return Beneath::Kind::file;
  if (S_ISDIR(mode)) return Beneath::Kind::directory;
  return S_ISLNK(mode) ? Beneath::Kind::link : Beneath::Kind::other;
}

// Collects a page, one directory within the other.
class Walk {
 public:
  Walk(const Beneath::Wanted& wanted, Beneath::Page& page) : wanted_(wanted), page_(page) {}

  // `after`: what is left of the cursor in this directory; nothing where the cursor is elsewhere.
  void through(const Descriptor& at, const std::string& path, std::string_view after,
               std::size_t depth) {
    const std::string_view passed = after.substr(0, after.find('/'));
    const std::string_view below =
        passed.size() < after.size() ? after.substr(passed.size() + 1) : std::string_view();
    for (const std::string& name : names(at, path, passed)) {
      if (page_.more) return;
      const bool was_passed = name == passed && !passed.empty();
      const Look now = look(at.get(), name);
      if (!now.there) continue;
      std::string here = path.empty() ? name : path + '/' + name;
      const Beneath::Kind kind = kind_of(now.found.st_mode);
      if (!was_passed) {
        if (page_.entries.size() == wanted_.most) {
          page_.more = true;
          return;
        }
        const bool plain = kind == Beneath::Kind::file;
        page_.entries.push_back({here, kind,
                                 plain ? static_cast<std::uint64_t>(now.found.st_size) : 0,
                                 plain ? version(now.found) : ""});
      }
      if (kind != Beneath::Kind::directory || depth <= 1) continue;
      const Descriptor inside = open_step(at.get(), name);
      if (inside.open()) through(inside, here, was_passed ? below : std::string_view(), depth - 1);
    }
  }

 private:
  // The first of them in order, one more than may be needed: a directory may have any number.
  std::set<std::string> names(const Descriptor& at, const std::string& path,
                              std::string_view from) {
    const std::size_t room = wanted_.most - page_.entries.size() + 2;
    std::set<std::string> kept;
    const int copy = ::openat(at.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> open(copy < 0 ? nullptr : ::fdopendir(copy),
                                                   &::closedir);
    if (!open) {
      if (copy >= 0) ::close(copy);
      if (path.empty()) throw refused();
      return kept;
    }
    while (const dirent* entry = ::readdir(open.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++scanned_ > Beneath::scanned_max)
        throw conflict("directory_too_large",
                       fmt::format("it has more than {} files", Beneath::scanned_max));
      if (name < from || (kept.size() == room && name >= *kept.rbegin())) continue;
      if (wanted_.hidden && wanted_.hidden(path, name)) continue;
      kept.emplace(name);
      if (kept.size() > room) kept.erase(std::prev(kept.end()));
    }
    return kept;
  }

  const Beneath::Wanted& wanted_;
  Beneath::Page& page_;
  std::size_t scanned_ = 0;
};

}  // namespace

std::optional<Beneath> Beneath::open(const fs::path& directory) {
  Descriptor root(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.open()) return std::nullopt;
  return Beneath(std::move(root));
}

void Beneath::require_path(std::string_view path) {
  const auto wrong = [](std::string_view why) {
    return bad_request("invalid_path", fmt::format("invalid path: {}", why));
  };
  if (path.empty()) throw wrong("it is empty");
  if (path.front() == '/') throw wrong("it has to be relative");
  if (path.size() > path_max) throw wrong("it is too long");
  if (path.find('\0') != std::string_view::npos) throw wrong("it has a NUL");
  std::size_t steps = 0;
  for (std::string_view rest = path;;) {
    const std::string_view step = rest.substr(0, rest.find('/'));
    if (step.empty()) throw wrong("a step of it is empty");
    if (step == "." || step == "..") throw wrong("it may not have the steps . and ..");
    if (step.size() > NAME_MAX) throw wrong("a name in it is too long");
    if (++steps > depth_max) throw wrong("it is too deep");
    if (step.size() == rest.size()) return;
    rest.remove_prefix(step.size() + 1);
  }
}

Descriptor Beneath::directory(std::string_view path, Absent absent_one, std::int64_t user) const {
  Descriptor at(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at.open()) throw refused();
  while (!path.empty()) {
    const std::string step(path.substr(0, path.find('/')));
    path.remove_prefix(std::min(path.size(), step.size() + 1));
    Descriptor next = open_step(at.get(), step);
    if (!next.open() && errno == ENOENT && absent_one == Absent::is_made) {
      if (::mkdirat(at.get(), step.c_str(), 0700) != 0 && errno != EEXIST) throw refused();
      next = open_step(at.get(), step);
      if (next.open()) give_to(next.get(), user);
    }
    if (!next.open()) throw not_opened();
    at = std::move(next);
  }
  return at;
}

Beneath::Page Beneath::list(const Wanted& wanted) const {
  if (!wanted.path.empty()) require_path(wanted.path);
  if (!wanted.after.empty()) require_path(wanted.after);
  Page page;
  Walk(wanted, page)
      .through(directory(wanted.path, Absent::is_refused, 0), "", wanted.after, wanted.depth);
  return page;
}

Beneath::Opened Beneath::open_file(std::string_view path) const {
  require_path(path);
  const Descriptor folder = directory(folder_part(path), Absent::is_refused, 0);
  const std::string name = name_part(path);
  const Look now = look(folder.get(), name);
  if (!now.there) throw absent();
  // Opening alone may do something to a device; what is put here in between does no harm either.
  if (!S_ISREG(now.found.st_mode)) throw no_file();
  Opened opened;
  opened.file = Descriptor(::openat(folder.get(), name.c_str(),
                                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!opened.file.open()) throw errno == ELOOP ? no_file() : not_opened();
  struct stat found{};
  if (::fstat(opened.file.get(), &found) != 0) throw refused();
  if (!S_ISREG(found.st_mode)) throw no_file();
  opened.size = static_cast<std::uint64_t>(found.st_size);
  opened.version = version(found);
  return opened;
}

std::string Beneath::version_of(const Descriptor& file) {
  struct stat found{};
  if (::fstat(file.get(), &found) != 0) throw refused();
  return version(found);
}

std::size_t Beneath::read_at(const Descriptor& file, std::uint64_t at, char* into,
                             std::size_t most) {
  for (;;) {
    const ssize_t got = ::pread(file.get(), into, most, static_cast<off_t>(at));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw refused();
  }
}

void Beneath::append(FreshFile& fresh, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fresh.descriptor(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw refused();
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

Beneath::Placed Beneath::place(FreshFile& fresh, std::string_view path, const Guard& guard,
                               std::int64_t user) const {
  require_path(path);
  // No directory is made for a file that may not be there.
  if (guard.version) {
    try {
      directory(folder_part(path), Absent::is_refused, 0);
    } catch (const Fault& fault) {
      if (fault.kind() == molecule::Kind::not_found) throw changed("");
      throw;
    }
  }
  const Descriptor folder = directory(folder_part(path), Absent::is_made, user);
  const std::string name = name_part(path);
  const Look now = look(folder.get(), name);
  require(guard, now);
  if (now.there && !S_ISREG(now.found.st_mode)) throw no_file();
  const mode_t mode = now.there && (now.found.st_mode & S_IXUSR) != 0 ? 0700 : 0600;
  if (::fchmod(fresh.descriptor(), mode) != 0) throw refused();
  give_to(fresh.descriptor(), user);
  if (::fsync(fresh.descriptor()) != 0) throw refused();
  const unsigned flags = guard.absent ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, fresh.name().c_str(), folder.get(), name.c_str(), flags) != 0) {
    if (errno == EEXIST) throw conflict("file_exists", "there is something of this name already");
    if (errno == EISDIR) throw no_file();
    throw refused();
  }
  if (::fsync(folder.get()) != 0) throw refused();
  struct stat found{};
  if (::fstat(fresh.descriptor(), &found) != 0) throw refused();
  return {version(found), !now.there};
}

void Beneath::remove(std::string_view path, const Guard& guard, bool whole,
                     const fs::path& elsewhere) const {
  require_path(path);
  const Descriptor folder = directory(folder_part(path), Absent::is_refused, 0);
  const std::string name = name_part(path);
  const Look now = look(folder.get(), name);
  if (!now.there && !guard.version) throw absent();
  require(guard, now);
  if (!S_ISDIR(now.found.st_mode)) {
    if (::unlinkat(folder.get(), name.c_str(), 0) != 0) throw not_opened();
  } else if (::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR) != 0) {
    if (errno != ENOTEMPTY && errno != EEXIST) throw not_opened();
    if (!whole)
      throw conflict("directory_not_empty",
                     "the directory is not empty; recursive=true removes it with all in it");
    if (::renameat(folder.get(), name.c_str(), AT_FDCWD, elsewhere.c_str()) != 0)
      throw not_opened();
  }
  ::fsync(folder.get());
}

}  // namespace molecule::files
