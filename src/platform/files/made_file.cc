#include "platform/files/made_file.h"

#include <fcntl.h>

namespace molecule::files {

Descriptor made_file(int directory, const char* name, int access, mode_t mode, Made made) {
  const int exclusive = made == Made::anew ? O_EXCL : 0;
  return Descriptor(
      ::openat(directory, name, access | O_CREAT | O_CLOEXEC | O_NOFOLLOW | exclusive, mode));
}

}  // namespace molecule::files
