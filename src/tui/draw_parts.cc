#include "tui/draw_parts.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "tui/cells.h"

namespace molecule::tui {
namespace {

constexpr std::size_t bytes_per_cell = 16;  // A character of four bytes with its marks.

}  // namespace

std::size_t scrolled(std::size_t top, std::size_t selected, std::size_t count, int rows) {
  const auto shown = static_cast<std::size_t>(std::max(rows, 1));
  if (selected < top) top = selected;
  if (selected >= top + shown) top = selected - shown + 1;
  // Nothing is left empty while there is more above.
  if (top + shown > count) top = count > shown ? count - shown : 0;
  return top;
}

Window window(const Line& line, int room) {
  // A cell for the cursor itself. No glyph takes less than a cell and few more bytes than these, so
  // a long text costs no more than the part of it that can be seen.
  room = std::max(room, 3);
  const auto most = static_cast<std::size_t>(room) * bytes_per_cell;
  const auto continues = [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
  };
  std::string_view before = line.before_cursor();
  std::string_view behind = std::string_view(line.text()).substr(before.size());
  bool cut_before = before.size() > most;
  if (cut_before) before.remove_prefix(before.size() - most);
  while (cut_before && !before.empty() && continues(before.front())) before.remove_prefix(1);
  behind = behind.substr(0, most);
  const std::vector<Glyph> left = glyphs(before);
  Window shown;
  std::size_t begin = left.size();
  while (begin > 0 && shown.cursor + left[begin - 1].width < room)
    shown.cursor += left[--begin].width;
  for (std::size_t i = begin; i < left.size(); ++i) shown.text += left[i].text;
  int used = shown.cursor;
  for (const Glyph& glyph : glyphs(behind)) {
    if (used + glyph.width > room) break;
    used += glyph.width;
    shown.text += glyph.text;
  }
  return shown;
}

std::string position(std::size_t top, std::size_t count, int rows) {
  const auto shown = static_cast<std::size_t>(std::max(rows, 0));
  if (count <= shown) return {};
  return fmt::format("{}-{} of {}", top + 1, std::min(top + shown, count), count);
}

void rule(Picture& picture, const Box& box, int row, std::string_view word,
          std::string_view at_end) {
  picture.fill(row, box.column, box.columns, "─", {.ink = Ink::faint});
  if (!word.empty() && box.columns > 8) {
    const std::string shown = cut(word, box.columns - 6);
    picture.put(row, box.column + 1, " " + shown + " ", {.bold = true});
  }
  if (!at_end.empty() && width_of(word) + width_of(at_end) + 10 < box.columns)
    picture.put_right(row, box.end() - 1, fmt::format(" {} ", at_end), {.ink = Ink::faint});
}

std::string clock_text(Instant at) {
  const std::time_t seconds = at.seconds();
  std::tm local{};
  if (at == Instant() || ::localtime_r(&seconds, &local) == nullptr) return "--:--:--";
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

std::string_view order_word(Order order) {
  switch (order) {
    case Order::name: return "by name";
    case Order::concern: return "by concern";
  }
  return {};
}

void heads(Picture& picture, int row, const std::vector<std::pair<int, std::string_view>>& at,
           int end) {
  for (std::size_t i = 0; i < at.size(); ++i) {
    const int until = i + 1 < at.size() ? at[i + 1].first - 1 : end;
    picture.put(row, at[i].first, at[i].second, {.ink = Ink::faint}, until - at[i].first);
  }
}

Box framed(Picture& picture, const Box& within, int rows, int columns, std::string_view title) {
  rows = std::min(rows + 2, within.rows);
  columns = std::min(columns + 4, within.columns);
  const int top = within.row + (within.rows - rows) / 2;
  const int left = within.column + (within.columns - columns) / 2;
  const int right = left + columns - 1;
  const int bottom = top + rows - 1;
  const Style line{.ink = Ink::accent};
  for (int row = top; row <= bottom; ++row) {
    picture.clear(row, left, columns);
    picture.put(row, left, "│", line);
    picture.put(row, right, "│", line);
  }
  for (const int row : {top, bottom}) picture.fill(row, left, columns, "─", line);
  picture.put(top, left, "╭", line);
  picture.put(top, right, "╮", line);
  picture.put(bottom, left, "╰", line);
  picture.put(bottom, right, "╯", line);
  if (!title.empty())
    picture.put(top, left + 2, fmt::format(" {} ", cut(title, columns - 8)), {.bold = true});
  return {top + 1, left + 2, rows - 2, columns - 4};
}

}  // namespace molecule::tui
