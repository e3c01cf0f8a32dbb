#include "platform/files/fresh_file.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>

namespace molecule::files {

FreshFile::FreshFile(std::filesystem::path file, const Codes& codes)
    : file_(std::move(file)),
      codes_(codes),
      folder_(open_folder(folder_of(file_), codes_)),
      name_(file_.string() + ".new.XXXXXX"),
      out_(::mkostemp(name_.data(), O_CLOEXEC)) {
  if (!out_.open()) throw refused(codes_, file_, "make it");
}

FreshFile::~FreshFile() { take_away(); }

void FreshFile::append(std::string_view text) { write_all(out_.get(), text, name_, codes_); }

void FreshFile::replace() {
  sync();
  if (::rename(name_.c_str(), file_.c_str()) != 0) throw refused(codes_, file_, "replace it");
  name_.clear();
  sync_folder();
}

bool FreshFile::place_unless_there() {
  sync();
  // A link, unlike a rename, replaces nothing.
  const bool placed = ::link(name_.c_str(), file_.c_str()) == 0;
  if (!placed && errno != EEXIST) throw refused(codes_, file_, "make it");
  take_away();
  sync_folder();
  return placed;
}

void FreshFile::seal() {
  sync();
  out_ = Descriptor();
}

void FreshFile::place_at(const std::filesystem::path& elsewhere) {
  if (out_.open()) sync();
  if (::rename(name_.c_str(), elsewhere.c_str()) != 0) throw refused(codes_, elsewhere, "make it");
  name_.clear();
  const Descriptor there = open_folder(folder_of(elsewhere), codes_);
  if (::fsync(there.get()) != 0) throw refused(codes_, folder_of(elsewhere), "sync it");
}

void FreshFile::sync() {
  // The user's mask may have taken bits away.
  if (::fchmod(out_.get(), 0600) != 0 || ::fsync(out_.get()) != 0)
    throw refused(codes_, name_, "sync it");
}

void FreshFile::sync_folder() {
  if (::fsync(folder_.get()) != 0) throw refused(codes_, folder_of(file_), "sync it");
}

void FreshFile::take_away() noexcept {
  if (name_.empty()) return;
  ::unlink(name_.c_str());
  name_.clear();
}

}  // namespace molecule::files
