#include "platform/sandbox/disk_use.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "platform/sandbox/trees.h"

namespace molecule::sandbox {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t disk_step = 8u << 20;  // Less may be gone without another count.
constexpr int walk_share = 50;  // Counting takes one part in so many of the time at most.

}  // namespace

std::optional<std::string> DiskUse::excess() {
  const auto now = Clock::now();
  struct statvfs disk{};
  if (confinement_.limits.disk <= 0 || confinement_.writable.empty() || now < counts_from_ ||
      ::statvfs(confinement_.writable.front().c_str(), &disk) != 0)
    return std::nullopt;
  const std::uint64_t free = disk.f_bfree * disk.f_frsize;
  if (counted_ && free + disk_step > *counted_) return std::nullopt;
  counted_ = free;
  std::uint64_t used = 0;
  for (const std::string& each : confinement_.writable) {
    if (each.starts_with(own_)) used += bytes_below(each);
  }
  if (!confinement_.temporary.empty()) used += bytes_below(confinement_.temporary);
  counts_from_ = now + walk_share * (Clock::now() - now);
  const auto most = static_cast<std::uint64_t>(confinement_.limits.disk);
  if (used <= most) return std::nullopt;
  return fmt::format("it filled its disk: {} MB, of {} MB that it may", used >> 20, most >> 20);
}

}  // namespace molecule::sandbox
