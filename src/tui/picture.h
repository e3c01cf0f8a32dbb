// What is to be seen, as a grid of cells, and nothing about a terminal: drawing is a function from
// what is known to one of these, and the terminal is given the difference to the last one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace molecule::tui {

// What a thing means; the terminal's side chooses colours that can be read on dark and on light.
enum class Ink { plain, faint, accent, good, warn, bad, info };

struct Style {
  Ink ink = Ink::plain;
  bool bold = false;
  bool reversed = false;
  bool underlined = false;
  friend bool operator==(const Style&, const Style&) = default;
};

struct Cell {
  std::string text = " ";  // Empty: the second half of the one before.
  Style style;
};

class Picture {
 public:
  Picture(int rows, int columns)
      : rows_(rows), columns_(columns), cells_(static_cast<std::size_t>(rows * columns)) {}

  int rows() const { return rows_; }
  int columns() const { return columns_; }

  // Any text, made harmless, in at most `width` cells (all that are left, below 0). Answers the
  // column behind it. What does not fit in the picture is left out.
  int put(int row, int column, std::string_view text, Style style = {}, int width = -1);
  // As put; ends before `end`.
  int put_right(int row, int end, std::string_view text, Style style = {});
  void fill(int row, int column, int width, std::string_view glyph, Style style = {});
  void clear(int row, int column, int width) { fill(row, column, width, " "); }
  // Turns all of the cells over, whatever stands in them.
  void select(int row, int column, int width);

  const Cell& at(int row, int column) const {
    return cells_[static_cast<std::size_t>(row * columns_ + column)];
  }
  // A row as text, without the blanks at its end.
  std::string text(int row) const;
  std::string text() const;

  std::optional<std::pair<int, int>> cursor;  // Where somebody writes: row, column.

 private:
  Cell& cell(int row, int column) {
    return cells_[static_cast<std::size_t>(row * columns_ + column)];
  }
  void set(int row, int column, std::string_view text, int width, Style style);

  int rows_, columns_;
  std::vector<Cell> cells_;
};

}  // namespace molecule::tui
