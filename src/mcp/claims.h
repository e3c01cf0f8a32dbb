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
#include "base/instant.h"

namespace molecule::mcp {

class Claims {
 public:
  struct Agreed {
    std::optional<ActivityId> cursor;  // Everything up to this row is handled.
    std::int64_t cursor_seq = 0;
    std::map<std::string, std::int64_t> done;    // Ids of rows beyond it, with their numbers.
    std::map<std::string, std::string> in_hand;  // Ids, with who has them, as hold() says.
  };
  // Makes the directory. Throws Fault where that cannot be.
  explicit Claims(const std::filesystem::path& directory);

  // Reads, changes and writes in one step that no other process can come between. Throws Fault when
  // the file cannot be written: nothing has changed then. What cannot be read counts as empty.
  void change(const std::function<void(Agreed&)>& change);

  // Who has something: this process until it ends or lets go, or until a moment, of which it is not
  // known that anybody looks at it.
  std::string hold() const { return self_; }
  std::string hold_until(Instant until) const;
  // Whether that is another process that runs, whose time is not over.
  bool is_others(const std::string& holder, Instant now) const;

 private:
  static std::string self();
  static bool runs(const std::string& process);

  const std::string self_ = self();
  const std::filesystem::path file_;
  const std::filesystem::path lock_;
};

}  // namespace molecule::mcp
