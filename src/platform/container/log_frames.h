// What an engine tells of a container's output: pieces of one stream or the other, each behind a
// head of eight bytes, and each beginning with its time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace molecule::container {

class LogFrames {
 public:
  // A longer piece comes in several.
  static constexpr std::size_t piece_max = 64u << 10;
  // The time as the engine wrote it; empty where a piece goes on.
  using Told = std::function<void(std::string_view time, std::string_view text)>;

  explicit LogFrames(Told told) : told_(std::move(told)) {}
  // Bytes as they come. Throws Fault bad_gateway `bad_response` for what is no such stream.
  void take(std::string_view bytes);

 private:
  void tell(std::string_view piece);

  Told told_;
  std::string held_;
  std::uint32_t left_ = 0;  // Of the piece that is coming.
  bool begun_ = false;      // Some of it was told.
};

}  // namespace molecule::container
