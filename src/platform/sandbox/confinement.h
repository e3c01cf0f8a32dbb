// What a program may use of the machine that it is started on: as much of it as the kernel can hold
// it to. What could not be had is told, never left out in silence.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fields.h"

namespace molecule::sandbox {

// Zero: no limit of ours.
struct Limits {
  std::int64_t memory = 0;      // Bytes of data of one process, and of all of them together.
  std::int64_t processes = 0;   // Threads count as well.
  std::int64_t open_files = 0;  // Of one process.
  std::int64_t file_size = 0;   // Bytes of one file.
  std::int64_t disk = 0;        // Bytes of all in the writable directories that are its own.
  std::int64_t files = 0;       // In them, directories included.
};
BOOST_DESCRIBE_STRUCT(Limits, (), (memory, processes, open_files, file_size, disk, files))

// A directory as it was found: what its path leads to may be another a moment later.
struct SeenDirectory {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};
BOOST_DESCRIBE_STRUCT(SeenDirectory, (), (path, device, inode))

// The one that a path leads to, which has no link in it. Throws Fault bad_request
// `not_a_directory`.
SeenDirectory see_directory(const std::string& path);
// Whether `inner` is `outer`, or lies in it, however either is spelled.
bool lies_within(const SeenDirectory& inner, const SeenDirectory& outer);

struct Confinement {
  // Beside the directories of the system, which hold programs and libraries. What is not there is
  // passed over.
  std::vector<std::string> readable;
  std::vector<std::string> writable;
  std::string temporary;  // Writable too; stands at /tmp where it has a file tree of its own.
  // Whose number its processes get, when the one that starts it may choose; 0: the same user's.
  std::int64_t user = 0;
  // The only TCP ports it may connect to; it may listen on none of its choice then. Empty: any.
  std::vector<std::int64_t> ports;
  // A port that it may not listen on, whoever else leaves it: with one it may listen on those that
  // the kernel chooses and on some that programs are used to. 0: none.
  std::int64_t closed_port = 0;
  // Directories among those above that are given only if they are the ones which were looked at.
  std::vector<SeenDirectory> seen;
  Limits limits;
};
BOOST_DESCRIBE_STRUCT(Confinement, (),
                      (readable, writable, temporary, user, ports, closed_port, seen, limits))

// What came of it.
struct Measures {
  std::vector<std::string> applied;
  std::vector<std::string> missing;  // Each with its reason.
};
BOOST_DESCRIBE_STRUCT(Measures, (), (applied, missing))

// What this machine's kernel offers to this process, found out by trying.
Measures offered();

// Directories of the system that every program sees, and may not change.
const std::vector<std::string>& system_directories();

}  // namespace molecule::sandbox
