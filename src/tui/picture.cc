#include "tui/picture.h"

#include <algorithm>

#include "tui/cells.h"

namespace molecule::tui {

void Picture::set(int row, int column, std::string_view text, int width, Style style) {
  // Half of a wide character that is written over is not left standing.
  if (cell(row, column).text.empty() && column > 0) cell(row, column - 1).text = " ";
  const int behind = column + width;
  if (behind < columns_ && cell(row, behind).text.empty()) cell(row, behind).text = " ";
  cell(row, column) = {std::string(text), style};
  if (width == 2) cell(row, column + 1) = {"", style};
}

int Picture::put(int row, int column, std::string_view text, Style style, int width) {
  if (row < 0 || row >= rows_ || column < 0 || column >= columns_) return column;
  int room = columns_ - column;
  if (width >= 0) room = std::min(room, width);
  for (const Glyph& glyph : glyphs(cut(text, room))) {
    set(row, column, glyph.text, glyph.width, style);
    column += glyph.width;
  }
  return column;
}

int Picture::put_right(int row, int end, std::string_view text, Style style) {
  const int begin = std::max(0, end - width_of(text));
  put(row, begin, text, style, end - begin);
  return begin;
}

void Picture::fill(int row, int column, int width, std::string_view glyph, Style style) {
  if (row < 0 || row >= rows_) return;
  const int end = std::min(columns_, column + width);
  for (int at = std::max(column, 0); at < end; ++at) set(row, at, glyph, 1, style);
}

void Picture::select(int row, int column, int width) {
  if (row < 0 || row >= rows_) return;
  const int end = std::min(columns_, column + width);
  for (int at = std::max(column, 0); at < end; ++at) {
    Style& style = cell(row, at).style;
    // One colour on the bar: what stands out by its colour elsewhere is read by its sign here.
    style = Style{.ink = Ink::accent, .bold = style.bold, .reversed = true};
  }
}

std::string Picture::text(int row) const {
  std::string out;
  for (int column = 0; column < columns_; ++column) out += at(row, column).text;
  out.resize(out.find_last_not_of(' ') + 1);
  return out;
}

std::string Picture::text() const {
  std::string out;
  for (int row = 0; row < rows_; ++row) out += text(row) + "\n";
  return out;
}

}  // namespace molecule::tui
