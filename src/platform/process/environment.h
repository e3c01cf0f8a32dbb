// The process's surroundings: environment variables, the terminal, and a lock that keeps two
// processes off one data directory. The only place that reads the environment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "platform/files/descriptor.h"

namespace molecule::process {

// Unset and empty are both absent.
std::optional<std::string> environment(const char* name);

// Where data goes when nobody says: MOLECULE_DATA_DIR, XDG_DATA_HOME/molecule,
// ~/.local/share/molecule.
std::filesystem::path default_data_directory();

// Held while it lives; a second holder gets a Fault that says who holds it.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::filesystem::path& directory);

  // One line that holder_of() gives to other processes for as long as this one holds the lock.
  void tell(std::string_view line);

 private:
  files::Descriptor file_;
};

struct Holder {
  std::string pid;
  std::string told;  // Empty until it has told something.
};
// Who holds the directory at this moment. What a process that was killed has told is not believed:
// the lock went with it.
std::optional<Holder> holder_of(const std::filesystem::path& directory);

// Whether somebody may be reading along at a descriptor of this process, and whether that terminal
// shows colours: NO_COLOR and TERM=dumb say no.
bool is_terminal(int descriptor);
bool shows_colours(int descriptor);

// Resident memory of this process in bytes.
std::uint64_t resident_bytes();
int processor_count();
// Raises the soft limit of open files to the hard one.
void raise_file_limit();

}  // namespace molecule::process
