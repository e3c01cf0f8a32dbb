#include "platform/container/log_frames.h"

#include <algorithm>

#include "base/fault.h"

namespace molecule::container {
namespace {

constexpr std::size_t head_size = 8;
constexpr unsigned char stderr_stream = 2;

std::uint32_t length_of(std::string_view head) {
  std::uint32_t length = 0;
  for (std::size_t i = 4; i < head_size; ++i)
    length = length << 8 | static_cast<unsigned char>(head[i]);
  return length;
}

}  // namespace

void LogFrames::tell(std::string_view piece) {
  std::string_view time;
  if (!begun_) {
    const std::size_t space = piece.find(' ');
    time = piece.substr(0, space);
    piece.remove_prefix(space == std::string_view::npos ? piece.size() : space + 1);
  }
  begun_ = left_ > 0;
  if (!time.empty() || !piece.empty()) told_(time, piece);
}

void LogFrames::take(std::string_view bytes) {
  held_ += bytes;
  std::string_view rest = held_;
  for (;;) {
    if (left_ == 0) {
      if (rest.size() < head_size) break;
      if (static_cast<unsigned char>(rest.front()) > stderr_stream ||
          rest.substr(1, 3) != std::string_view("\0\0\0", 3))
        throw Fault(Kind::bad_gateway, "bad_response",
                    "the engine's log is not of the form that it has");
      left_ = length_of(rest);
      rest.remove_prefix(head_size);
      begun_ = false;
      continue;
    }
    const std::size_t wanted = std::min<std::size_t>(left_, piece_max);
    if (rest.size() < wanted) break;
    left_ -= static_cast<std::uint32_t>(wanted);
    tell(rest.substr(0, wanted));
    rest.remove_prefix(wanted);
  }
  held_.erase(0, held_.size() - rest.size());
}

}  // namespace molecule::container
