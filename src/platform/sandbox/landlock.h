// Landlock: a process gives up, for itself and for all that it starts, the files, ports and signals
// that it is not granted. The numbers are the kernel's, so that the headers that this is built with
// may be older than the kernel it runs on.
#pragma once

#include <string>

#include "platform/sandbox/confinement.h"

namespace molecule::sandbox {

// The version that the kernel speaks; 0: none.
int landlock_version();

// Holds the calling thread to `allowed` from here on. Nothing is allocated for good, nothing is
// thrown: the answer is a system error, or 0. Needs no_new_privs.
int landlock(const Confinement& allowed, const std::string& temporary);

}  // namespace molecule::sandbox
