#include "platform/text/terminal.h"

#include <gtest/gtest.h>

namespace molecule::text {
namespace {

TEST(Terminal, WhatWouldCommandItIsShownInstead) {
  EXPECT_EQ(on_one_line("\x1b[2J\x1b]0;gone\x07"), "␛[2J␛]0;gone␇");
  EXPECT_EQ(on_one_line("a\u009b2Jb"), "a<U+009B>2Jb");
  EXPECT_EQ(on_one_line("safe\u202egpj.exe"), "safe<U+202E>gpj.exe");
  EXPECT_EQ(on_one_line("two\nlines\r\nand\ta tab\r"), "two lines and a tab ");
  EXPECT_EQ(on_one_line("no\xff utf8 \xed\xa0\x80"), "no� utf8 ���");
  EXPECT_EQ(on_one_line("a\u2028b"), "a<U+2028>b");
  EXPECT_EQ(on_one_line("del\x7f"), "del␡");
}

TEST(Terminal, NamesOfEveryScriptStay) {
  for (const char* name :
       {"Zoë", "张伟", "مريم", "नमस्ते", "👩‍💻 coder", "🇩🇪", "❤️", "می‌خواهم"})
    EXPECT_EQ(on_one_line(name), name);
}

TEST(Terminal, MarksDoNotPileUp) {
  std::string heap = "a";
  for (int i = 0; i < 50; ++i) heap += "\u0301";
  EXPECT_EQ(on_one_line(heap).size(), 1 + 6 * 2u);
}

TEST(Terminal, LinesStay) {
  EXPECT_EQ(on_lines("one\r\ntwo\n\tthree\x1b[0m"), "one\ntwo\n    three␛[0m");
}

TEST(Terminal, WithoutUtf8EveryColumnIsOneMark) {
  EXPECT_EQ(on_one_line("Zoë 张伟", Drawn::ascii), "Zo? ????");
  EXPECT_EQ(on_one_line("\x1b[2J", Drawn::ascii), "^[[2J");
  EXPECT_EQ(on_one_line("a\xff", Drawn::ascii), "a?");
}

TEST(Terminal, ColumnsAreThoseThatAreDrawn) {
  EXPECT_EQ(columns_of(""), 0);
  EXPECT_EQ(columns_of("abc"), 3);
  EXPECT_EQ(columns_of("张伟"), 4);
  EXPECT_EQ(columns_of("e\u0301"), 1);
  EXPECT_EQ(columns_of("🇩🇪"), 2);
  EXPECT_EQ(columns_of("👩‍💻"), 2);
  EXPECT_EQ(columns_of("❤️!"), 3);
}

TEST(Terminal, CuttingKeepsCharactersWhole) {
  EXPECT_EQ(fitted("researcher", 10), "researcher");
  EXPECT_EQ(fitted("researcher", 5), "rese…");
  EXPECT_EQ(fitted("researcher", 5, Cut::beginning), "…cher");
  EXPECT_EQ(fitted("researcher", 5, Cut::end, Drawn::ascii), "rese~");
  EXPECT_EQ(fitted("张伟李", 4), "张…");
  EXPECT_EQ(fitted("张伟李", 4, Cut::beginning), "…李");
  EXPECT_EQ(fitted("cafe\u0301 bar", 5), "cafe\u0301…");
  EXPECT_EQ(fitted("anything", 1), "…");
  EXPECT_EQ(fitted("anything", 0), "");
  EXPECT_EQ(prefix_within("张伟", 3), 3u);
}

}  // namespace
}  // namespace molecule::text
