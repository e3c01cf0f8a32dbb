// What the load generators of this folder share: a clock, a latency histogram fine enough for a
// p99, and a way to give up. It uses nothing of the platform, so it cannot share its bugs.

#pragma once

#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

[[noreturn]] inline void die(const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.c_str());
  std::exit(1);
}

// The same clock in every process of the machine.
inline std::uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(t.tv_nsec);
}

// A time as twenty digits, so that it is found again in what others have quoted.
inline void append_stamp(std::string& out, std::uint64_t time) {
  const auto digits = std::to_string(time);
  out.append(20 - digits.size(), '0');
  out += digits;
}

// Finds the next "at=" with a stamp from there on; answers the place behind it, or npos. A text
// that ends within one has none yet.
inline std::size_t find_stamp(std::string_view text, std::size_t from, std::uint64_t& time) {
  for (auto at = text.find("at=", from); at != text.npos && text.size() - at >= 23;
       at = text.find("at=", at + 3)) {
    const auto* first = text.data() + at + 3;
    if (std::from_chars(first, first + 20, time).ptr == first + 20) return at + 23;
  }
  return text.npos;
}

// Counts per value with at most 1.6 % error: 64 steps within each power of two.
class Histogram {
 public:
  void add(std::uint64_t ns) {
    ++counts_[slot(ns)];
    ++total_;
  }
  std::uint64_t total() const { return total_; }
  double quantile_us(double q) const {
    const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return static_cast<double>(value(i)) / 1000.0;
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 6;
  static std::size_t slot(std::uint64_t v) {
    if (v < (1U << kBits)) return v;
    const auto shift = static_cast<unsigned>(std::bit_width(v)) - 1 - kBits;
    return ((shift + 1U) << kBits) + ((v >> shift) & ((1U << kBits) - 1));
  }
  static std::uint64_t value(std::size_t slot) {
    if (slot < (1U << kBits)) return slot;
    const auto shift = (slot >> kBits) - 1;
    return ((slot & ((1U << kBits) - 1)) | (1U << kBits)) << shift;
  }
  std::array<std::uint64_t, (64 - kBits + 1) << kBits> counts_{};
  std::uint64_t total_ = 0;
};
