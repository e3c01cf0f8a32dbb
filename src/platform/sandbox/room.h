// A room of its own for a program: a file tree in which only what it is granted is there, and
// process numbers that begin with its own. Made of the kernel's namespaces; called in the first
// process of the new ones, which has one thread.
#pragma once

#include <string>
#include <vector>

#include "platform/sandbox/confinement.h"

namespace molecule::sandbox {

// What clone() is asked for. An ordinary user needs a user namespace to be let into the others.
int room_flags(bool as_root);

// In a new user namespace: who this is outside, this is inside.
int keep_identity(unsigned user, unsigned group);

// Builds the tree at `place`, an empty directory, and moves into it; the old one is gone. A system
// error with the step that it stopped at, or 0. `notes` tells what of the tree could not be had.
struct Built {
  int error = 0;
  const char* step = "";
};
Built build_room(const std::string& place, const Confinement& granted, const std::string& program,
                 std::vector<std::string>& notes);

}  // namespace molecule::sandbox
