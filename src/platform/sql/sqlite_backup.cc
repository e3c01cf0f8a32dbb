#include "platform/sql/sqlite_backup.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/descriptor.h"
#include "platform/sql/sqlite_files.h"

namespace molecule::sql {
namespace {

constexpr int busy_timeout_ms = 5'000;
constexpr int tries_max = 20;  // Each after a short wait, when the store is busy.
constexpr int pause_ms = 250;

struct Close {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

Handle open(const std::string& path) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  Handle handle(opened);
  if (code != SQLITE_OK) {
    throw unavailable(
        fmt::format("cannot open {}: {}", path, opened ? sqlite3_errmsg(opened) : "out of memory"));
  }
  sqlite3_busy_timeout(opened, busy_timeout_ms);
  return handle;
}

void copy_pages(sqlite3* from, sqlite3* to) {
  sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
  int code = backup ? SQLITE_BUSY : sqlite3_errcode(to);
  for (int tries = 0; backup && tries < tries_max; ++tries) {
    // All in one step: the copy is of one moment, however much is written meanwhile.
    code = sqlite3_backup_step(backup, -1);
    if (code != SQLITE_BUSY && code != SQLITE_LOCKED) break;
    sqlite3_sleep(pause_ms);
  }
  if (backup) sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) throw unavailable(fmt::format("cannot copy: {}", sqlite3_errstr(code)));
}

void require_sound(sqlite3* copy) {
  std::string verdict;
  const auto take = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) = values[0] ? values[0] : "";
    return 0;
  };
  const int code = sqlite3_exec(copy, "PRAGMA quick_check(1)", take, &verdict, nullptr);
  if (code != SQLITE_OK || verdict != "ok") {
    throw unavailable(fmt::format("the copy is damaged, and so may be what was copied: {}",
                                  code == SQLITE_OK ? verdict : sqlite3_errmsg(copy)));
  }
}

void sync(const std::string& path, int flags) {
  const files::Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.open() || ::fsync(file.get()) != 0)
    throw unavailable(fmt::format("cannot sync {}: {}", path, std::strerror(errno)));
}

// Takes a copy away that was not finished.
struct Unfinished {
  std::string path;
  ~Unfinished() {
    if (path.empty()) return;
    for (const char* part : {"", "-wal", "-shm"}) ::unlink((path + part).c_str());
  }
};

}  // namespace

std::int64_t copy_sqlite(const std::string& from, const std::string& to, const std::string& mark) {
  constexpr bool create = false;
  SqliteFiles(from).prepare(mark, create);
  // Not SQLite: it would make the file readable by everyone.
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  if (!files::Descriptor(::open(to.c_str(), flags, 0600)).open()) {
    if (errno == EEXIST) throw conflict("file_exists", fmt::format("{} is there already", to));
    throw unavailable(fmt::format("cannot make {}: {}", to, std::strerror(errno)));
  }
  Unfinished unfinished{to};
  {
    const Handle source = open(from);
    const Handle copy = open(to);
    copy_pages(source.get(), copy.get());
    require_sound(copy.get());
  }
  sync(to, O_RDONLY);
  const auto slash = to.rfind('/');
  sync(slash == std::string::npos ? "." : to.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
  unfinished.path.clear();
  struct stat found{};
  return ::stat(to.c_str(), &found) == 0 ? found.st_size : 0;
}

}  // namespace molecule::sql
