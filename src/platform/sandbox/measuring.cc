#include "platform/sandbox/measuring.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <sys/statvfs.h>

namespace molecule::sandbox {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// Less may be gone without another count, for a while.
constexpr std::uint64_t bytes_step = 8u << 20;
constexpr std::uint64_t files_step = 1024;
constexpr auto counted_every = 60s;
// It takes one part in so many of the time, but is never away for longer than that.
constexpr int work_share = 50;
constexpr std::chrono::nanoseconds rest_most = 60s;
// Programs close directories for moments, such as in their own tests.
constexpr auto closed_most = 8s;

}  // namespace

Measuring::Measuring(const Limits& limits, std::vector<std::filesystem::path> directories,
                     pid_t ancestor)
    : limits_(limits), directories_(std::move(directories)), ancestor_(ancestor) {}

bool Measuring::is_disk_due(Until now) {
  struct statvfs disk{};
  if ((limits_.disk <= 0 && limits_.files <= 0) || directories_.empty() ||
      ::statvfs(directories_.front().c_str(), &disk) != 0)
    return false;
  const Free free{disk.f_bfree * disk.f_frsize, disk.f_ffree};
  if (free_ && !closed_since_ && now - counted_at_ < counted_every &&
      free.bytes + bytes_step > free_->bytes && free.files + files_step > free_->files)
    return false;
  free_ = free;
  counted_at_ = now;
  return true;
}

void Measuring::begin(Until now) {
  if (under_way()) return;
  if (now >= of_holdings_.until)
    holdings_.emplace(ancestor_,
                      limits_.memory > 0 ? static_cast<std::uint64_t>(limits_.memory) : UINT64_MAX);
  if (now >= of_count_.until && is_disk_due(now)) count_.emplace(directories_);
}

std::string Measuring::judge_memory(const Held& held) const {
  const auto most = static_cast<std::uint64_t>(limits_.memory);
  if (limits_.memory <= 0 || held.memory <= most) return "";
  return fmt::format("it took more memory than it may: {} MB with all that it started, of {} MB",
                     held.memory >> 20, most >> 20);
}

std::string Measuring::judge_disk(const Usage& usage) const {
  const std::uint64_t bytes = usage.bytes + held_.disk;
  const std::uint64_t files = usage.files + held_.files;
  if (limits_.disk > 0 && bytes > static_cast<std::uint64_t>(limits_.disk))
    return fmt::format("it filled its disk: {} MB, of {} MB that it may", bytes >> 20,
                       limits_.disk >> 20);
  if (limits_.files > 0 && files > static_cast<std::uint64_t>(limits_.files))
    return fmt::format("it filled its disk: more than the {} files that it may", limits_.files);
  if (usage.too_deep)
    return fmt::format("it filled its disk: directories more than {} deep cannot be counted",
                       TreeCount::depth_max);
  return "";
}

std::string Measuring::judge_closed(const Usage& usage, Until now) {
  if (usage.closed == 0) {
    closed_since_.reset();
  } else if (!closed_since_) {
    closed_since_ = now;
  } else if (now - *closed_since_ >= closed_most) {
    return "it filled its disk, or may have: it keeps directories closed to being counted";
  }
  return "";
}

void Measuring::rest_after(Rest& rest, Until began, bool all) {
  const auto now = Clock::now();
  rest.worked += now - began;
  if (!all) return;
  rest.until = now + std::min(work_share * rest.worked, rest_most);
  rest.worked = 0ns;
}

std::string Measuring::go_on(Until until) {
  const auto began = Clock::now();
  std::string why;
  if (holdings_) {
    const bool all = holdings_->go_on(until);
    if (all) {
      held_ = holdings_->held();
      blind_ = held_.unreadable > 0;
      holdings_.reset();
      why = judge_memory(held_);
    }
    rest_after(of_holdings_, began, all);
  } else if (count_) {
    const bool all = count_->go_on(until);
    const Usage usage = count_->usage();
    why = judge_disk(usage);
    if (all && why.empty()) why = judge_closed(usage, began);
    if (all) count_.reset();
    rest_after(of_count_, began, all);
  }
  if (!why.empty()) {
    holdings_.reset();
    count_.reset();
  }
  return why;
}

}  // namespace molecule::sandbox
