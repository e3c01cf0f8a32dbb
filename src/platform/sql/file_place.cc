#include "platform/sql/file_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace molecule::sql {
namespace {

std::optional<std::string> place(int folder, const char* path, int flags) {
#ifdef STATX_BTIME
  struct statx found{};
  if (::statx(folder, path, flags, STATX_INO | STATX_BTIME, &found) != 0) return std::nullopt;
  if ((found.stx_mask & STATX_BTIME) == 0) return fmt::format("{} 0", found.stx_ino);
  // One number, so that the text has two words on every system.
  return fmt::format("{} {}{:09}", found.stx_ino, found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
#else
  struct stat found{};
  if (::fstatat(folder, path, &found, flags) != 0) return std::nullopt;
  return fmt::format("{} 0", found.st_ino);
#endif
}

}  // namespace

std::optional<std::string> file_place(int descriptor) {
#ifdef STATX_BTIME
  return place(descriptor, "", AT_EMPTY_PATH);
#else
  struct stat found{};
  if (::fstat(descriptor, &found) != 0) return std::nullopt;
  return fmt::format("{} 0", found.st_ino);
#endif
}

std::optional<std::string> file_place(const std::string& path) {
  return place(AT_FDCWD, path.c_str(), 0);
}

}  // namespace molecule::sql
