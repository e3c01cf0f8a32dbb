// How a keeper of either kind starts a confined program: in a room of its own where the kernel lets
// it, else held by Landlock alone. The process that calls has one thread.
#pragma once

#include <csignal>
#include <string>

#include <sys/types.h>

#include "platform/files/descriptor.h"
#include "platform/sandbox/confined.h"

namespace molecule::sandbox {

// What the program finds as its standard streams. All of these are the caller's, and stay open.
struct Ends {
  int input = -1;  // -1: nothing.
  int output = -1;
  int errors = -1;
  // A socket: in place of the three a terminal is made where the program runs, so that its name is
  // there, and the other end of it is handed over through this one.
  int terminal = -1;
  int columns = 80;
  int rows = 24;
};

// A program that was launched, or not.
struct Launched {
  pid_t process = -1;    // Ours to wait for; of a room: its first one.
  bool in_room = false;  // All that it started ends with it.
  Measures measures;
  std::string refusal;  // Why it did not begin; empty: it runs.
};

// Makes this process one that keeps another: what that leaves behind becomes its child, and nobody
// looks into it. The signals that it hears of from then on can be read from what is returned:
// children's, and those by which it is asked to end.
files::Descriptor become_keeper();

// `place`: an empty directory, which a room's tree is made at; made where it is not there.
Launched launch(const Program& program, const std::string& place, const Ends& ends);

// What was handed over through the other end of Ends::terminal.
files::Descriptor handed_terminal(int socket);

// Its exit status; 128 and the signal that ended it.
int status_of(const siginfo_t& info);
// Asks it to end.
void ask_to_end(const Launched& program);
// Ends it, and of what it started all that is known without looking for it.
void end_at_once(const Launched& program);
// Ends what it has left behind, once it has ended itself.
void sweep_after(const Launched& program);

}  // namespace molecule::sandbox
