#include "platform/sandbox/log_files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/files/made_file.h"

namespace molecule::sandbox {
namespace {

namespace fs = std::filesystem;

struct Part {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
};

fs::path file_at(const fs::path& directory, std::uint64_t begin) {
  return directory / fmt::format("{:020}.log", begin);
}

// In the order of what they hold.
std::vector<Part> parts_of(const fs::path& directory) {
  std::vector<Part> parts;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    Part part;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), part.begin);
    if (bad != std::errc() || std::string_view(end) != ".log") continue;
    const std::uintmax_t size = fs::file_size(entry.path(), error);
    if (error) continue;
    part.size = size;
    parts.push_back(part);
  }
  std::ranges::sort(parts, {}, &Part::begin);
  return parts;
}

std::string read_part(const fs::path& directory, const Part& part, std::uint64_t from,
                      std::size_t most) {
  std::string text;
  const files::Descriptor file(
      ::open(file_at(directory, part.begin).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.open()) return text;
  text.resize(most);
  const ssize_t got = ::pread(file.get(), text.data(), most, static_cast<off_t>(from));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

}  // namespace

LogFiles::LogFiles(fs::path directory) : directory_(std::move(directory)) {
  const std::vector<Part> parts = parts_of(directory_);
  if (parts.empty()) {
    begin_file(0);
    return;
  }
  begun_ = parts.back().begin;
  size_ = parts.back().size;
  file_ = files::Descriptor(
      ::open(file_at(directory_, begun_).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
}

void LogFiles::begin_file(std::uint64_t at) {
  begun_ = at;
  size_ = 0;
  file_ = files::made_file(AT_FDCWD, file_at(directory_, at).c_str(), O_WRONLY | O_APPEND, 0600,
                           files::Made::anew);
  std::vector<Part> parts = parts_of(directory_);
  std::error_code error;
  for (std::size_t i = 0; i + files_max < parts.size(); ++i)
    fs::remove(file_at(directory_, parts[i].begin), error);
}

void LogFiles::line(std::string_view text, Instant now) {
  if (size_ >= file_max) begin_file(begun_ + size_);
  std::string whole = fmt::format("{} {}\n", now.text(), text);
  std::string_view rest = whole;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    size_ += static_cast<std::uint64_t>(written);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void LogFiles::take(std::string_view bytes, Instant now) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t room = line_max - open_.size();
    const std::size_t taken = std::min({end, bytes.size(), room});
    open_ += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    const bool whole = !bytes.empty() && bytes.front() == '\n';
    if (whole) bytes.remove_prefix(1);
    if (!whole && open_.size() < line_max) continue;
    line(open_, now);
    open_.clear();
  }
}

void LogFiles::note(std::string_view text, Instant now) {
  finish(now);
  line(text, now);
}

void LogFiles::finish(Instant now) {
  if (open_.empty()) return;
  line(open_, now);
  open_.clear();
}

LogPiece read_from(const fs::path& directory, std::uint64_t place, std::size_t most) {
  LogPiece piece;
  const std::vector<Part> parts = parts_of(directory);
  if (parts.empty()) {
    piece.lost = place != 0;
    return piece;
  }
  const std::uint64_t all = parts.back().begin + parts.back().size;
  piece.begin = std::clamp(place, parts.front().begin, all);
  piece.lost = piece.begin != place;
  piece.end = piece.begin;
  for (const Part& part : parts) {
    if (piece.end < part.begin || piece.end >= part.begin + part.size) continue;
    if (piece.text.size() >= most) break;
    const std::uint64_t from = piece.end - part.begin;
    const std::size_t room = std::min<std::uint64_t>(most - piece.text.size(), part.size - from);
    const std::string got = read_part(directory, part, from, room);
    piece.text += got;
    piece.end += got.size();
  }
  // Whole lines, unless one alone is longer than what may be read.
  const std::size_t last = piece.text.rfind('\n');
  if (last != std::string::npos) piece.text.resize(last + 1);
  if (last == std::string::npos && piece.text.size() < most) piece.text.clear();
  piece.end = piece.begin + piece.text.size();
  return piece;
}

LogPiece read_last(const fs::path& directory, std::size_t lines, std::size_t most) {
  const std::vector<Part> parts = parts_of(directory);
  if (parts.empty()) return {};
  const std::uint64_t all = parts.back().begin + parts.back().size;
  const std::uint64_t from =
      std::max(parts.front().begin, all - std::min<std::uint64_t>(all, most));
  LogPiece piece = read_from(directory, from, most);
  piece.lost = false;
  std::size_t begin = 0;
  // Somewhere in a line.
  if (from != parts.front().begin) begin = piece.text.find('\n') + 1;
  std::size_t at = piece.text.size();
  std::size_t seen = 0;
  while (at > begin && seen < lines) {
    const std::size_t before = at < 2 ? std::string::npos : piece.text.rfind('\n', at - 2);
    at = before == std::string::npos ? 0 : before + 1;
    ++seen;
  }
  at = std::max(at, begin);
  piece.begin += at;
  piece.text.erase(0, at);
  return piece;
}

}  // namespace molecule::sandbox
