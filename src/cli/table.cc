#include "cli/table.h"

#include <algorithm>
#include <numeric>

namespace molecule::cli {
namespace {

constexpr int gap = 2;
constexpr int left_out = -1;

int width_of(const std::vector<int>& widths) {
  int width = 0;
  for (const int each : widths)
    if (each != left_out) width += each + gap;
  return width == 0 ? 0 : width - gap;
}

}  // namespace

std::vector<int> Table::widths_for(const Screen& screen, std::vector<int> widths) const {
  if (!screen.columns) return widths;
  const int room = *screen.columns;
  const std::vector<int> natural = widths;
  for (;;) {
    // The widest gives first, so that nobody loses much.
    while (width_of(widths) > room) {
      std::size_t widest = columns_.size();
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        const int least = columns_[i].least;
        if (widths[i] == left_out || least == 0 || widths[i] <= least) continue;
        if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
      }
      if (widest == columns_.size()) break;
      --widths[widest];
    }
    if (width_of(widths) <= room) return widths;
    std::size_t cheapest = columns_.size();
    std::size_t left = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] == left_out) continue;
      ++left;
      if (cheapest == columns_.size() || columns_[i].worth < columns_[cheapest].worth) cheapest = i;
    }
    if (left <= 1) {
      widths[cheapest] = room;
      return widths;
    }
    // All that is left is worth the same: the last goes.
    if (columns_[cheapest].worth == 9) {
      for (std::size_t i = 0; i < columns_.size(); ++i)
        if (widths[i] != left_out) cheapest = i;
    }
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (widths[i] != left_out) widths[i] = natural[i];
    widths[cheapest] = left_out;
  }
}

std::string Table::text(const Screen& screen) const {
  std::vector<std::vector<std::string>> drawn;
  drawn.reserve(rows_.size());
  std::vector<int> widths;
  for (const Column& column : columns_) widths.push_back(text::columns_of(column.title));
  for (const auto& row : rows_) {
    auto& cells = drawn.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(screen.line(row[i].text));
      widths[i] = std::max(widths[i], text::columns_of(cells.back()));
    }
  }
  widths = widths_for(screen, std::move(widths));
  std::size_t last = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (widths[i] != left_out) last = i;
  std::string out;
  const auto add_line = [&](const auto& text_of, const auto& tone_of) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] == left_out) continue;
      const std::string shown =
          screen.columns ? text::fitted(text_of(i), widths[i], columns_[i].cut, screen.drawn)
                         : std::string(text_of(i));
      const auto blanks =
          static_cast<std::size_t>(std::max(0, widths[i] - text::columns_of(shown)));
      if (columns_[i].to_the_right) out.append(blanks, ' ');
      out += screen.in(tone_of(i), shown);
      if (i == last) break;
      if (!columns_[i].to_the_right) out.append(blanks, ' ');
      out.append(gap, ' ');
    }
    while (!screen.colours && out.ends_with(' ')) out.pop_back();
    out += '\n';
  };
  add_line([&](std::size_t i) { return columns_[i].title; },
           [](std::size_t) { return Tone::title; });
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    add_line([&](std::size_t i) { return std::string_view(drawn[r][i]); },
             [&](std::size_t i) { return rows_[r][i].tone; });
  }
  return out;
}

}  // namespace molecule::cli
