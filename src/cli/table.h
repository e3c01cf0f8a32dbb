// Rows in columns that fit the terminal. What is too long is cut, and where even that does not do
// the columns worth least are left out; into a pipe everything goes whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/screen.h"

namespace molecule::cli {

struct Column {
  std::string_view title;
  int least = 0;  // Columns that it may be cut to; 0: it is never cut.
  int worth = 9;  // The lowest goes first; 9 stays.
  text::Cut cut = text::Cut::end;
  bool to_the_right = false;
};

// An id may be told by its end, where those of one time differ.
inline constexpr Column id_column{"ID", 9, 9, text::Cut::beginning};

struct Cell {
  std::string text;
  Tone tone = Tone::plain;

  Cell(std::string of) : text(std::move(of)) {}
  Cell(const char* of) : text(of) {}
  Cell(std::string of, Tone in) : text(std::move(of)), tone(in) {}
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  // With a title line; every line ends with \n.
  std::string text(const Screen& screen) const;

 private:
  std::vector<int> widths_for(const Screen& screen, std::vector<int> widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace molecule::cli
