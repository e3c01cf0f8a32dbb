// Files on their way into a container and out of it: a tar as engines take and give it. Plain files
// and directories alone; names as long as its short form has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace molecule::container {

class Archive {
 public:
  explicit Archive(std::int64_t user) : user_(user) {}
  // Throw Fault internal for a name that does not fit.
  Archive& directory(std::string_view name, unsigned mode);
  Archive& file(std::string_view name, unsigned mode, std::string_view text);
  std::string take();

 private:
  void head(std::string_view name, char kind, unsigned mode, std::uint64_t size);
  std::int64_t user_;
  std::string bytes_;
};

// The first entry, where that is a plain file and whole; nothing else is looked for.
std::optional<std::string> first_file(std::string_view archive);

}  // namespace molecule::container
