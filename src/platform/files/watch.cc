#include "platform/files/watch.h"

#include <array>
#include <cstring>

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::files {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t of_interest = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                      IN_CREATE | IN_DELETE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW;

}  // namespace

Watch::Watch(fs::path directory) : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!descriptor_.open())
    throw internal(
        fmt::format("{} cannot be watched: {}", directory.string(), std::strerror(errno)));
  add(directory, 0);
}

int Watch::copy() const { return ::fcntl(descriptor_.get(), F_DUPFD_CLOEXEC, 3); }

void Watch::add(const fs::path& directory, int depth) {
  if (depth > depth_max || places_.size() >= directories_max) return;
  const int known = ::inotify_add_watch(descriptor_.get(), directory.c_str(), of_interest);
  if (known < 0) return;
  places_[known] = {directory, depth};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.') && !entry.is_symlink(ignored) && entry.is_directory(ignored))
      add(entry.path(), depth + 1);
  }
}

bool Watch::changed() {
  bool any = false;
  alignas(inotify_event) std::array<char, 16u << 10> bytes;
  for (;;) {
    const ssize_t got = ::read(descriptor_.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return any;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, bytes.data() + at, sizeof event);
      const char* const name = bytes.data() + at + sizeof event;
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) any = true;
      const auto place = places_.find(event.wd);
      if (place == places_.end()) continue;
      if ((event.mask & IN_IGNORED) != 0) {
        places_.erase(place);
        continue;
      }
      if (event.len == 0 || *name == '.') continue;
      any = true;
      const bool came = (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
      if (came && (event.mask & IN_ISDIR) != 0)
        add(place->second.path / name, place->second.depth + 1);
    }
  }
}

}  // namespace molecule::files
