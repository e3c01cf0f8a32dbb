#include "platform/container/log_frames.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/fault.h"

namespace molecule::container {
namespace {

std::string piece(char stream, const std::string& text) {
  std::string head(8, '\0');
  head[0] = stream;
  for (std::size_t i = 0; i < 4; ++i) head[4 + i] = static_cast<char>(text.size() >> (24 - 8 * i));
  return head + text;
}

using Heard = std::vector<std::pair<std::string, std::string>>;

TEST(ContainerLog, TellsPiecesHoweverTheyAreCut) {
  const std::string all = piece(1, "2026-11-30T21:44:10Z hello\n") +
                          piece(2, "2026-11-30T21:44:11.5Z a b\n") + piece(1, "") +
                          piece(1, "2026-11-30T21:44:12Z \n");
  const Heard expected{{"2026-11-30T21:44:10Z", "hello\n"},
                       {"2026-11-30T21:44:11.5Z", "a b\n"},
                       {"2026-11-30T21:44:12Z", "\n"}};
  for (std::size_t step = 1; step <= all.size(); ++step) {
    Heard heard;
    LogFrames frames([&](auto time, auto text) { heard.emplace_back(time, text); });
    for (std::size_t at = 0; at < all.size(); at += step) frames.take(all.substr(at, step));
    ASSERT_EQ(heard, expected) << step;
  }
}

TEST(ContainerLog, HoldsNoMoreThanAPieceHoweverLongOneSaysItIs) {
  std::size_t told = 0;
  std::size_t times = 0;
  LogFrames frames([&](std::string_view time, std::string_view text) {
    told += text.size();
    times += time.empty() ? 0 : 1;
  });
  const std::string text = "2026-11-30T21:44:10Z " + std::string(5 * LogFrames::piece_max, 'x');
  const std::string all = piece(1, text);
  for (std::size_t at = 0; at < all.size(); at += 1000) frames.take(all.substr(at, 1000));
  EXPECT_EQ(told, 5 * LogFrames::piece_max);
  EXPECT_EQ(times, 1u);
}

TEST(ContainerLog, RefusesWhatIsNoLog) {
  LogFrames frames([](auto, auto) {});
  EXPECT_THROW(frames.take("plain text, line by line"), Fault);
}

}  // namespace
}  // namespace molecule::container
