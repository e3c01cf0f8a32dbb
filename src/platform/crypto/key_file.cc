#include "platform/crypto/key_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/crypto/encoding.h"

namespace molecule::crypto {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view title = "molecule-sealing-keys 1";
constexpr std::size_t keys_max = 64;
constexpr std::size_t file_max = 16 * 1024;

Fault unsafe(const fs::path& path, std::string_view why) {
  return {Kind::conflict, "key_file_unsafe", fmt::format("{}: {}", path.string(), why)};
}
Fault invalid(const fs::path& path, std::string_view why) {
  return {Kind::conflict, "key_file_invalid", fmt::format("{}: {}", path.string(), why)};
}
Fault refused(const fs::path& path, std::string_view doing) {
  return {Kind::internal, "key_file_unreadable",
          fmt::format("{}: cannot {}: {}", path.string(), doing, std::strerror(errno))};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  bool open() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

// A file's text with keys in it; overwritten at death.
struct KeyText {
  std::string text;
  KeyText() = default;
  KeyText(KeyText&& other) noexcept : text(std::exchange(other.text, {})) {}
  KeyText& operator=(KeyText&&) = delete;
  ~KeyText() { wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}); }
};

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

// Holding the directory open makes the check and the later sync speak of the same directory.
int open_folder(const fs::path& file) {
  fs::path folder = folder_of(file);
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw refused(folder, "open the directory");
  struct stat found{};
  if (::fstat(fd, &found) != 0 || found.st_uid != ::geteuid() || (found.st_mode & 077) != 0) {
    ::close(fd);
    throw unsafe(folder,
                 "the directory of the sealing keys must belong to this user with mode 0700");
  }
  return fd;
}

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

void write_all(int fd, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      throw refused(path, "write");
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

enum class Existing { keep, replace };

bool write_ring(const fs::path& file, const Keyring& keys, Existing existing) {
  if (keys.empty() || keys.size() > keys_max)
    throw invalid(file, "between 1 and 64 sealing keys can be kept");
  Descriptor folder(open_folder(file));
  fs::path fresh = file;
  fresh += fmt::format(".new.{}", ::getpid());
  ::unlink(fresh.c_str());  // Left by an earlier process of the same number that died here.
  Descriptor out(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out.open()) throw refused(fresh, "create");
  bool placed = false;
  try {
    KeyText text = text_of_ring(keys);
    write_all(out.get(), text.text, fresh);
    if (::fchmod(out.get(), 0600) != 0 || ::fsync(out.get()) != 0) throw refused(fresh, "sync");
    if (existing == Existing::replace) {
      if (::rename(fresh.c_str(), file.c_str()) != 0) throw refused(file, "replace");
      placed = true;
    } else {
      // A link, unlike a rename, never replaces what another process has just made.
      placed = ::link(fresh.c_str(), file.c_str()) == 0;
      if (!placed && errno != EEXIST) throw refused(file, "create");
      ::unlink(fresh.c_str());
    }
    if (::fsync(folder.get()) != 0) throw refused(folder_of(file), "sync");
  } catch (...) {
    ::unlink(fresh.c_str());
    throw;
  }
  return placed;
}

}  // namespace

Keyring load_keys(const fs::path& file) {
  Descriptor folder(open_folder(file));
  Descriptor in(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!in.open()) throw refused(file, "open");
  struct stat found{};
  if (::fstat(in.get(), &found) != 0) throw refused(file, "look at it");
  if (!S_ISREG(found.st_mode))
    throw unsafe(file, "the file of the sealing keys must be a plain file");
  if (found.st_uid != ::geteuid() || (found.st_mode & 077) != 0) {
    throw unsafe(file, "the file of the sealing keys must belong to this user with mode 0600");
  }
  KeyText held;
  held.text.resize(file_max);
  std::size_t size = 0;
  while (size < file_max) {
    ssize_t n = ::read(in.get(), held.text.data() + size, file_max - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw refused(file, "read");
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
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
  throw refused(file, "look at it");
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
