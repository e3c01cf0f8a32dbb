// A program that this one starts. Its standard input is a text that is there from the beginning,
// its standard output a pipe that can be awaited; what it says on standard error goes where ours
// goes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "platform/files/descriptor.h"

namespace molecule::process {

class Child {
 public:
  // `arguments` begins with the program, which is looked for in PATH. `added` is put into its
  // environment, over what is there. It gets a process group of its own, no blocked and no ignored
  // signals. Throws Fault internal `not_started` with the system's reason.
  Child(const std::vector<std::string>& arguments,
        const std::vector<std::pair<std::string, std::string>>& added, std::string_view input);
  ~Child();  // Kills what still runs of its group, and waits for it.
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Our end of its output, non-blocking; whoever takes it closes it.
  int take_output();
  // Its exit status once it has ended, 128 and the signal that ended it; never waits.
  std::optional<int> ended() const;
  // Ends it and what it started in its group, at once.
  void kill() noexcept;

 private:
  files::Descriptor output_;
  pid_t pid_ = -1;
};

}  // namespace molecule::process
