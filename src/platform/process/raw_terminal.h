// The terminal of this process as a line to another one: what is typed is read byte by byte, and
// means nothing here. However this process ends, but for SIGKILL, the terminal is as it was.
#pragma once

namespace molecule::process {

// One at a time. Not copied, not moved.
class RawTerminal {
 public:
  // Throws Fault bad_request `no_terminal` when the descriptor is none. `resized` is written a byte
  // to whenever the terminal may have another size; it does not block.
  RawTerminal(int descriptor, int resized);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
};

}  // namespace molecule::process
