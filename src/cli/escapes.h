// What is typed at a shell elsewhere and means something here: after the beginning of a line, a
// tilde and one more.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace molecule::cli {

class Escapes {
 public:
  // What of it goes on. Nothing does any more once it was asked to leave.
  std::string passed(std::string_view typed);
  bool leaves() const { return leaves_; }              // ~.
  bool asks() { return std::exchange(asks_, false); }  // ~?, since the last call.

 private:
  bool line_begins_ = true;
  bool tilde_ = false;  // It waits for what follows.
  bool leaves_ = false;
  bool asks_ = false;
};

}  // namespace molecule::cli
