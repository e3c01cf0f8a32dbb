#include "tui/cells.h"

#include <gmock/gmock.h>

namespace molecule::tui {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string shown(std::string_view text) {
  std::string out;
  for (const Glyph& glyph : glyphs(text)) out += glyph.text;
  return out;
}

TEST(Cells, CountWideAndCombiningCharacters) {
  EXPECT_EQ(width_of("pm"), 2);
  EXPECT_EQ(width_of("研究員"), 6);
  EXPECT_EQ(width_of("e\u0301"), 1);
  EXPECT_EQ(width_of("한국어"), 6);
  EXPECT_EQ(width_of("🚀"), 2);
  EXPECT_EQ(glyphs("e\u0301x").size(), 2u);
}

TEST(Cells, VowelsThatStandBesideTheirLetterAreShown) {
  EXPECT_EQ(shown("काली"), "काली");
  EXPECT_EQ(width_of("काली"), 4);
  EXPECT_EQ(shown("தமிழ்"), "தமிழ்");
  EXPECT_EQ(width_of("தமிழ்"), 4);
  EXPECT_EQ(cut("काली", 3), "का…");
}

TEST(Cells, EscapesOfTerminalsAreSeenAndDoNothing) {
  const std::string text = shown("\033[31mred\033]0;title\007 \033[2J\u009b1m");
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(text, Not(HasSubstr("\007")));
  EXPECT_THAT(text, Not(HasSubstr("\u009b")));
  EXPECT_THAT(text, HasSubstr("␛[31mred"));
  EXPECT_EQ(width_of("\033[31m"), 5);
}

TEST(Cells, WhatTerminalsDrawInDifferentWidthsIsTakenApart) {
  // A woman, joined with a laptop: two characters of two cells in every terminal.
  EXPECT_EQ(shown("👩\u200d💻"), "👩💻");
  EXPECT_EQ(width_of("👩\u200d💻"), 4);
  EXPECT_EQ(shown("🇩🇪"), "DE");
  EXPECT_EQ(shown("❤\ufe0f"), "❤");
  EXPECT_EQ(shown("👍🏽"), "👍");
}

TEST(Cells, WhatTurnsTheWritingOrIsNotSeenIsLeftOut) {
  EXPECT_EQ(shown("a\u202eb\u200bc\u2066d\ufeff"), "abcd");
  EXPECT_EQ(shown(std::string("a\0b", 3)), "a␀b");
  EXPECT_EQ(shown("bad \xff\xc3 end"), "bad \ufffd\ufffd end");
}

TEST(Cells, AHeapOfMarksStaysOnItsCell) {
  std::string heap = "Z";
  for (int i = 0; i < 200; ++i) heap += "\u0334";
  EXPECT_EQ(width_of(heap), 1);
  EXPECT_LE(shown(heap).size(), 1 + 4 * 2u);
  EXPECT_EQ(width_of("\u0301"), 1);  // A mark with nothing to stand on.
}

// Whatever bytes come, nothing that controls a terminal goes out, and the widths are so.
TEST(Cells, AnyBytesAreHarmlessAndAsWideAsTheySay) {
  static constexpr std::string_view pieces[]{
      "a",          " ",      "\n",     "\033[2J",    "\x9b",     "\xc2\x9b", "\xff",   "\xe7\xa0",
      "研",         "\u0301", "\u202e", "👩\u200d💻", "\u115f",   "🇩",        "\ufe0f", "\u0600",
      "\U000e0041", "\u00ad", "\ue000", "\u0378",     "ᄀ\u1161", "ﷺ"};
  std::uint32_t state = 1;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0; i < 8; ++i) {
      state = state * 1'664'525u + 1'013'904'223u;
      text += pieces[(state >> 16) % std::size(pieces)];
    }
    const int width = static_cast<int>(state >> 20) % 12;
    std::string all;
    int columns = 0;
    for (const Glyph& glyph : glyphs(text)) {
      ASSERT_TRUE(glyph.width == 1 || glyph.width == 2);
      all += glyph.text;
      columns += glyph.width;
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto byte = static_cast<unsigned char>(all[i]);
      ASSERT_TRUE(byte >= 0x20 && byte != 0x7F) << text;
      const bool behind_ascii = byte == 0xC2 && static_cast<unsigned char>(all[i + 1]) < 0xA0;
      ASSERT_FALSE(behind_ascii) << text;
    }
    ASSERT_EQ(columns, width_of(all)) << text;  // Once harmless, it stays as it is.
    ASSERT_LE(width_of(cut(text, width)), width) << text;
    for (const std::string& line : wrapped(text, width))
      ASSERT_LE(width_of(line), std::max(width, 2));
  }
}

TEST(Cells, LineEndsAreBlanks) { EXPECT_EQ(shown("a\r\nb\tc\u2028d"), "a  b c d"); }

TEST(Cut, LeavesWhatFitsAndMarksTheRest) {
  EXPECT_EQ(cut("researcher", 10), "researcher");
  EXPECT_EQ(cut("researcher", 5), "rese…");
  EXPECT_EQ(cut("研究員", 6), "研究員");
  EXPECT_EQ(cut("研究員", 5), "研究…");
  EXPECT_EQ(cut("研究員", 4), "研…");  // The mark takes half of the room of the second.
  EXPECT_EQ(cut("x", 0), "");
  EXPECT_EQ(cut("xy", 1), "…");
  for (int width = 0; width < 12; ++width) EXPECT_LE(width_of(cut("a研b究c員d", width)), width);
}

TEST(Wrapped, BreaksAtBlanks) {
  EXPECT_THAT(wrapped("one two three", 8), ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped("abcdefghij", 4), ElementsAre("abcd", "efgh", "ij"));
  EXPECT_THAT(wrapped("a\n\nb", 10), ElementsAre("a", "", "b"));
  EXPECT_THAT(wrapped("", 10), ElementsAre(""));
  EXPECT_THAT(wrapped("研究員研究員", 5), ElementsAre("研究", "員研", "究員"));
  for (const auto& line : wrapped("wörter und 研究員 und 🚀🚀🚀🚀 zusammen", 7))
    EXPECT_LE(width_of(line), 7);
}

TEST(Wrapped, SaysThatThereIsMore) {
  EXPECT_THAT(wrapped("one two three four", 5, 2), ElementsAre("one", "two …"));
}

TEST(Cells, LettersAndTheirPartsAreOneWhereThereIsSuchAOne) {
  // Hangul and letters with marks, taken apart.
  EXPECT_EQ(glyphs("\u1112\u1161\u11ab").size(), 1u);
  EXPECT_EQ(glyphs("\u1112\u1161\u11ab")[0].text, "한");
  EXPECT_EQ(width_of("\u1112\u1161\u11ab\u1100\u1173\u11af"), 4);
  EXPECT_EQ(glyphs("e\u0301")[0].text, "é");
  EXPECT_EQ(glyphs("\xff\u1112\u1161").size(), 2u) << "beside what is no text";
}

}  // namespace
}  // namespace molecule::tui
