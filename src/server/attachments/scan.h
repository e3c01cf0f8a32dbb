// Looking into what came before it is kept: a program of the operator's that is run with the file's
// path. It lets a file pass by exit status 0 and refuses it by 1; whatever else happens, the file
// is not taken.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "platform/io/task.h"

namespace molecule::attachments {

class Scan {
 public:
  static constexpr std::chrono::seconds patience{60};
  static constexpr std::size_t reason_max = 200;  // Bytes of its output that are told.

  // `program`: an absolute path; empty: nothing is looked into.
  explicit Scan(std::string program) : program_(std::move(program)) {}

  // Throws Fault unprocessable `attachment_refused` with the first line the program wrote, or
  // unavailable `scan_failed`.
  io::Task<void> pass(std::filesystem::path file, std::string name, std::string media_type) const;

 private:
  std::string program_;
};

}  // namespace molecule::attachments
