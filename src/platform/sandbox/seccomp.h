// A filter of system calls: what no program of an ordinary user needs, and what reaches out of its
// room, fails as if it were not allowed or not there.
#pragma once

namespace molecule::sandbox {

// Holds the calling thread, and all that it starts, to the filter. A system error, or 0. Needs
// no_new_privs.
int filter_calls();
// Whether the kernel has filters.
bool has_call_filters();

}  // namespace molecule::sandbox
