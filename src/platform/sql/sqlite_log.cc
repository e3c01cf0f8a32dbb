#include "platform/sql/sqlite_log.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include <sqlite3.h>

namespace molecule::sql {
namespace {

// As the format of the log and of its index fixes them (sqlite.org/walformat.html).
constexpr std::size_t index_bytes = 48;  // Of one of the two copies of the index's header.
constexpr std::size_t moved_at = 2 * index_bytes;
constexpr int index_region = 32'768;
constexpr std::uint32_t index_version = 3'007'000;
constexpr std::uint32_t log_magic = 0x377f0682;  // The last bit says how checksums are read.
constexpr std::int64_t log_header = 32;
constexpr std::int64_t frame_header = 24;
constexpr std::size_t summed_of_header = 8;  // The rest is the salt and the sum itself.

constexpr int tries_max = 16;  // While others write, who take microseconds.

using Salt = std::array<std::uint8_t, 8>;

struct Index {
  std::uint32_t frames = 0;
  std::uint32_t page_size = 0;
  std::array<std::uint32_t, 2> check{};  // Over all frames up to the last.
  Salt salt{};
  std::uint32_t moved = 0;

  bool same_log(const Index& other) const {
    return frames == other.frames && check == other.check && salt == other.salt;
  }
  std::int64_t start_of(std::int64_t frame) const {  // From 1.
    return log_header + (frame - 1) * (frame_header + page_size);
  }
};

template <class T>
T at(const std::uint8_t* bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes + offset, sizeof value);
  return value;
}

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

sqlite3_file* file_of(sqlite3* connection, int which) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection, "main", which, &file);
  return file && file->pMethods ? file : nullptr;
}

// Nothing when there is none that could be believed: then SQLite reads the log itself.
std::optional<Index> read_index(sqlite3* connection) {
  sqlite3_file* file = file_of(connection, SQLITE_FCNTL_FILE_POINTER);
  if (!file || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap) return std::nullopt;
  void volatile* mapped = nullptr;
  if (file->pMethods->xShmMap(file, 0, index_region, 0, &mapped) != SQLITE_OK || !mapped)
    return std::nullopt;
  const auto* shared = static_cast<const std::uint8_t*>(const_cast<const void*>(mapped));
  for (int tries = 0; tries < tries_max; ++tries) {
    std::array<std::uint8_t, moved_at + sizeof(std::uint32_t)> bytes{};
    std::memcpy(bytes.data(), shared, bytes.size());
    std::atomic_thread_fence(std::memory_order_acquire);
    // Both copies are the same unless somebody is writing them.
    if (std::memcmp(bytes.data(), bytes.data() + index_bytes, index_bytes) != 0) continue;
    if (at<std::uint32_t>(bytes.data(), 0) != index_version || bytes[12] == 0) return std::nullopt;
    Index index;
    const auto size = at<std::uint16_t>(bytes.data(), 14);
    index.page_size = size == 1 ? 65'536 : size;
    index.frames = at<std::uint32_t>(bytes.data(), 16);
    index.check = at<std::array<std::uint32_t, 2>>(bytes.data(), 24);
    index.salt = at<Salt>(bytes.data(), 32);
    index.moved = at<std::uint32_t>(bytes.data(), moved_at);
    return index;
  }
  return std::nullopt;
}

// The sum that each frame carries on from the one before it. Stored sums are big-endian; what is
// summed is read as the log's header says.
class Sum {
 public:
  Sum(bool big, const std::uint8_t* stored)
      : big_(big), parts_{big_endian(stored), big_endian(stored + 4)} {}
  // A multiple of eight bytes.
  void add(std::span<const std::uint8_t> bytes) {
    auto [first, second] = parts_;
    for (; !bytes.empty(); bytes = bytes.subspan(8)) {
      first += word(bytes.data()) + second;
      second += word(bytes.data() + 4) + first;
    }
    parts_ = {first, second};
  }
  bool is(const std::uint8_t* stored) const {
    return parts_[0] == big_endian(stored) && parts_[1] == big_endian(stored + 4);
  }

 private:
  std::uint32_t word(const std::uint8_t* bytes) const {
    return big_ ? big_endian(bytes) : at<std::uint32_t>(bytes, 0);
  }
  bool big_;
  std::array<std::uint32_t, 2> parts_;
};

// What the disk refuses to read is not known to be damaged: SQLite meets it itself.
struct Unreadable {};

class Log {
 public:
  explicit Log(sqlite3_file* file) : file_(file) {}

  bool holds(const Index& index) const {
    if (index.frames == 0) return true;
    sqlite3_int64 size = 0;
    if (file_->pMethods->xFileSize(file_, &size) != SQLITE_OK) return true;
    if (size < index.start_of(std::int64_t{index.frames} + 1) || !begins(index)) return false;
    std::array<std::uint8_t, frame_header> last{};
    return read(last, index.start_of(index.frames)) && at<Salt>(last.data(), 8) == index.salt &&
           big_endian(&last[16]) == index.check[0] && big_endian(&last[20]) == index.check[1];
  }
  // Whether the frames that are not in the database file yet are what was written. Those that were
  // seen whole before are not read again.
  bool unmoved_whole(const Index& index, LogSeen& seen) const {
    if (index.frames <= index.moved) return true;
    std::array<std::uint8_t, log_header> head{};
    if (!read(head, 0)) return false;
    const bool big = (head[3] & 1) != 0;
    std::uint32_t from = index.moved;
    std::optional<Sum> sum;
    if (seen.salt == index.salt && seen.frame > index.moved && seen.frame <= index.frames) {
      from = seen.frame;
      sum.emplace(big, seen.sum.data());
    } else if (index.moved == 0) {
      sum.emplace(big, &head[24]);
    } else {
      // What was moved is not needed any more: where it was damaged, the sum begins one later.
      std::array<std::uint8_t, frame_header> last{};
      if (read(last, index.start_of(index.moved)) && at<Salt>(last.data(), 8) == index.salt)
        sum.emplace(big, &last[16]);
    }
    std::vector<std::uint8_t> bytes(frame_header + index.page_size);
    const std::span<const std::uint8_t> frame(bytes);
    for (std::uint32_t number = from + 1; number <= index.frames; ++number) {
      if (!read(bytes, index.start_of(number)) || at<Salt>(bytes.data(), 8) != index.salt)
        return false;
      if (!sum) {
        sum.emplace(big, &bytes[16]);
        continue;
      }
      sum->add(frame.first(summed_of_header));
      sum->add(frame.subspan(frame_header));
      if (!sum->is(&bytes[16])) return false;
    }
    if (from == index.frames) return true;
    seen.salt = index.salt;
    seen.frame = index.frames;
    std::memcpy(seen.sum.data(), &bytes[16], seen.sum.size());
    return true;
  }
  // Whether the next start finds in it at least what the database file has of it already.
  bool reaches(const Index& index, std::uint32_t frames) const {
    if (!begins(index)) return false;
    for (std::uint32_t frame = 1; frame <= frames; ++frame) {
      std::array<std::uint8_t, frame_header> head{};
      if (!read(head, index.start_of(frame)) || at<Salt>(head.data(), 8) != index.salt)
        return false;
    }
    return true;
  }

 private:
  bool read(std::span<std::uint8_t> into, std::int64_t offset) const {
    const int size = static_cast<int>(into.size());
    const int result = file_->pMethods->xRead(file_, into.data(), size, offset);
    if (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ) throw Unreadable{};
    return result == SQLITE_OK;
  }
  bool begins(const Index& index) const {
    std::array<std::uint8_t, log_header> head{};
    return read(head, 0) && (big_endian(head.data()) & ~1U) == log_magic &&
           at<Salt>(head.data(), 16) == index.salt;
  }

  sqlite3_file* file_;
};

}  // namespace

LogCondition log_condition(sqlite3* connection, LogPart part, LogSeen& seen) try {
  sqlite3_file* file = file_of(connection, SQLITE_FCNTL_JOURNAL_POINTER);
  if (!file) return {};
  const Log log(file);
  for (int tries = 0; tries < tries_max; ++tries) {
    const auto index = read_index(connection);
    if (!index) return {};
    const bool ends = log.holds(*index);
    if (ends && (part == LogPart::ends || log.unmoved_whole(*index, seen))) return {};
    // Another process, such as an admin verb, may have started the log over in between. Frames that
    // were added then do not change those that were read.
    const auto again = read_index(connection);
    if (!again || !(ends ? again->salt == index->salt : again->same_log(*index))) continue;
    return {.whole = false,
            .moved = again->moved >= again->frames,
            .usable = log.reaches(*again, again->moved)};
  }
  return {};
} catch (const Unreadable&) {
  return {};
}

}  // namespace molecule::sql
