#include "tui/line.h"

#include <gtest/gtest.h>

namespace molecule::tui {
namespace {

using Is = Key::Is;

void press(Line& line, std::initializer_list<Is> keys) {
  for (const Is is : keys) EXPECT_TRUE(line.press({.is = is}));
}

TEST(WrittenLine, MovesAndErasesByWhatIsSeen) {
  Line line("ae\u0301研");
  press(line, {Is::backspace});
  EXPECT_EQ(line.text(), "ae\u0301");
  press(line, {Is::backspace});
  EXPECT_EQ(line.text(), "a");  // The mark goes with its letter.
  line = Line("ae\u0301b");
  press(line, {Is::home, Is::right, Is::del});
  EXPECT_EQ(line.text(), "ab");
  EXPECT_EQ(line.before_cursor(), "a");
}

TEST(WrittenLine, HasTheKeysOfShells) {
  Line line("say hello there");
  press(line, {Is::erase_word});
  EXPECT_EQ(line.text(), "say hello ");
  press(line, {Is::erase_word});
  EXPECT_EQ(line.text(), "say ");
  press(line, {Is::home});
  line.insert("I ");
  EXPECT_EQ(line.text(), "I say ");
  press(line, {Is::end, Is::erase_line});
  EXPECT_TRUE(line.empty());
  press(line, {Is::backspace, Is::del, Is::left, Is::right});
  EXPECT_TRUE(line.empty());
}

TEST(WrittenLine, HasABound) {
  Line line;
  line.insert(std::string(Line::size_max, 'x'));
  line.insert("y");
  EXPECT_EQ(line.text().size(), Line::size_max);
}

}  // namespace
}  // namespace molecule::tui
