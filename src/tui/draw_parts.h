// The parts that a screen is put together from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tui/draw.h"

namespace molecule::tui {

// Where a part may draw.
struct Box {
  int row = 0, column = 0, rows = 0, columns = 0;
  int end() const { return column + columns; }
  int below() const { return row + rows; }
};

// The first row to show so that `selected` is among `rows`, moving as little as possible.
std::size_t scrolled(std::size_t top, std::size_t selected, std::size_t count, int rows);

// What of a line that is written is seen in `room` cells, and the column of its cursor in it. The
// end of what is before the cursor is where somebody writes, so that is in sight.
struct Window {
  std::string text;
  int cursor = 0;
};
Window window(const Line& line, int room);

// A list's position, where not all of it is shown: "12-24 of 90".
std::string position(std::size_t top, std::size_t count, int rows);

// A line across with a word in it.
void rule(Picture& picture, const Box& box, int row, std::string_view word = {},
          std::string_view at_end = {});

// Local time of day.
std::string clock_text(Instant at);

std::string_view order_word(Order order);

// Columns of a list: their heads, widths and what stands in them.
void heads(Picture& picture, int row, const std::vector<std::pair<int, std::string_view>>& at,
           int end);

void draw_agents(Model& model, Drawn& drawn, const Box& box);
void draw_events(Model& model, Drawn& drawn, const Box& box);
void draw_delegations(Model& model, Drawn& drawn, const Box& box);
void draw_health(Model& model, Drawn& drawn, const Box& box);
void draw_chat(Model& model, Drawn& drawn, const Box& box);
// Over what is there.
void draw_form(const Model& model, Picture& picture, const Box& box);
void draw_question(const Model& model, Picture& picture, const Box& box);
void draw_invitation(const Model& model, Picture& picture, const Box& box);
void draw_help(Picture& picture, const Box& box);

// An empty frame in the middle; the box inside of it.
Box framed(Picture& picture, const Box& within, int rows, int columns, std::string_view title);

}  // namespace molecule::tui
