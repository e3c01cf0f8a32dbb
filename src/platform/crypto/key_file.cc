#include "platform/crypto/key_file.h"

#include <cerrno>
#include <utility>

#include <fmt/core.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "platform/crypto/encoding.h"
#include "platform/files/fresh_file.h"

namespace molecule::crypto {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view title = "molecule-sealing-keys 1";
constexpr std::size_t keys_max = 64;
constexpr std::size_t file_max = 16 * 1024;
constexpr files::Codes codes{.unreadable = "key_file_unreadable", .unsafe = "key_file_unsafe"};

Fault invalid(const fs::path& path, std::string_view why) {
  return {Kind::conflict, "key_file_invalid", fmt::format("{}: {}", path.string(), why)};
}
// A file's text with keys in it; overwritten at death.
struct KeyText {
  std::string text;
  KeyText() = default;
  KeyText(KeyText&& other) noexcept : text(std::exchange(other.text, {})) {}
  KeyText& operator=(KeyText&&) = delete;
  ~KeyText() { wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}); }
};

KeyText text_of_ring(const Keyring& keys) {
  KeyText out;
  out.text.reserve(file_max);  // Never grown, so no copy of a key stays behind.
  out.text += "# sealing keys of this instance; the last one seals, all of them open\n";
  out.text += title;
  out.text += '\n';
  for (const SealingKey& key : keys.keys()) {
    std::string line = base64_encode(key.reveal());
    out.text += line;
    out.text += '\n';
    wipe({reinterpret_cast<std::uint8_t*>(line.data()), line.size()});
  }
  return out;
}

enum class Existing { keep, replace };

bool write_ring(const fs::path& file, const Keyring& keys, Existing existing) {
  if (keys.empty() || keys.size() > keys_max)
    throw invalid(file, "between 1 and 64 sealing keys can be kept");
  files::FreshFile fresh(file, codes);
  files::require_private(fresh.folder(), files::folder_of(file), codes);
  const KeyText text = text_of_ring(keys);
  fresh.append(text.text);
  if (existing == Existing::keep) return fresh.place_unless_there();
  fresh.replace();
  return true;
}

}  // namespace

Keyring load_keys(const fs::path& file) {
  const fs::path folder = files::folder_of(file);
  files::require_private(files::open_folder(folder, codes), folder, codes);
  KeyText held;
  held.text.resize(file_max);
  const std::size_t size = files::read_private(file, held.text, codes);
  if (size == file_max) throw invalid(file, "the file is too long");

  Keyring keys;
  bool titled = false;
  std::string_view rest(held.text.data(), size);
  if (!rest.ends_with('\n')) throw invalid(file, "the last line is cut off");
  for (int number = 1; !rest.empty(); ++number) {
    std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    if (!titled) {
      if (line != title)
        throw invalid(file, fmt::format("line {}: expected \"{}\"", number, title));
      titled = true;
      continue;
    }
    // 32 raw characters are for the environment only: a file has one spelling.
    auto key = line.size() == 44 ? SealingKey::parse(line) : std::nullopt;
    if (!key)
      throw invalid(file, fmt::format("line {}: expected the base64 text of 32 bytes", number));
    if (keys.size() == keys_max) throw invalid(file, "more than 64 sealing keys");
    keys.add(*key);
  }
  if (keys.empty()) throw invalid(file, "the file holds no sealing key");
  return keys;
}

void save_keys(const fs::path& file, const Keyring& keys) {
  write_ring(file, keys, Existing::replace);
}

bool create_keys(const fs::path& file, const Keyring& keys) {
  return write_ring(file, keys, Existing::keep);
}

bool key_file_exists(const fs::path& file) {
  struct stat found{};
  if (::lstat(file.c_str(), &found) == 0) return true;
  if (errno == ENOENT) return false;
  throw files::refused(codes, file, "look at it");
}

SealingKey environment_key(std::string_view text) {
  auto key = SealingKey::parse(text);
  if (!key) {
    throw bad_request(
        "sealing_key_invalid",
        "SECRETS_ENCRYPTION_KEY must be 32 characters or the base64 text of 32 bytes");
  }
  return *key;
}

}  // namespace molecule::crypto
