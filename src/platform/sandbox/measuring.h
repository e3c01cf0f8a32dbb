// Whether a program keeps to the memory and the disk that it may have, looked at from without while
// it goes on. Never works for long at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "platform/sandbox/confinement.h"
#include "platform/sandbox/holdings.h"
#include "platform/sandbox/trees.h"

namespace molecule::sandbox {

class Measuring {
 public:
  // Of all that descends from the process, and of the directories that are its own.
  Measuring(const Limits& limits, std::vector<std::filesystem::path> directories, pid_t ancestor);

  // Begins, unless it is under way or rests: it takes a small part of the time.
  void begin(Until now);
  bool under_way() const { return holdings_ || count_; }
  // Goes on with it. Why the program has to end; empty while it need not.
  std::string go_on(Until until);
  // Processes cannot be looked into, so what they hold is not known.
  bool is_blind() const { return blind_; }

 private:
  struct Rest {
    std::chrono::nanoseconds worked{0};
    Until until;
  };
  static void rest_after(Rest& rest, Until began, bool all);
  bool is_disk_due(Until now);
  std::string judge_memory(const Held& held) const;
  std::string judge_disk(const Usage& usage) const;
  std::string judge_closed(const Usage& usage, Until now);

  const Limits limits_;
  const std::vector<std::filesystem::path> directories_;
  const pid_t ancestor_;
  std::optional<Holdings> holdings_;
  std::optional<TreeCount> count_;
  Held held_;
  bool blind_ = false;
  // One in which much has to be counted does not keep the other from its turn.
  Rest of_holdings_;
  Rest of_count_;
  Until counted_at_;
  struct Free {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
  };
  std::optional<Free> free_;  // When it was counted.
  std::optional<Until> closed_since_;
};

}  // namespace molecule::sandbox
