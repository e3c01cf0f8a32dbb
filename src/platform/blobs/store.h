// Keeps files under the SHA-256 of what is in them. Everything here blocks and belongs to one
// thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "platform/crypto/digest.h"
#include "platform/files/descriptor.h"

namespace molecule::blobs {

using Name = crypto::Digest;

// A file on its way in. It is gone with its owner unless it was kept.
class Arriving {
 public:
  virtual ~Arriving() = default;
  virtual void append(std::string_view bytes) = 0;
  // No more comes. What it is called from now on.
  virtual Name seal() = 0;
  virtual std::uint64_t size() const = 0;
  // Where it is meanwhile, for whoever looks into it before it is kept.
  virtual std::filesystem::path path() const = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual std::unique_ptr<Arriving> receive() = 0;
  // A sealed one; on the disk when it returns.
  virtual void keep(Arriving& arrived) = 0;
  // For reading; nothing when there is none.
  virtual std::optional<files::Descriptor> open(const Name& name) = 0;
  virtual void remove(const Name& name) = 0;
  // Takes away what was on its way when the last process ended. Before the first receive().
  virtual void clear() = 0;
  // What is kept, in portions: those whose digest begins with this byte.
  virtual std::vector<Name> list(std::uint8_t first) = 0;
};

}  // namespace molecule::blobs
