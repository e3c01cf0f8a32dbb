// A program that this one starts, in a process group of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "platform/files/descriptor.h"

namespace molecule::process {

// How a program is started.
struct Program {
  std::vector<std::string> arguments;  // The program first; looked for in our PATH.
  std::vector<std::pair<std::string, std::string>> environment = {};
  bool inherits = true;         // `environment` stands over ours; else it is all there is.
  std::string directory = {};   // Where it starts; empty: where we are.
  std::string_view input = {};  // All of its standard input, there from the beginning; or
  bool talks = false;           // its standard input is a pipe that stays open.
  bool hears_errors = false;    // Its standard error is a pipe; else it goes where ours goes.
};

class Child {
 public:
  // It gets no blocked and no ignored signals. Throws Fault
  // internal `not_started` with the system's reason.
  explicit Child(const Program& program);
  // With a text as its standard input, which it may open again as /dev/stdin.
  Child(const std::vector<std::string>& arguments,
        const std::vector<std::pair<std::string, std::string>>& added, std::string_view input);
  ~Child();  // Kills what still runs of its group, and waits for it.
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Our ends of its standard streams, non-blocking; whoever takes one closes it.
  int take_output() { return taken(output_); }
  int take_input() { return taken(input_); }
  int take_errors() { return taken(errors_); }
  // Becomes readable when it has ended; whoever takes it closes it. -1: this system has none.
  int take_end() const;
  // Its exit status once it has ended, 128 and the signal that ended it; never waits.
  std::optional<int> ended() const;
  // Whether a process is what a Child of this process has started. Any thread.
  static bool is_one(pid_t pid);
  // Asks it and what it started in its group to end.
  void terminate() noexcept;
  // Ends them at once.
  void kill() noexcept;

 private:
  static int taken(files::Descriptor& end);

  files::Descriptor input_, output_, errors_;
  pid_t pid_ = -1;
};

// Where a program lies that is named as in a shell: by a path, or looked for in `path`, a list as
// PATH is one. Empty: nowhere.
std::string found(std::string_view program, std::string_view path);

}  // namespace molecule::process
