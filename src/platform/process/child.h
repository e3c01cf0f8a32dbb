// A program that this one starts. Its standard input and output are one socket, so that both can be
// awaited like any connection; what it says on standard error goes where ours goes.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "platform/files/descriptor.h"

namespace molecule::process {

class Child {
 public:
  // `arguments` begins with the program, which is looked for in PATH. `added` is put into its
  // environment, over what is there. It gets a process group of its own and no blocked signals.
  // Throws Fault internal `not_started` with the system's reason.
  Child(const std::vector<std::string>& arguments,
        const std::vector<std::pair<std::string, std::string>>& added);
  ~Child();  // Kills what still runs, and waits for it.
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Our end of the socket, non-blocking; whoever takes it closes it.
  int take_socket();
  // Its exit status once it has ended, 128 and the signal that ended it; never waits.
  std::optional<int> ended();
  // Ends it and all that it started, at once.
  void kill() noexcept;

 private:
  files::Descriptor socket_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace molecule::process
