#include "server/provision/machine.h"

#include <array>

#include <unistd.h>

#include "platform/crypto/encoding.h"
#include "platform/files/files.h"

namespace molecule::provision {

std::string machine_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "this machine";
  return name.data();
}

std::string machine_of(const std::filesystem::path& directory, io::Random& random) {
  const std::filesystem::path file = directory / "machine";
  if (auto known = files::read(file); known && !known->empty()) return *known;
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  const std::string made = crypto::hex_encode(bytes);
  files::write_private(file, made);
  return made;
}

}  // namespace molecule::provision
