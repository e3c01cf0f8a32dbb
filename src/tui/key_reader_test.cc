#include "tui/key_reader.h"

#include <random>

#include <gtest/gtest.h>

namespace molecule::tui {
namespace {

using Is = Key::Is;

std::vector<Key> keys_of(KeyReader& reader) {
  std::vector<Key> out;
  while (auto key = reader.next()) out.push_back(std::move(*key));
  return out;
}

std::vector<Is> pressed(std::string_view bytes) {
  KeyReader reader;
  reader.take(bytes);
  reader.pause();
  std::vector<Is> out;
  for (const Key& key : keys_of(reader)) out.push_back(key.is);
  return out;
}

std::string typed(std::string_view bytes) {
  KeyReader reader;
  reader.take(bytes);
  std::string out;
  for (const Key& key : keys_of(reader)) out += key.is == Is::text ? key.text : "?";
  return out;
}

TEST(KeyReader, KnowsTheKeysOfManyTerminals) {
  for (std::string_view up : {"\033[A", "\033OA", "\033[1;5A", "\033Oa", "\033[a", "\x10"})
    EXPECT_EQ(pressed(up), std::vector{Is::up}) << up;
  for (std::string_view home : {"\033[H", "\033OH", "\033[1~", "\033[7~", "\033[7^", "\033[1;2H"})
    EXPECT_EQ(pressed(home), std::vector{Is::home}) << home;
  for (std::string_view end : {"\033[F", "\033OF", "\033[4~", "\033[8~"})
    EXPECT_EQ(pressed(end), std::vector{Is::end}) << end;
  EXPECT_EQ(pressed("\033[3~\033[5~\033[6~\033[Z"),
            (std::vector{Is::del, Is::page_up, Is::page_down, Is::back_tab}));
  EXPECT_EQ(pressed("\033"), std::vector{Is::escape});
  EXPECT_EQ(pressed("\033\033[A"), (std::vector{Is::escape, Is::up}));
}

// No part of a sequence is text: it could be a command.
TEST(KeyReader, WhatItDoesNotKnowIsNoKeyAtAll) {
  for (std::string_view unknown : {"\033[15~", "\033[[A", "\033OP", "\033[1;5R", "\033x", "\033q",
                                   "\033\xc3\xa9", "\033[?62;c", "\033[200q", "\033[27;5;9~"})
    EXPECT_TRUE(pressed(unknown).empty()) << unknown;
  EXPECT_EQ(pressed("\033"
                    "d"),
            std::vector{Is::erase_word});
  EXPECT_EQ(pressed("\033\x7f"), std::vector{Is::erase_word});
  const std::string endless = "\033[" + std::string(10'000, '1') + "A";
  EXPECT_TRUE(pressed(endless).empty());
}

TEST(KeyReader, TakesCharactersOfAnyLengthInAnyPieces) {
  EXPECT_EQ(typed("R\xc3\xa9n\xe2\x82\xac\xf0\x9f\x8e\x89"), "Rén€🎉");
  EXPECT_EQ(typed("a\xff\x80\xc3z\xc0\xaf"), "az");
  KeyReader reader;
  reader.take("\xe2\x82");
  EXPECT_FALSE(reader.next());
  reader.take("\xac");
  EXPECT_EQ(reader.next()->text, "€");
}

TEST(KeyReader, APasteIsTextAndNothingElse) {
  KeyReader reader;
  reader.take("\033[200~one\rtwo\033dy\x04\033[A\t3\033[20");
  EXPECT_TRUE(keys_of(reader).empty());
  reader.take("1~q");
  const auto keys = keys_of(reader);
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].text, "one\ntwody[A\t3");
  EXPECT_TRUE(keys[1].says("q"));
}

TEST(KeyReader, ALongPasteIsRefusedWholeAndOneThatDoesNotEndCanBeLeft) {
  KeyReader reader;
  reader.take("\033[200~" + std::string(KeyReader::paste_max + 1, 'x') + "\033[201~");
  auto keys = keys_of(reader);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].is, Is::too_much);
  reader.take("\033[200~lost\x03j");
  keys = keys_of(reader);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_TRUE(keys[0].says("j"));
}

TEST(KeyReader, ReadsBothFormsOfMouseReports) {
  for (std::string_view report : {"\033[<0;12;5M", "\033[M \x2c\x25"}) {
    KeyReader reader;
    reader.take(report);
    const auto key = reader.next();
    ASSERT_TRUE(key) << report;
    EXPECT_EQ(key->is, Is::click);
    EXPECT_EQ(key->row, 4);
    EXPECT_EQ(key->column, 11);
  }
  EXPECT_EQ(pressed("\033[<64;1;1M\033[<65;1;1M\033[<0;1;1m"),
            (std::vector{Is::wheel_up, Is::wheel_down}));
}

// The pieces in which bytes arrive change nothing.
TEST(KeyReader, PiecesMakeNoDifference) {
  std::mt19937 random(7);
  const std::string_view alphabet("\033[O~<;0127AMdy\xc3\xa9\x03\r ");
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes;
    for (int i = 0; i < 24; ++i) bytes += alphabet[random() % alphabet.size()];
    KeyReader whole, pieces;
    whole.take(bytes);
    for (const char byte : bytes) pieces.take(std::string_view(&byte, 1));
    const auto one = keys_of(whole), other = keys_of(pieces);
    ASSERT_EQ(one.size(), other.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(one[i].is, other[i].is);
      EXPECT_EQ(one[i].text, other[i].text);
    }
  }
}

}  // namespace
}  // namespace molecule::tui
