// Files in a directory: incoming/ for what is on its way, and a folder for each first byte of a
// digest, so that none has too many.
#pragma once

#include "platform/blobs/store.h"

namespace molecule::blobs {

class DirectoryStore final : public Store {
 public:
  // Makes the directory, for this user only.
  explicit DirectoryStore(std::filesystem::path directory);

  std::unique_ptr<Arriving> receive() override;
  void keep(Arriving& arrived) override;
  std::optional<files::Descriptor> open(const Name& name) override;
  void remove(const Name& name) override;
  void clear() override;
  std::vector<Name> list(std::uint8_t first) override;

  std::filesystem::path path_of(const Name& name) const;

 private:
  class File;
  std::filesystem::path incoming() const { return directory_ / "incoming"; }
  const std::filesystem::path directory_;
};

}  // namespace molecule::blobs
