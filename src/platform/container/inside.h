// The first process of a container: leads a port of the container's own to the socket file that its
// minder brings in, starts the program, takes in what loses its parent, and ends with it.
#pragma once

#include <string_view>

namespace molecule::container {

inline constexpr std::string_view inside_word = "live-contained";

// The arguments: socket file, port, and the program with its arguments. Its exit status is the
// program's.
int live(int count, char** arguments);

}  // namespace molecule::container
