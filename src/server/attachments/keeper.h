// The disk, from the loops: everything that blocks is done by one thread. Also what may not be
// taken away although no row names it yet: bytes are kept before their row is written.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>

#include "platform/blobs/store.h"
#include "platform/io/aside.h"

namespace molecule::attachments {

class Keeper {
 public:
  explicit Keeper(blobs::Store& store) : store_(store) {}
  Keeper(const Keeper&) = delete;

  // Takes the file away that it still has, in the right thread; destruction alone would do it too.
  using File = std::unique_ptr<blobs::Arriving>;
  io::Task<File> receive() {
    return aside_.run([this] { return store_.receive(); });
  }
  io::Task<void> append(blobs::Arriving& file, std::string_view bytes) {
    return aside_.run([&file, bytes] { file.append(bytes); });
  }
  io::Task<blobs::Name> seal(blobs::Arriving& file) {
    return aside_.run([&file] { return file.seal(); });
  }
  io::Task<void> drop(File file) {
    co_await aside_.run([&file] { file.reset(); });
  }

  // What was kept stays until its owner is gone, named or not.
  class Hold {
   public:
    Hold(Keeper& keeper, blobs::Name name);
    Hold(Hold&& other) noexcept
        : keeper_(std::exchange(other.keeper_, nullptr)), name_(other.name_) {}
    ~Hold();

   private:
    Keeper* keeper_;
    blobs::Name name_;
  };
  io::Task<void> keep(blobs::Arriving& file) {
    return aside_.run([this, &file] { store_.keep(file); });
  }

  io::Task<std::optional<files::Descriptor>> open(blobs::Name name) {
    return aside_.run([this, name] { return store_.open(name); });
  }
  // At most as much as there is room for, from `offset` on; none at the end.
  io::Task<std::size_t> read(const files::Descriptor& file, std::uint64_t offset,
                             std::span<char> into);
  io::Task<std::uint64_t> size(const files::Descriptor& file);

  io::Task<void> clear() {
    return aside_.run([this] { store_.clear(); });
  }
  io::Task<std::vector<blobs::Name>> list(std::uint8_t first) {
    return aside_.run([this, first] { return store_.list(first); });
  }
  // Around finding out what no row names: what is held now, or was since, is not taken away. One
  // such round at a time.
  void begin_round();
  io::Task<void> remove(std::vector<blobs::Name> names);

 private:
  blobs::Store& store_;
  std::mutex mutex_;
  std::map<blobs::Name, int> held_;
  std::set<blobs::Name> held_since_;
  io::Aside aside_;
};

}  // namespace molecule::attachments
