// What the processes of one workspace on this machine agree on: how far its messages have been
// handled, which ones beyond that are, and which of them each has in hand. A file that is changed
// under a lock; a process that has ended has nothing in hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/id.h"

namespace molecule::mcp {

class Claims {
 public:
  struct Agreed {
    std::optional<ActivityId> cursor;  // Everything up to this row is handled.
    std::int64_t cursor_seq = 0;
    std::map<std::string, std::int64_t> done;    // Ids of rows beyond it, with their numbers.
    std::map<std::string, std::string> in_hand;  // Ids, with the process that has them.
    std::map<std::string, std::int64_t> shown;   // Ids that a model has seen, with their numbers.
  };
  // Makes the directory. Throws Fault where that cannot be.
  explicit Claims(const std::filesystem::path& directory);

  // Reads, changes and writes in one step that no other process can come between. Throws Fault when
  // the file cannot be written: nothing has changed then. What cannot be read counts as empty.
  void change(const std::function<void(Agreed&)>& change);

  // This process, and whether another one still runs.
  static std::string self();
  static bool runs(const std::string& process);

 private:
  const std::filesystem::path file_;
  const std::filesystem::path lock_;
};

}  // namespace molecule::mcp
