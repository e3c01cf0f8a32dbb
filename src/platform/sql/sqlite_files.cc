#include "platform/sql/sqlite_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/files/descriptor.h"
#include "platform/log/log.h"
#include "platform/sql/file_header.h"
#include "platform/sql/store_mark.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {
namespace {

// What must be free beside the store before one that was full counts as usable again: a full disk
// nearly always has room for something small.
constexpr off_t room = 1 << 20;

constexpr int links_max = 40;  // As the system's own limit.

// As SQLite finds it: it puts the log beside the file itself, not beside a link to it.
std::string plain(std::string_view path) {
  if (path.starts_with("file:")) path.remove_prefix(5);
  std::filesystem::path named(path.substr(0, path.find('?')));
  std::error_code unknown;
  // One by one, because the last may lead to a file that is yet to be made.
  for (int links = 0; links < links_max && std::filesystem::is_symlink(named, unknown); ++links) {
    named = named.parent_path() / std::filesystem::read_symlink(named, unknown);
  }
  const auto real = std::filesystem::weakly_canonical(named, unknown);
  return unknown ? named.string() : real.string();
}

off_t size_of(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 ? found.st_size : 0;
}

// Only while this process has no connection to the file: closing it gives up the locks that others
// of the process hold on it.
std::optional<FileHeader> header_on_disk(const std::string& path) {
  const files::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return std::nullopt;
  std::array<std::uint8_t, header_bytes> bytes{};
  const ssize_t n = ::pread(file.get(), bytes.data(), bytes.size(), 0);
  if (n != static_cast<ssize_t>(bytes.size())) return std::nullopt;
  return header_in(bytes);
}

}  // namespace

SqliteFiles::SqliteFiles(std::string_view path)
    : database_(plain(path)), log_(database_ + "-wal"), index_(database_ + "-shm") {}

void SqliteFiles::prepare(const std::string& mark, bool create) const {
  refuse_foreign_log(mark);
  if (size_of(database_) > 0) return;
  if (!create) throw nothing_in_it();
  if (size_of(log_) == 0) return;
  log::warn("a log without its database was set aside", log::field("file", set_log_aside()));
}

std::string SqliteFiles::set_log_aside() const {
  std::string aside = log_ + ".aside";
  for (int n = 2; size_of(aside) > 0; ++n) aside = fmt::format("{}.aside{}", log_, n);
  if (::rename(log_.c_str(), aside.c_str()) != 0) {
    throw unavailable(fmt::format("cannot move {} away: {}", log_, std::strerror(errno)));
  }
  return aside;
}

Fault SqliteFiles::nothing_in_it() const {
  return conflict("store_missing", fmt::format("there is no database in {}", database_));
}

void SqliteFiles::refuse_foreign_log(const std::string& mark) const {
  if (mark.empty() || size_of(log_) == 0) return;
  const auto known = StoreMark::read(mark);
  if (!known || known->headers.empty()) return;
  const auto header = header_on_disk(database_);
  if (!header || std::ranges::find(known->headers, *header) != known->headers.end()) return;
  throw conflict(
      "store_log_foreign",
      fmt::format(
          "{} is not the database that {} was written for; together they would be damaged. If you "
          "put the database back from a backup, move {} and {} away and start again: the backup "
          "counts. If you did not, move {} away and start again",
          database_, log_, log_, index_, mark));
}

// Takes the room and gives it back, so limits and quotas count as well as free blocks.
void SqliteFiles::require_room() const {
  std::string beside = database_.substr(0, database_.rfind('/') + 1);
  if (beside.empty()) beside = ".";
  const files::Descriptor file(::open(beside.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file.open()) return;  // Without unnamed files; the write that follows has to show it.
  const int error = ::posix_fallocate(file.get(), 0, room);
  if (error != 0)
    throw StoreLost{fmt::format("no room beside the store: {}", std::strerror(error)), false};
}

std::optional<SqliteFiles::Seen> SqliteFiles::look(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return Seen{found.st_dev, found.st_ino};
}

void SqliteFiles::remember() {
  database_seen_ = look(database_);
  log_seen_ = look(log_);
  index_seen_ = look(index_);
}

SqliteFiles::Part SqliteFiles::missing() const {
  if (!database_seen_) return Part::none;
  if (look(database_) != database_seen_) return Part::database;
  if (look(log_) != log_seen_ || look(index_) != index_seen_) return Part::log;
  return Part::none;
}

}  // namespace molecule::sql
