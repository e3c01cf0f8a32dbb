#include "platform/sandbox/stat_line.h"

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "platform/files/descriptor.h"

namespace molecule::sandbox {
namespace {

// Fields of /proc/N/stat as proc(5) numbers them; the second may hold anything, in brackets.
constexpr int parent_field = 4;
constexpr int started_field = 22;

std::optional<std::int64_t> field_of(std::int64_t pid, int field) {
  const files::Descriptor file(
      ::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> some{};
  const ssize_t got = file.open() ? ::read(file.get(), some.data(), some.size()) : -1;
  if (got <= 0) return std::nullopt;
  std::string_view text(some.data(), static_cast<std::size_t>(got));
  const std::size_t end = text.rfind(')');
  if (end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(end + 1);
  for (int at = 2; at < field; ++at) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  std::int64_t value = 0;
  const auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc()) return std::nullopt;
  return value;
}

// Adds what the kernel has listed for each thread, which spares a look at all processes of the
// machine. False where it lists none.
bool told_children(pid_t parent, std::vector<pid_t>& children) {
  const std::string place = fmt::format("/proc/{}/task", parent);
  DIR* threads = ::opendir(place.c_str());
  if (!threads) return true;  // It has ended.
  bool told = true;
  while (const dirent* entry = ::readdir(threads)) {
    if (entry->d_name[0] == '.') continue;
    const files::Descriptor file(
        ::open(fmt::format("{}/{}/children", place, entry->d_name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) {
      if (::faccessat(::dirfd(threads), entry->d_name, F_OK, 0) == 0) told = false;
      continue;
    }
    std::string text;
    std::array<char, 4096> some{};
    ssize_t got = 0;
    while ((got = ::read(file.get(), some.data(), some.size())) > 0)
      text.append(some.data(), static_cast<std::size_t>(got));
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    while (at < end) {
      pid_t child = 0;
      const auto [stop, bad] = std::from_chars(at, end, child);
      if (bad == std::errc()) children.push_back(child);
      at = stop + 1;
    }
  }
  ::closedir(threads);
  return told;
}

}  // namespace

std::optional<std::int64_t> started_ticks(std::int64_t pid) { return field_of(pid, started_field); }

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  DIR* all = ::opendir("/proc");
  if (!all) return found;
  while (const dirent* entry = ::readdir(all)) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [stop, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc() || stop != name.data() + name.size()) continue;
    if (field_of(pid, parent_field) == parent) found.push_back(pid);
  }
  ::closedir(all);
  return found;
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
  std::vector<pid_t> found;
  for (std::size_t at = 0; at <= found.size(); ++at) {
    const pid_t parent = at == 0 ? ancestor : found[at - 1];
    std::vector<pid_t> next;
    if (!told_children(parent, next)) next = children_of(parent);
    found.insert(found.end(), next.begin(), next.end());
  }
  return found;
}

}  // namespace molecule::sandbox
