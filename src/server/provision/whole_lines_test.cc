#include "server/provision/whole_lines.h"

#include <gtest/gtest.h>

namespace molecule::provision {
namespace {

const std::string full(sandbox::LogFiles::line_max, 'x');

sandbox::LogPiece piece_of(std::string text, std::uint64_t begin = 0) {
  const std::uint64_t end = begin + text.size();
  return {std::move(text), begin, end, false};
}

TEST(WholeLines, PutTogetherWhatWasTooLong) {
  const auto whole = whole_lines(piece_of("T1 a\nT2 " + full + "\nT3 rest\nT4 b\n"), 0);
  EXPECT_EQ(whole.text, "T1 a\nT2 " + full + "rest\nT4 b\n");
  EXPECT_EQ(whole.begin, 0u);
  EXPECT_FALSE(whole.lost);
}

TEST(WholeLines, LeaveForLaterWhatStillGoesOn) {
  const auto whole = whole_lines(piece_of("T1 a\nT2 " + full + "\n"), 0);
  EXPECT_EQ(whole.text, "T1 a\n");
  EXPECT_EQ(whole.end, 5u);
}

TEST(WholeLines, BeginNeitherInALineNorInWhatItGoesOnWith) {
  const std::string text = "T1 " + full + "\nT2 rest\nT3 b\n";
  for (std::uint64_t since = 1; since < text.size() - 5; ++since)
    EXPECT_EQ(whole_lines(piece_of(text), since).text, "T3 b\n") << since;
  const auto nothing = whole_lines(piece_of(text), text.size());
  EXPECT_EQ(nothing.text, "");
  EXPECT_EQ(nothing.end, text.size());
  EXPECT_FALSE(nothing.lost);
}

TEST(WholeLines, SayWhatIsLost) {
  EXPECT_TRUE(whole_lines(piece_of("T1 a\n", 100), 7).lost);
  EXPECT_EQ(whole_lines(piece_of("T1 a\n", 100), 7).text, "T1 a\n");
  const auto beyond = whole_lines(piece_of("T1 a\n", 100), 900);
  EXPECT_TRUE(beyond.lost);
  EXPECT_EQ(beyond.end, 105u);
}

TEST(WholeLines, ComeToAnEndWhateverIsSaid) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "T " + full + "\n";
  const auto first = whole_lines(piece_of(text), 0);
  EXPECT_GT(first.text.size(), 100'000u);
  EXPECT_EQ(first.end, text.size());
  EXPECT_EQ(whole_lines(piece_of(text + "T end\nT b\n"), first.end).text, "T b\n");
}

}  // namespace
}  // namespace molecule::provision
