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
  begin_file(parts.empty() ? 0 : parts.back().begin);
}

// What was begun before stays open until there is another.
bool LogFiles::begin_file(std::uint64_t at) {
  const auto open = [&] {
    return files::made_file(AT_FDCWD, file_at(directory_, at).c_str(), O_WRONLY | O_APPEND, 0600,
                            files::Made::or_opened);
  };
  const auto forget_all_but = [&](std::size_t most) {
    const std::vector<Part> parts = parts_of(directory_);
    std::error_code error;
    for (std::size_t i = 0; i + most < parts.size(); ++i)
      fs::remove(file_at(directory_, parts[i].begin), error);
  };
  files::Descriptor file = open();
  if (!file.open() && errno == ENOSPC) {
    forget_all_but(files_max - 1);
    file = open();
  }
  struct stat what{};
  if (!file.open() || ::fstat(file.get(), &what) != 0) return false;
  file_ = std::move(file);
  begun_ = at;
  size_ = static_cast<std::uint64_t>(what.st_size);
  forget_all_but(files_max);
  return true;
}

bool LogFiles::is_ready(Instant now) {
  if (file_.open() && size_ < file_max) return true;
  if (now < tries_from_) return false;
  if (begin_file(size_ < file_max ? begun_ : begun_ + size_)) return true;
  tries_from_ = now + std::chrono::seconds(1);
  return false;
}

// All of it or nothing.
bool LogFiles::write(std::string_view text) {
  std::uint64_t size = size_;
  while (!text.empty()) {
    const ssize_t written = ::write(file_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) size_ = size;
      return false;
    }
    size += static_cast<std::uint64_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ = size;
  return true;
}

void LogFiles::line(std::string_view text, Instant now) {
  ++lost_;
  if (!is_ready(now)) return;
  std::string whole;
  if (lost_ > 1)
    whole = fmt::format("{} {}{} lines could not be written\n", now.text(), own_sign, lost_ - 1);
  whole += fmt::format("{} {}\n", now.text(), text);
  if (write(whole)) lost_ = 0;
}

// A line of the program's, or what has come of one. It does not look like one of our own, whatever
// it hides before the sign.
void LogFiles::said(Instant now) {
  const auto seen = std::ranges::find_if(open_, [](char c) { return c > ' ' && c <= '~'; });
  const std::string_view rest(seen, open_.end());
  if (rest.starts_with(own_sign.substr(0, 2))) open_.insert(0, quote);
  line(open_, now);
  open_.clear();
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
    if (whole || open_.size() >= line_max) said(now);
  }
}

void LogFiles::note(std::string_view text, Instant now) {
  finish(now);
  line(fmt::format("{}{}", own_sign, text), now);
}

void LogFiles::finish(Instant now) {
  if (!open_.empty()) said(now);
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
