#include "platform/io/clock.h"

#include <cstdlib>
#include <cstring>

#include <sys/random.h>

namespace molecule::io {

Instant SystemClock::now() const {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return Instant::from_micros(std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

std::chrono::nanoseconds SystemClock::monotonic() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

Instant SystemClock::steady() const {
  auto since = std::chrono::duration_cast<std::chrono::microseconds>(monotonic() - made_);
  return Instant::from_micros(made_at_.micros() + since.count());
}

std::uint64_t Random::number() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

namespace {
void from_kernel(std::uint8_t* out, std::size_t size) {
  while (size > 0) {
    ssize_t n = ::getrandom(out, size, 0);
    // The kernel's generator cannot fail once seeded; continuing without it would be worse.
    if (n < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    out += n;
    size -= static_cast<std::size_t>(n);
  }
}
}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
  thread_local std::array<std::uint8_t, 1024> block;
  thread_local std::size_t left = 0;
  if (bytes.size() > block.size() / 4) {
    from_kernel(bytes.data(), bytes.size());
    return;
  }
  if (left < bytes.size()) {
    from_kernel(block.data(), block.size());
    left = block.size();
  }
  std::uint8_t* from = block.data() + (block.size() - left);
  std::memcpy(bytes.data(), from, bytes.size());
  std::memset(from, 0, bytes.size());  // A value handed out is not kept.
  left -= bytes.size();
}

}  // namespace molecule::io
