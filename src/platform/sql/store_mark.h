// What a platform remembers of its store outside the store, in a small file of its data directory:
// which store it is, what its file looked like when this process took it over, and how far the log
// has been told to others. A store that was replaced by an older copy of itself cannot know that;
// the mark beside it does.
//
//   molecule store 1
//   store 4bf0…            the store's own id
//   file 1311 1700000000…  inode and birth of this very file: a copy of the mark has others
//   headers 71823:31       run and schema of the database file, by which its log is known (SQLite)
//   seen 0000000000000000250
//
// Readable text, 0600. raise() overwrites the last number in place and leaves syncing to the
// system: a process that is killed loses nothing, a power cut may lose the last seconds, and a
// number that is too low only means that a restored copy is noticed a little less often.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "platform/files/descriptor.h"
#include "platform/io/clock.h"

namespace molecule::sql {

using StoreId = Id<struct StoreTag>;

// Two fields of a database file's first page. The run is new with each process that serves from it,
// the schema number is another in every copy that SQLite itself makes.
struct FileHeader {
  std::uint32_t run = 0;
  std::uint32_t schema = 0;
  friend bool operator==(const FileHeader&, const FileHeader&) = default;
};

class StoreMark {
 public:
  struct Text {
    StoreId store;
    std::vector<FileHeader> headers;
    std::int64_t seen = 0;
    bool copied = false;  // The file is not the one that was written: somebody put it here.
  };
  // Nothing when there is none. Throws Fault internal when it is there and cannot be understood.
  static std::optional<Text> read(const std::filesystem::path& file);

  // Reads what there is; writes nothing yet.
  StoreMark(std::filesystem::path file, io::Random& random);
  ~StoreMark();
  StoreMark(const StoreMark&) = delete;
  StoreMark& operator=(const StoreMark&) = delete;

  const std::optional<Text>& before() const { return before_; }  // As it was found.
  std::uint32_t run() const { return run_; }                     // This process's own, never 0.
  StoreId fresh_id() const { return random_.id<StoreId>(); }

  // Replaces the file, synced before and after; `seen` stays what it was or is raised to `seen`.
  void write(StoreId store, std::vector<FileHeader> headers, std::int64_t seen);
  // The log has been told to others up to here. After write(), on one thread at a time.
  void raise(std::int64_t seen) noexcept;

 private:
  std::filesystem::path file_;
  io::Random& random_;
  std::optional<Text> before_;
  std::uint32_t run_;
  files::Descriptor written_;
  std::int64_t seen_at_ = 0;  // Where in the file the number stands.
};

}  // namespace molecule::sql
