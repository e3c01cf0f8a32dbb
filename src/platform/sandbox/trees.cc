#include "platform/sandbox/trees.h"

#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace molecule::sandbox {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int entries_at_a_time = 256;            // Between two looks at the clock.
constexpr std::uint64_t beyond_all = 1ull << 60;  // Bytes; some of it can still be added.

bool is_no_name(const char* name) {
  return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0;
}

bool is_directory(int directory, const char* name) {
  struct stat what{};
  return ::fstatat(directory, name, &what, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(what.st_mode);
}

// A directory whose permissions may keep its owner from looking into it or from emptying it.
files::Descriptor open_forbidden(int directory, const char* name) {
  files::Descriptor at(::openat(directory, name, how));
  struct stat what{};
  if (at.open()) {
    if (::fstat(at.get(), &what) == 0 && (what.st_mode & S_IRWXU) != S_IRWXU)
      ::fchmod(at.get(), 0700);
    return at;
  }
  // Nobody is left who could put a link in its place meanwhile.
  if (!is_directory(directory, name) || ::fchmodat(directory, name, 0700, 0) != 0) return at;
  return files::Descriptor(::openat(directory, name, how));
}

// Empties a directory. What lies deep is first moved up to the top of it, so that neither open
// files nor the stack grow with the depth.
class Emptying {
 public:
  Emptying(int top, Until until)
      : top_(top), until_(until), prefix_(fmt::format(".gone-{:08x}-", std::random_device()())) {}

  // Whether nothing is left.
  bool run() {
    const int again = ::openat(top_, ".", how);
    DIR* entries = again < 0 ? nullptr : ::fdopendir(again);
    if (!entries) {
      if (again >= 0) ::close(again);
      return false;
    }
    bool empty = false;
    bool goes_on = true;
    while (!empty && goes_on) {
      empty = true;
      goes_on = false;
      ::rewinddir(entries);
      while (const dirent* entry = is_over() ? nullptr : ::readdir(entries)) {
        if (is_no_name(entry->d_name)) continue;
        empty = false;
        if (take_away(entry->d_name)) goes_on = true;
      }
      if (is_over()) empty = goes_on = false;
    }
    ::closedir(entries);
    return empty;
  }

 private:
  // The clock is asked once in a while only.
  bool is_over() {
    if (!over_ && until_ != Until::max() && steps_++ % entries_at_a_time == 0)
      over_ = Clock::now() >= until_;
    return over_;
  }

  // An entry of the top with all below. Whether it came any further.
  bool take_away(const char* name) {
    bool further = take_one(name);
    while (!moved_.empty() && !is_over()) {
      const std::string next = prefix_ + std::to_string(moved_.back());
      moved_.pop_back();
      further = take_one(next.c_str()) || further;
    }
    return further;
  }

  bool take_one(const char* name) {
    if (::unlinkat(top_, name, 0) == 0 || ::unlinkat(top_, name, AT_REMOVEDIR) == 0) return true;
    files::Descriptor below = open_forbidden(top_, name);
    if (!below.open()) return false;
    const int inside = ::dup(below.get());
    DIR* entries = inside < 0 ? nullptr : ::fdopendir(inside);
    if (!entries) {
      if (inside >= 0) ::close(inside);
      return false;
    }
    bool further = false;
    bool moved = true;
    // Removing may make a reader pass entries by.
    while (moved && !is_over() && ::unlinkat(top_, name, AT_REMOVEDIR) != 0) {
      moved = false;
      ::rewinddir(entries);
      while (const dirent* entry = is_over() ? nullptr : ::readdir(entries)) {
        if (!is_no_name(entry->d_name) && lift(below.get(), entry->d_name)) further = moved = true;
      }
    }
    ::closedir(entries);
    return further;
  }

  // Removes what is empty or no directory; the rest is moved to the top.
  bool lift(int directory, const char* name) {
    if (::unlinkat(directory, name, 0) == 0 || ::unlinkat(directory, name, AT_REMOVEDIR) == 0)
      return true;
    const std::string as = prefix_ + std::to_string(names_);
    if (::renameat(directory, name, top_, as.c_str()) != 0) {
      // One that may not be written to may not change its place either.
      if (errno != EACCES || !open_forbidden(directory, name).open() ||
          ::renameat(directory, name, top_, as.c_str()) != 0)
        return false;
    }
    moved_.push_back(names_++);
    return true;
  }

  const int top_;
  const Until until_;
  const std::string prefix_;
  std::uint64_t names_ = 0;
  std::vector<std::uint64_t> moved_;  // Still to be removed; the last one first.
  std::uint64_t steps_ = 0;
  bool over_ = false;
};

bool remove_below(int directory, const char* name, Until until) {
  if (::unlinkat(directory, name, 0) == 0 || errno == ENOENT) return true;
  const files::Descriptor at = open_forbidden(directory, name);
  if (!at.open()) return false;
  Emptying(at.get(), until).run();
  return ::unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

}  // namespace

bool remove_tree(const fs::path& directory, Until until) {
  return remove_below(AT_FDCWD, directory.c_str(), until);
}

bool remove_tree(const fs::path& directory, std::chrono::nanoseconds turn) {
  return remove_tree(directory, Clock::now() + turn);
}

bool remove_entry(int directory, const std::string& name) {
  return remove_below(directory, name.c_str(), Until::max());
}

TreeCount::TreeCount(std::vector<fs::path> directories)
    : waiting_(directories.begin(), directories.end()) {}

// Nothing is read of it yet.
bool TreeCount::stand_in(files::Descriptor directory) {
  const int inside = ::dup(directory.get());
  here_.reset(inside < 0 ? nullptr : ::fdopendir(inside));
  if (!here_ && inside >= 0) ::close(inside);
  return here_ != nullptr;
}

void TreeCount::begin() {
  const fs::path directory = std::move(waiting_.front());
  waiting_.pop_front();
  top_ = files::Descriptor(::open(directory.c_str(), how));
  if (!top_.open() && errno == EACCES) ++usage_.closed;
  struct stat what{};
  files::Descriptor again(top_.open() ? ::openat(top_.get(), ".", how) : -1);
  if (!again.open() || ::fstat(top_.get(), &what) != 0 || !stand_in(std::move(again))) return;
  levels_.push_back({{}, what.st_dev, what.st_ino, {}});
  reading_ = true;
}

void TreeCount::read_some() {
  for (int i = 0; i < entries_at_a_time; ++i) {
    const dirent* entry = ::readdir(here_.get());
    if (!entry) {
      reading_ = false;
      return;
    }
    if (is_no_name(entry->d_name)) continue;
    struct stat what{};
    if (::fstatat(::dirfd(here_.get()), entry->d_name, &what, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == EACCES) ++usage_.closed;
      continue;
    }
    ++usage_.files;
    usage_.bytes += static_cast<std::uint64_t>(what.st_blocks) * 512;
    if (S_ISDIR(what.st_mode)) levels_.back().below.emplace_back(entry->d_name);
  }
}

void TreeCount::enter(std::string name) {
  if (levels_.size() >= depth_max) {
    usage_.too_deep = true;
    return;
  }
  files::Descriptor below(::openat(::dirfd(here_.get()), name.c_str(), how));
  struct stat what{};
  if (!below.open()) {
    if (errno == EACCES) ++usage_.closed;
    return;
  }
  if (::fstat(below.get(), &what) != 0 || !stand_in(std::move(below))) {
    levels_.clear();
    return;
  }
  levels_.push_back({std::move(name), what.st_dev, what.st_ino, {}});
  reading_ = true;
}

void TreeCount::leave() {
  levels_.pop_back();
  // Levels that nothing is left of are passed by.
  if (levels_.empty()) return;
  const auto is_at = [](const files::Descriptor& directory, const Level& level) {
    struct stat what{};
    return directory.open() && ::fstat(directory.get(), &what) == 0 &&
           what.st_dev == level.device && what.st_ino == level.number;
  };
  files::Descriptor above(::openat(::dirfd(here_.get()), "..", how));
  if (is_at(above, levels_.back()) && stand_in(std::move(above))) return;
  // Somebody moved it meanwhile: from the top again, as far as all is still where it was.
  above = files::Descriptor(::openat(top_.get(), ".", how));
  std::size_t depth = 1;
  while (above.open() && depth < levels_.size()) {
    files::Descriptor next(::openat(above.get(), levels_[depth].name.c_str(), how));
    if (!is_at(next, levels_[depth])) break;
    above = std::move(next);
    ++depth;
  }
  levels_.resize(above.open() && stand_in(std::move(above)) ? depth : 0);
}

bool TreeCount::go_on(Until until) {
  while (!levels_.empty() || !waiting_.empty()) {
    if (levels_.empty()) {
      begin();
    } else if (reading_) {
      read_some();
    } else if (!levels_.back().below.empty()) {
      std::string next = std::move(levels_.back().below.back());
      levels_.back().below.pop_back();
      enter(std::move(next));
    } else {
      leave();
    }
    if (until != Until::max() && Clock::now() >= until) break;
  }
  return levels_.empty() && waiting_.empty();
}

std::uint64_t bytes_below(const fs::path& directory) {
  TreeCount count({directory});
  count.go_on(Until::max());
  return count.usage().too_deep ? beyond_all : count.usage().bytes;
}

}  // namespace molecule::sandbox
