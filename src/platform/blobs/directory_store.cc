#include "platform/blobs/directory_store.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/running_digest.h"
#include "platform/files/files.h"
#include "platform/files/fresh_file.h"

namespace molecule::blobs {
namespace {

namespace fs = std::filesystem;

constexpr files::Codes codes{"blob_unreadable", "blob_unsafe"};

Fault failed(const fs::path& path, std::string_view doing) {
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
    return {Kind::unavailable, "disk_full", "the platform's disk is full; try again later"};
  return files::refused({"blob_unwritable", "blob_unsafe"}, path, doing);
}

void sync_folder(const fs::path& folder) {
  const files::Descriptor open = files::open_folder(folder, codes);
  if (::fsync(open.get()) != 0) throw failed(folder, "sync it");
}

}  // namespace

class DirectoryStore::File final : public Arriving {
 public:
  explicit File(const fs::path& folder) : fresh_(folder / "arriving", codes) {}

  void append(std::string_view bytes) override {
    digest_.add(bytes);
    size_ += bytes.size();
    while (!bytes.empty()) {
      const ssize_t written = ::write(fresh_.descriptor(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw failed(fresh_.name(), "write it");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  Name seal() override {
    // A disk may say only now that it is full.
    if (::fsync(fresh_.descriptor()) != 0) throw failed(fresh_.name(), "sync it");
    fresh_.seal();
    name_ = digest_.finish();
    return *name_;
  }
  std::uint64_t size() const override { return size_; }
  fs::path path() const override { return fresh_.name(); }

  const Name& name() const { return *name_; }
  void place_at(const fs::path& place) { fresh_.place_at(place); }

 private:
  files::FreshFile fresh_;
  crypto::RunningDigest digest_;
  std::uint64_t size_ = 0;
  std::optional<Name> name_;
};

DirectoryStore::DirectoryStore(fs::path directory) : directory_(std::move(directory)) {
  files::make_private_directory(directory_);
  files::make_private_directory(incoming());
}

std::unique_ptr<Arriving> DirectoryStore::receive() { return std::make_unique<File>(incoming()); }

fs::path DirectoryStore::path_of(const Name& name) const {
  const std::string digits = crypto::hex_encode(name);
  return directory_ / digits.substr(0, 2) / digits.substr(2);
}

void DirectoryStore::keep(Arriving& arrived) {
  auto& file = static_cast<File&>(arrived);
  const fs::path place = path_of(file.name());
  const fs::path folder = place.parent_path();
  if (::mkdir(folder.c_str(), 0700) == 0) {
    sync_folder(directory_);
  } else if (errno != EEXIST) {
    throw failed(folder, "make it");
  }
  // The same bytes may be there: then they are replaced by themselves.
  file.place_at(place);
}

std::optional<files::Descriptor> DirectoryStore::open(const Name& name) {
  const fs::path path = path_of(name);
  files::Descriptor found(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (found.open()) return found;
  if (errno == ENOENT) return std::nullopt;
  throw files::refused(codes, path, "open it");
}

void DirectoryStore::remove(const Name& name) {
  const fs::path path = path_of(name);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw failed(path, "remove it");
}

void DirectoryStore::clear() {
  for (const auto& entry : fs::directory_iterator(incoming())) ::unlink(entry.path().c_str());
}

std::vector<Name> DirectoryStore::list(std::uint8_t first) {
  const std::string begin = crypto::hex_encode(crypto::Bytes(&first, 1));
  std::vector<Name> all;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory_ / begin, none)) {
    auto bytes = crypto::hex_decode(begin + entry.path().filename().string());
    Name name;
    if (!bytes || bytes->size() != name.size()) continue;
    std::copy(bytes->begin(), bytes->end(), name.begin());
    all.push_back(name);
  }
  return all;
}

}  // namespace molecule::blobs
