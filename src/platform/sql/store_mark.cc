#include "platform/sql/store_mark.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/sql/file_place.h"

namespace molecule::sql {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view title = "molecule store 1";
constexpr std::size_t file_max = 1024;
constexpr std::size_t headers_max = 8;
constexpr int seen_digits = 19;

[[noreturn]] void refuse(const fs::path& file, std::string_view doing) {
  throw internal(fmt::format("{}: cannot {}: {}", file.string(), doing, std::strerror(errno)));
}

// Closes what it was given unless it was taken out.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

void write_all(int fd, std::string_view text, const fs::path& file) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse(file, "write it");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::optional<FileHeader> header_of(std::string_view word) {
  FileHeader header;
  const char* end = word.data() + word.size();
  const auto run = std::from_chars(word.data(), end, header.run);
  if (run.ec != std::errc{} || run.ptr == end || *run.ptr != ':') return std::nullopt;
  const auto schema = std::from_chars(run.ptr + 1, end, header.schema);
  if (schema.ec != std::errc{} || schema.ptr != end) return std::nullopt;
  return header;
}

}  // namespace

std::optional<StoreMark::Text> StoreMark::read(const fs::path& file) {
  Descriptor in(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (in.get() < 0 && errno == ENOENT) return std::nullopt;
  if (in.get() < 0) refuse(file, "open it");
  std::string bytes(file_max, '\0');
  const ssize_t size = ::pread(in.get(), bytes.data(), bytes.size(), 0);
  if (size < 0) refuse(file, "read it");
  bytes.resize(static_cast<std::size_t>(size));

  Text text;
  std::string place;
  bool titled = false, complete = false;
  std::istringstream lines(bytes);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, word;
    words >> name;
    if (line == title) titled = true;
    if (name == "file") std::getline(words >> std::ws, place);
    if (name == "store" && words >> word) text.store = StoreId::parse(word).value_or(StoreId{});
    while (name == "headers" && words >> word && text.headers.size() < headers_max) {
      if (const auto header = header_of(word)) text.headers.push_back(*header);
    }
    if (name == "seen") complete = static_cast<bool>(words >> text.seen);
  }
  if (!titled || !complete || text.store.nil()) {
    throw conflict(
        "store_mark_invalid",
        fmt::format(
            "{} cannot be understood. Move it away and start again: followers of the log then take a "
            "fresh snapshot",
            file.string()));
  }
  text.copied = place != file_place(in.get()).value_or(place);
  return text;
}

StoreMark::StoreMark(fs::path file, io::Random& random)
    : file_(std::move(file)),
      random_(random),
      before_(read(file_)),
      run_(static_cast<std::uint32_t>(random.number() & 0x7fffffff) | 1) {}

StoreMark::~StoreMark() {
  if (descriptor_ < 0) return;
  ::fsync(descriptor_);
  ::close(descriptor_);
}

void StoreMark::write(StoreId store, std::vector<FileHeader> headers, std::int64_t seen) {
  fs::path fresh = file_;
  fresh += ".new";
  ::unlink(fresh.c_str());  // Left by a process that died here; the directory's lock is ours.
  Descriptor out(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (out.get() < 0) refuse(fresh, "create it");
  std::string text = fmt::format("{}\nstore {}\nfile {}\nheaders", title, store.text(),
                                 file_place(out.get()).value_or("unknown"));
  for (const FileHeader& header : headers) text += fmt::format(" {}:{}", header.run, header.schema);
  text += "\nseen ";
  const auto at = static_cast<std::int64_t>(text.size());
  text += fmt::format("{:0{}}\n", seen, seen_digits);
  write_all(out.get(), text, fresh);
  if (::fsync(out.get()) != 0) refuse(fresh, "sync it");
  if (::rename(fresh.c_str(), file_.c_str()) != 0) refuse(file_, "replace it");
  const fs::path folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
  Descriptor held(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (held.get() < 0 || ::fsync(held.get()) != 0) refuse(folder, "sync it");
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = out.release();
  seen_at_ = at;
}

void StoreMark::raise(std::int64_t seen) noexcept {
  if (descriptor_ < 0) return;
  // Not fmt: this runs at every commit that is told to others.
  char digits[seen_digits];
  for (int i = seen_digits - 1; i >= 0; --i, seen /= 10) {
    digits[i] = static_cast<char>('0' + seen % 10);
  }
  [[maybe_unused]] const ssize_t n = ::pwrite(descriptor_, digits, sizeof digits, seen_at_);
}

}  // namespace molecule::sql
