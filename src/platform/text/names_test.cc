#include "platform/text/names.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "platform/text/confusables.h"

namespace molecule::text {
namespace {

// What deceives, one of each kind; each was once accepted as a name.
const std::vector<std::string> deceiving{
    "",
    " ",
    "   ",
    " pm",
    "pm ",
    "p  m",
    "p\tm",
    "p\nm",

    "p\u007fm",
    "p\u0085m",
    "p\u00adm",  // Soft hyphen.
    "p\u034fm",  // Grapheme joiner.
    "\u115f",    // Hangul fillers.
    "\u1160",
    "\u3164",
    "\uffa0",
    "p\u17b4m",  // Khmer vowels that are not written.
    "p\u180em",  // Mongolian separator.
    "p\u200bm",  // Zero-width.
    "\u200c",
    "p\u200dm",
    "p\u200cm",
    "p\u200em",  // Marks of direction.
    "p\u200fm",
    "p\u2028m",
    "p\u2029m",
    "p\u202em",  // Overrides and isolates.
    "p\u2066m",
    "p\u2060m",  // Word joiner.
    "p\u2064m",
    "p\ufe00m",  // Variation selectors.
    "p\ufe0fm",
    "p\ufeffm",  // Byte order mark.
    "p\ufff9m",
    "\ufffc",
    "p\ufffdm",
    "p\U000e0041m",  // A tag without its flag.
    "\U0001d159",
    "p\U0001d173m",
    "\u2800",    // The blank of Braille.
    "p\u00a0m",  // Other spaces.
    "p\u2003m",
    "p\u3000m",
    "\u0301",  // A mark alone.
    "p \u0301m",
    "p\ue000m",  // Private use.
    "p\U0010ffffm",
    "p\u0378m",  // Not assigned.
    "p\u0301\u0301\u0301\u0301\u0301\u0301\u0301m",
    "p\xffm",
    "p\xed\xa0\x80m",
};

const std::vector<std::string> ordinary{
    "pm",
    "Project Manager (2)",
    "research-3",
    "José",
    "Zoë O'Brien",
    "Müller & Söhne",
    "Łukasz",
    "Привет",
    "Ελένη",
    "Nguyễn Thị Ánh",
    "محمد",
    "می\u200cخواهم",
    "שלום",
    "नमस्ते",
    "क्\u200dष",
    "தமிழ்",
    "ไทยแลนด์",
    "中文名字",
    "日本語エージェント",
    "한국어",
    "አማርኛ",
    "ქართული",
    "հայերեն",
    "🚀",
    "team 🚀",
    "👩\u200d💻 dev",
    "❤\ufe0f",
    "👩🏽\u200d🚀",
    "👨\u200d👩\u200d👧",
    "🇩🇪",
    "1\ufe0f\u20e3",
    "🏳\ufe0f\u200d🌈",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "naïve",
    "x²",
    "№ 5",
    "a.b/c:d",
};

TEST(Names, WhatDeceivesIsRefusedWithItsCodePoint) {
  std::string with_nul = "p";
  with_nul += '\0';
  EXPECT_TRUE(flaw_of_name(with_nul));
  for (const std::string& name : deceiving) EXPECT_TRUE(flaw_of_name(name)) << "accepted: " << name;
  EXPECT_NE(flaw_of_name("p\u200bm")->find("U+200B"), std::string::npos);
}

TEST(Names, OrdinaryNamesOfEveryScriptAndEmojiPass) {
  for (const std::string& name : ordinary)
    EXPECT_FALSE(flaw_of_name(name)) << name << ": " << flaw_of_name(name).value_or("");
}

TEST(Names, ALineMayBeEmptyAndSpacedButHidesNothing) {
  for (std::string line : {"", " ", "a  b ", "a\u00a0b", "for 🚀"})
    EXPECT_FALSE(flaw_of_line(line));
  for (std::string line :
       {"a\u202eb", "a\nb", "a\u200bb", "a\u0085b", "a\u2028b", "a\ue000b", "\xff"})
    EXPECT_TRUE(flaw_of_line(line)) << line;
}

TEST(Names, OneSpellingForWhatLooksTheSame) {
  EXPECT_EQ(normal_form("Jose\u0301"), "Jos\u00e9");
  EXPECT_EQ(normal_form("Jos\u00e9"), "Jos\u00e9");
  EXPECT_EQ(normal_form("\u212b"), "\u00c5");
}

TEST(Names, NamesThatAreDrawnAlikeAreOne) {
  const std::vector<std::pair<std::string, std::string>> alike{
      {"pm", "PM"},
      {"José", "Jose\u0301"},
      {"paypal", "p\u0430yp\u0430l"},  // Cyrillic.
      {"scope", "\u0455\u0441\u043e\u0440\u0435"},
      {"HOT", "\u041d\u041e\u0422"},
      {"HOT", "\u0397\u039f\u03a4"},  // Greek.
      {"coo", "c\u03bf\u03bf"},
      {"paypal", "paypaI"},  // A capital i.
      {"agent l", "agent 1"},
      {"OK", "0K"},
      {"pm", "\uff50\uff4d"},  // Full width.
      {"fi", "\ufb01"},
      {"a-b", "a\u2010b"},
      {"straße", "STRASSE"},
      {"می\u200cخواهم", "میخواهم"},
  };
  for (const auto& [one, other] : alike) EXPECT_TRUE(look_alike(one, other)) << one << " " << other;
  const std::vector<std::pair<std::string, std::string>> apart{
      {"pm", "qa"},         {"mail", "mall"},   {"modern", "modem"}, {"a (2)", "a (3)"},
      {"resume", "résumé"}, {"Анна", "Anna B"}, {"東京", "京都"},
  };
  for (const auto& [one, other] : apart)
    EXPECT_FALSE(look_alike(one, other)) << one << " " << other;
}

// Plain names go a shorter way.
TEST(Names, WhatFollowsAPlainNameChangesNothingOfItsLook) {
  const std::string e_acute = "\u00e9";
  const auto end = skeletons(e_acute);
  std::string all;
  for (char c = ' '; c <= '~'; ++c) all += c;
  for (const std::string& name : {all, std::string("Agent 0|1I"), std::string("")}) {
    const auto plain = skeletons(name);
    const auto whole = skeletons(name + e_acute);
    EXPECT_EQ(plain[0] + end[0], whole[0]);
    EXPECT_EQ(plain[1] + end[1], whole[1]);
    EXPECT_EQ(normal_form(name) + e_acute, normal_form(name + e_acute));
  }
}

TEST(Confusables, TheTableIsOrderedAndEndsInLatin) {
  int known = 0;
  for (std::uint32_t code = 0x80; code < 0x10000; ++code) {
    std::uint32_t latin = looks_like(code);
    if (latin == code) continue;
    ++known;
    EXPECT_LT(latin, 0x80U) << code;
    EXPECT_EQ(looks_like(latin), latin) << code;
  }
  EXPECT_GT(known, 100);
  for (std::uint32_t code = 0; code < 0x80; ++code) EXPECT_EQ(looks_like(code), code);
}

}  // namespace
}  // namespace molecule::text
