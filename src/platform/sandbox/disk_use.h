// What a confined program takes of the disk: counted now and then, and seldom where counting takes
// long.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "platform/sandbox/confinement.h"

namespace molecule::sandbox {

class DiskUse {
 public:
  // Counted are those of its directories that begin with `own`. It outlives this.
  DiskUse(const Confinement& confinement, std::string own)
      : confinement_(confinement), own_(std::move(own)) {}

  // Why it may not go on, when it takes more than it may.
  std::optional<std::string> excess();

 private:
  const Confinement& confinement_;
  const std::string own_;
  std::chrono::steady_clock::time_point counts_from_;
  std::optional<std::uint64_t> counted_;  // What was free at the last count.
};

}  // namespace molecule::sandbox
