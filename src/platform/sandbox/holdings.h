// What the processes of a program hold that no directory tells of: their memory, and files that
// have no name any more but are still open. Measured a step at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <sys/types.h>

#include "platform/files/descriptor.h"
#include "platform/sandbox/trees.h"

namespace molecule::sandbox {

struct Held {
  std::uint64_t memory = 0;      // Bytes, with shared ones counted once, and with what is swapped.
  std::uint64_t disk = 0;        // Bytes of files without a name.
  std::uint64_t files = 0;       // Such files.
  std::uint64_t unreadable = 0;  // Processes that cannot be looked into.
};

class Holdings {
 public:
  // All that descend from the process. Memory is looked at closely only where it seems to be more
  // than `memory_most`, because that takes time.
  Holdings(pid_t ancestor, std::uint64_t memory_most);

  // Goes on with it; true once all is measured.
  bool go_on(Until until);
  Held held() const;

 private:
  using File = std::pair<dev_t, ino_t>;
  enum class Step : std::uint8_t { processes, files, memory, over };
  struct Close {
    void operator()(DIR* entries) const { ::closedir(entries); }
  };

  void find_processes();
  void look_at_files();
  void look_at_memory();
  void take_line(std::string_view line);

  const pid_t ancestor_;
  const std::uint64_t memory_most_;
  dev_t memory_device_ = 0;  // Of files that are nowhere but in memory.
  Step step_ = Step::processes;
  std::vector<pid_t> processes_;
  std::size_t at_ = 0;  // In them.
  std::unique_ptr<DIR, Close> entries_;
  std::map<File, std::uint64_t> nameless_;  // Bytes of each.
  std::uint64_t resident_ = 0;              // As the kernel has it at hand.
  std::uint64_t exact_ = 0;
  std::uint64_t unreadable_ = 0;
  // The mappings of one process, as far as they are read.
  files::Descriptor mappings_;
  std::string open_line_;
  enum class Mapping : std::uint8_t { own, of_file, counted };
  Mapping mapping_ = Mapping::own;
};

}  // namespace molecule::sandbox
