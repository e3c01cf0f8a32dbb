#include "platform/sql/store_mark.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/fresh_file.h"
#include "platform/sql/file_place.h"

namespace molecule::sql {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view title = "molecule store 1";
constexpr std::size_t file_max = 1024;
constexpr std::size_t headers_max = 8;
constexpr int seen_digits = 19;
constexpr files::Codes codes{};

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
  const files::Descriptor in(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!in.open() && errno == ENOENT) return std::nullopt;
  if (!in.open()) throw files::refused(codes, file, "open it");
  std::string bytes(file_max, '\0');
  const ssize_t size = ::pread(in.get(), bytes.data(), bytes.size(), 0);
  if (size < 0) throw files::refused(codes, file, "read it");
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
  if (written_.open()) ::fsync(written_.get());
}

void StoreMark::write(StoreId store, std::vector<FileHeader> headers, std::int64_t seen) {
  files::FreshFile fresh(file_, codes);
  std::string text = fmt::format("{}\nstore {}\nfile {}\nheaders", title, store.text(),
                                 file_place(fresh.descriptor()).value_or("unknown"));
  for (const FileHeader& header : headers) text += fmt::format(" {}:{}", header.run, header.schema);
  text += "\nseen ";
  const auto at = static_cast<std::int64_t>(text.size());
  text += fmt::format("{:0{}}\n", seen, seen_digits);
  fresh.append(text);
  fresh.replace();
  written_ = fresh.take();
  seen_at_ = at;
}

void StoreMark::raise(std::int64_t seen) noexcept {
  if (!written_.open()) return;
  // Not fmt: this runs at every commit that is told to others.
  char digits[seen_digits];
  for (int i = seen_digits - 1; i >= 0; --i, seen /= 10) {
    digits[i] = static_cast<char>('0' + seen % 10);
  }
  [[maybe_unused]] const ssize_t n = ::pwrite(written_.get(), digits, sizeof digits, seen_at_);
}

}  // namespace molecule::sql
