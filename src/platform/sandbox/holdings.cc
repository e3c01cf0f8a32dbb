#include "platform/sandbox/holdings.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "platform/sandbox/stat_line.h"

namespace molecule::sandbox {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int entries_at_a_time = 64;  // Between two looks at the clock.
constexpr std::size_t piece = 32u << 10;

// Where the kernel keeps files that are nowhere but in memory, and shared memory.
dev_t device_of_memory() {
  const files::Descriptor file(::memfd_create("nothing", MFD_CLOEXEC));
  struct stat what{};
  return file.open() && ::fstat(file.get(), &what) == 0 ? what.st_dev : 0;
}

// Of a line such as "VmRSS:      1234 kB".
std::optional<std::uint64_t> kilobytes(std::string_view line, std::string_view name) {
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  std::uint64_t value = 0;
  const auto [end, bad] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (bad != std::errc()) return std::nullopt;
  return value << 10;
}

std::uint64_t resident_of(pid_t pid) {
  const files::Descriptor file(
      ::open(fmt::format("/proc/{}/status", pid).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 8192> some{};
  const ssize_t got = file.open() ? ::read(file.get(), some.data(), some.size()) : 0;
  std::string_view rest(some.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  std::uint64_t sum = 0;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    for (const std::string_view name : {"RssAnon:", "RssShmem:", "VmSwap:"})
      sum += kilobytes(line, name).value_or(0);
  }
  return sum;
}

}  // namespace

Holdings::Holdings(pid_t ancestor, std::uint64_t memory_most)
    : ancestor_(ancestor), memory_most_(memory_most), memory_device_(device_of_memory()) {}

void Holdings::find_processes() {
  processes_ = descendants_of(ancestor_);
  for (const pid_t each : processes_) resident_ += resident_of(each);
  step_ = Step::files;
}

void Holdings::look_at_files() {
  if (!entries_) {
    if (at_ == processes_.size()) {
      at_ = 0;
      step_ = held().memory > memory_most_ ? Step::memory : Step::over;
      return;
    }
    entries_.reset(::opendir(fmt::format("/proc/{}/fd", processes_[at_++]).c_str()));
    if (!entries_ && errno == EACCES) ++unreadable_;
    return;
  }
  for (int i = 0; i < entries_at_a_time; ++i) {
    const dirent* entry = ::readdir(entries_.get());
    if (!entry) {
      entries_.reset();
      return;
    }
    struct stat what{};
    if (::fstatat(::dirfd(entries_.get()), entry->d_name, &what, 0) != 0 || what.st_nlink != 0 ||
        !S_ISREG(what.st_mode))
      continue;
    nameless_[{what.st_dev, what.st_ino}] = static_cast<std::uint64_t>(what.st_blocks) * 512;
  }
}

// What several share is told to each of them in part. Files of memory that are open are counted
// already; of others only what is not on a disk yet.
void Holdings::take_line(std::string_view line) {
  if (line.empty()) return;
  const bool is_head =
      (line.front() >= '0' && line.front() <= '9') || (line.front() >= 'a' && line.front() <= 'f');
  if (!is_head) {
    if (mapping_ == Mapping::own)
      exact_ += kilobytes(line, "Pss:").value_or(0) + kilobytes(line, "SwapPss:").value_or(0);
    if (mapping_ == Mapping::of_file) exact_ += kilobytes(line, "Private_Dirty:").value_or(0);
    return;
  }
  // "55d0-55d4 r--p 00000000 08:02 1234 /usr/bin/some"
  std::array<std::string_view, 5> fields;
  for (std::string_view& field : fields) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    field = line.substr(0, line.find(' '));
    line.remove_prefix(field.size());
  }
  unsigned high = 0;
  unsigned low = 0;
  const std::string_view device = fields[3];
  const std::size_t colon = std::min(device.find(':'), device.size());
  std::from_chars(device.data(), device.data() + colon, high, 16);
  if (colon < device.size())
    std::from_chars(device.data() + colon + 1, device.data() + device.size(), low, 16);
  ino_t number = 0;
  std::from_chars(fields[4].data(), fields[4].data() + fields[4].size(), number);
  const dev_t on = makedev(high, low);
  mapping_ = Mapping::own;
  if (number != 0 && on != memory_device_) mapping_ = Mapping::of_file;
  if (number != 0 && on == memory_device_ && nameless_.contains({on, number}))
    mapping_ = Mapping::counted;
}

void Holdings::look_at_memory() {
  if (!mappings_.open()) {
    if (at_ == processes_.size()) {
      step_ = Step::over;
      return;
    }
    const pid_t pid = processes_[at_++];
    mappings_ =
        files::Descriptor(::open(fmt::format("/proc/{}/smaps", pid).c_str(), O_RDONLY | O_CLOEXEC));
    open_line_.clear();
    mapping_ = Mapping::own;
    if (!mappings_.open() && errno == EACCES) exact_ += resident_of(pid);
    return;
  }
  std::array<char, piece> some{};
  const ssize_t got = ::read(mappings_.get(), some.data(), some.size());
  if (got <= 0) {
    mappings_ = files::Descriptor();
    return;
  }
  open_line_.append(some.data(), static_cast<std::size_t>(got));
  std::string_view rest = open_line_;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    take_line(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  open_line_ = std::string(rest);
}

bool Holdings::go_on(Until until) {
  while (step_ != Step::over) {
    if (step_ == Step::processes) {
      find_processes();
    } else if (step_ == Step::files) {
      look_at_files();
    } else {
      look_at_memory();
    }
    if (until != Until::max() && Clock::now() >= until) break;
  }
  return step_ == Step::over;
}

Held Holdings::held() const {
  Held held;
  held.memory = exact_ != 0 ? exact_ : resident_;
  held.unreadable = unreadable_;
  for (const auto& [file, bytes] : nameless_) {
    if (file.first == memory_device_) {
      held.memory += bytes;
    } else {
      held.disk += bytes;
      ++held.files;
    }
  }
  return held;
}

}  // namespace molecule::sandbox
