// The last steps of a process before it becomes a confined program. It has one thread, and what it
// cannot do it says to whoever made it.
#pragma once

#include <string>
#include <vector>

#include "platform/sandbox/confinement.h"

namespace molecule::sandbox {

struct Program {
  std::vector<std::string> arguments;    // The first is the program's own path.
  std::vector<std::string> environment;  // All of it.
  std::string directory;
  Confinement confinement;
};
BOOST_DESCRIBE_STRUCT(Program, (), (arguments, environment, directory, confinement))

// Lines by which a starting process says how far it came: '+' applied, '-' missing, '!' why it
// gives up.
class Report {
 public:
  explicit Report(int descriptor) : descriptor_(descriptor) {}
  void applied(const std::string& what) const { say('+', what); }
  void missing(const std::string& what) const { say('-', what); }
  [[noreturn]] void give_up(const std::string& why) const;

 private:
  void say(char sign, const std::string& text) const;
  int descriptor_;
};

// Becomes the program. `in_room`: in a tree and process numbers of its own. Never comes back.
[[noreturn]] void become(const Program& program, bool in_room, const Report& report);

}  // namespace molecule::sandbox
