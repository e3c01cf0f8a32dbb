#include <algorithm>

#include <fmt/format.h>

#include "tui/cells.h"
#include "tui/draw_parts.h"

namespace molecule::tui {
namespace {

struct Said {
  std::string text;
  Style style;
  int indent = 0;
  std::size_t turn = 0;
  int line = 0;  // Of the turn's text; above its first are its head and a blank.
};

// The newest lines first, no more than are looked at; more where somebody had read to a line that
// has moved up since.
class Scroll {
 public:
  Scroll(int columns, int rows, Chat& chat) : columns_(columns), rows_(rows), chat_(chat) {}

  bool full() const {
    return !sought() && lines_.size() > static_cast<std::size_t>(rows_ + chat_.back);
  }
  // What follows is of this turn, counted from the first one ever.
  void begin(std::size_t turn) { turn_ = turn; }
  void add(std::string_view head, Style head_style, std::string_view text, Style style) {
    note(text, style);
    push({std::string(head), head_style, 0, turn_, -1});
    push({"", {}, 0, turn_, -2});
  }
  void note(std::string_view text, Style style) {
    // The last lines of a long text are those that are seen first.
    auto lines = wrapped(text, columns_ - 2);
    for (std::size_t i = lines.size(); i > 0 && !full(); --i)
      push({std::move(lines[i - 1]), style, 2, turn_, static_cast<int>(i - 1)});
  }
  const std::vector<Said>& lines() const { return lines_; }

 private:
  bool sought() const { return chat_.anchor.has_value(); }
  void push(Said said) {
    if (full()) return;
    const bool found =
        sought() && chat_.anchor->turn == said.turn && chat_.anchor->line >= said.line;
    lines_.push_back(std::move(said));
    if (!found) return;
    // It stands where it stood, but for what was scrolled since.
    const int moved = chat_.back - chat_.anchor->back;
    chat_.back = std::max(static_cast<int>(lines_.size()) - 1 + moved, 0);
    chat_.anchor.reset();
  }

  int columns_, rows_;
  Chat& chat_;
  std::size_t turn_ = 0;
  std::vector<Said> lines_;
};

void add_turn(Scroll& scroll, const Turn& turn, const std::string& name) {
  const std::string at = clock_text(turn.at).substr(0, 5);
  switch (turn.who) {
    case Turn::Who::person:
      scroll.add(fmt::format("{} ▸ {}", turn.by.empty() ? "you" : turn.by, at),
                 {.ink = Ink::accent, .bold = true}, turn.text, {});
      break;
    case Turn::Who::agent:
      scroll.add(name + " ◂ " + at, {.ink = Ink::good, .bold = true}, turn.text, {});
      break;
    case Turn::Who::note: scroll.note(turn.text, {.ink = Ink::warn}); break;
  }
}

// From where on a long text before the cursor is looked at: no more than fills a screen, and the
// same place while a few words are written.
std::size_t begin_of_seen(std::string_view before) {
  constexpr std::size_t step = 8u << 10;
  if (before.size() < 2 * step) return 0;
  const std::size_t at = (before.size() / step - 1) * step;
  const std::size_t blank = before.find_first_of(" \n", at);
  if (blank != before.npos) return blank + 1;
  const auto continues = [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
  };
  std::size_t begin = at;
  while (begin < before.size() && continues(before[begin])) ++begin;
  return begin;
}

// The line that is written, as many rows as it needs up to a few; the cursor stands in it.
int draw_line(Picture& picture, const Box& box, const Line& line) {
  constexpr std::size_t behind_max = 8u << 10;
  const int width = box.columns - 3;
  const std::size_t begin = begin_of_seen(line.before_cursor());
  const std::size_t length = line.before_cursor().size() - begin;
  const auto all = wrapped(line.text().substr(begin, length + behind_max) + " ", width);
  const auto before = wrapped(std::string(line.before_cursor().substr(begin)) + "\u2588", width);
  const int rows = std::min<int>(static_cast<int>(all.size()), std::max(1, box.rows / 3));
  const int cursor_row = static_cast<int>(before.size()) - 1;
  const int top = std::max(0, cursor_row - rows + 1);
  for (int i = 0; i < rows; ++i) {
    const int row = box.below() - rows + i;
    picture.put(row, box.column, i == 0 && top == 0 && begin == 0 ? "▸ " : "  ",
                {.ink = Ink::accent, .bold = true});
    const auto at = static_cast<std::size_t>(top + i);
    if (at < all.size()) picture.put(row, box.column + 2, all[at], {}, width + 1);
  }
  picture.cursor = {box.below() - rows + cursor_row - top,
                    box.column + 2 + width_of(before.back()) - 1};
  return rows;
}

}  // namespace

void draw_chat(Model& model, Drawn& drawn, const Box& box) {
  Picture& picture = drawn.picture;
  const auto agent = model.agents.find(model.chat_with);
  const std::string name = model.name_of(model.chat_with);
  Chat& chat = model.chats[model.chat_with];
  chat.unread = 0;
  std::string state = "gone";
  if (agent != model.agents.end()) {
    const Standing shown = standing(agent->second);
    state = fmt::format("{} {}", shown.sign, shown.word);
  }
  rule(picture, box, box.row, name, state);
  const Box writing{box.row + 1, box.column + 1, box.rows - 1, box.columns - 2};
  const int line_rows = draw_line(picture, writing, chat.line);
  const int line_top = box.below() - line_rows - 1;
  rule(picture, box, line_top);
  const int rows = std::max(line_top - box.row - 1, 0);
  drawn.shown.list_rows = rows;

  if (chat.back == 0) chat.anchor.reset();
  Scroll scroll(box.columns - 2, rows, chat);
  // What comes is the turn that it will be.
  std::size_t number = chat.gone + chat.turns.size();
  scroll.begin(number);
  if (chat.waiting) {
    const std::int64_t waited = (model.now - chat.since).count() / 1'000'000;
    const std::string what =
        fmt::format("{} {}", chat.progress.empty() ? "waiting" : chat.progress, span(waited));
    if (chat.coming.empty()) {
      scroll.note(what + " …", {.ink = Ink::faint});
    } else {
      scroll.note("… " + what, {.ink = Ink::faint});
      scroll.add(name + " ◂", {.ink = Ink::good, .bold = true}, chat.coming, {});
    }
  }
  for (auto turn = chat.turns.rbegin(); turn != chat.turns.rend() && !scroll.full(); ++turn) {
    scroll.begin(--number);
    add_turn(scroll, *turn, name);
  }
  chat.anchor.reset();
  const auto& lines = scroll.lines();
  if (lines.empty()) {
    const std::string hint = fmt::format("write to {}; Enter sends", name);
    picture.put(box.row + 1 + rows / 2,
                box.column + std::max((box.columns - width_of(hint)) / 2, 0), hint,
                {.ink = Ink::faint});
  }
  // Not further back than there is something.
  const int count = static_cast<int>(lines.size());
  chat.back = std::clamp(chat.back, 0, std::max(count - rows, 0));
  const int shown = std::min(rows, count - chat.back);
  for (int i = 0; i < shown; ++i) {
    const Said& said = lines[static_cast<std::size_t>(chat.back + i)];
    const int row = box.row + rows - i;
    picture.put(row, box.column + 1 + said.indent, said.text, said.style);
  }
  if (chat.back > 0 && chat.back < count) {
    const Said& last = lines[static_cast<std::size_t>(chat.back)];
    chat.anchor = Chat::Anchor{last.turn, last.line, chat.back};
  }
  if (chat.back > 0)
    picture.put_right(line_top, box.end() - 1, fmt::format(" {} more lines below ", chat.back),
                      {.ink = Ink::accent});
}

}  // namespace molecule::tui
