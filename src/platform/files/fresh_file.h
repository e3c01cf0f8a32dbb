// A private file on its way into its place: made beside it with mode 0600 under a name that nobody
// else uses, and taken away again unless it got there. A process that dies leaves what was there.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "platform/files/descriptor.h"
#include "platform/files/files.h"

namespace molecule::files {

class FreshFile {
 public:
  // For the place `file`; the codes' texts must outlive it. Throws Fault, as all of it does.
  explicit FreshFile(std::filesystem::path file, const Codes& codes = {});
  ~FreshFile();
  FreshFile(const FreshFile&) = delete;
  FreshFile& operator=(const FreshFile&) = delete;

  // The directory it goes to, held open: who checks it and who syncs it mean the same one.
  const Descriptor& folder() const { return folder_; }
  int descriptor() const { return out_.get(); }
  void append(std::string_view text);

  // Both sync the file, put it in its place and sync the directory.
  void replace();
  // Never replaces what another process has just made: false then, and that one counts.
  bool place_unless_there();

  // For one that goes elsewhere on the same file system. seal(): nothing more is written; synced
  // and closed. place_at(): then there, in the place of what was; its directory is synced.
  void seal();
  void place_at(const std::filesystem::path& elsewhere);
  const std::string& name() const { return name_; }

  // The open file, which may go on being written after it was placed.
  Descriptor take() { return std::move(out_); }

 private:
  void sync();
  void sync_folder();
  void take_away() noexcept;

  const std::filesystem::path file_;
  const Codes codes_;
  const Descriptor folder_;
  std::string name_;  // Until it is placed.
  Descriptor out_;
};

}  // namespace molecule::files
