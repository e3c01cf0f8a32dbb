// A file that is made, or opened where it is there already: never through a link, never kept open
// by programs that are started.
#pragma once

#include <sys/types.h>

#include "platform/files/descriptor.h"

namespace molecule::files {

enum class Made {
  or_opened,  // What is there is opened.
  anew,       // What is there is an error, EEXIST.
};

// `name` below the open directory, or a path of its own with AT_FDCWD. `access` is such as O_RDWR,
// with O_APPEND where it is wanted. Where the system refuses, errno says why.
Descriptor made_file(int directory, const char* name, int access, mode_t mode, Made made);

}  // namespace molecule::files
