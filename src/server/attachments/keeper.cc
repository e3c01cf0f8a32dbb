#include "server/attachments/keeper.h"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::attachments {
namespace {

Fault unreadable() { return internal("a file cannot be read from the disk"); }

}  // namespace

Keeper::Hold::Hold(Keeper& keeper, blobs::Name name) : keeper_(&keeper), name_(name) {
  std::lock_guard lock(keeper.mutex_);
  ++keeper.held_[name];
  keeper.held_since_.insert(name);
}

Keeper::Hold::~Hold() {
  if (!keeper_) return;
  std::lock_guard lock(keeper_->mutex_);
  auto held = keeper_->held_.find(name_);
  if (--held->second == 0) keeper_->held_.erase(held);
}

void Keeper::begin_round() {
  std::lock_guard lock(mutex_);
  held_since_.clear();
  for (const auto& [name, count] : held_) held_since_.insert(name);
}

io::Task<void> Keeper::remove(std::vector<blobs::Name> names) {
  co_await aside_.run([this, &names] {
    for (const blobs::Name& name : names) {
      // Whoever holds it now keeps it later, in this thread.
      {
        std::lock_guard lock(mutex_);
        if (held_since_.contains(name)) continue;
      }
      store_.remove(name);
    }
  });
}

io::Task<std::size_t> Keeper::read(const files::Descriptor& file, std::uint64_t offset,
                                   std::span<char> into) {
  co_return co_await aside_.run([&]() -> std::size_t {
    for (;;) {
      const ssize_t n = ::pread(file.get(), into.data(), into.size(), static_cast<off_t>(offset));
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) throw unreadable();
    }
  });
}

io::Task<std::uint64_t> Keeper::size(const files::Descriptor& file) {
  co_return co_await aside_.run([&]() -> std::uint64_t {
    struct stat info{};
    if (::fstat(file.get(), &info) != 0) throw unreadable();
    return static_cast<std::uint64_t>(info.st_size);
  });
}

}  // namespace molecule::attachments
