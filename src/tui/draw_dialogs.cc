#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tui/cells.h"
#include "tui/draw_parts.h"

namespace molecule::tui {

void draw_form(const Model& model, Picture& picture, const Box& box) {
  const Form& form = model.form;
  const int width = std::min(64, box.columns - 6);
  const Box inside =
      framed(picture, box, static_cast<int>(form.fields.size()) + 4, width,
             form.of ? "edit " + model.name_of(*form.of) : std::string("new workspace"));
  int row = inside.row;
  const int begin = inside.column + 8;
  // Where there is too little room, what went wrong and the keys stay, and the fields scroll.
  const int count = static_cast<int>(form.fields.size());
  const bool roomy = inside.rows >= count + 4;
  const int seen_fields = roomy ? count : std::clamp(inside.rows - 2, 1, count);
  const int first = std::max(0, static_cast<int>(form.at) - seen_fields + 1);
  for (std::size_t i = static_cast<std::size_t>(first);
       i < static_cast<std::size_t>(first + seen_fields); ++i, ++row) {
    const Field& field = form.fields[i];
    const bool here = i == form.at && !form.sent;
    picture.put(row, inside.column, field.label,
                {.ink = here ? Ink::accent : Ink::faint, .bold = here});
    const int room = inside.end() - begin;
    if (here) {
      picture.fill(row, begin, room, "_", {.ink = Ink::faint});
      const Window seen = window(field.line, room);
      picture.put(row, begin, seen.text, {}, room);
      picture.cursor = {row, begin + seen.cursor};
    } else {
      const int end = picture.put(row, begin, field.line.text(), {}, room);
      for (int at = end; at < inside.end(); ++at) picture.put(row, at, " ");
    }
  }
  if (roomy) ++row;
  if (row < inside.below()) {
    const bool bad = !form.trouble.empty();
    const std::string_view words = form.sent ? "asking the platform …"
                                   : bad     ? std::string_view(form.trouble)
                                             : std::string_view(form.fields[form.at].hint);
    picture.put(row, inside.column, words, {.ink = bad ? Ink::bad : Ink::faint}, inside.columns);
  }
  row += roomy ? 2 : 1;
  if (row < inside.below()) {
    const bool last = form.at + 1 == form.fields.size();
    picture.put(row, inside.column,
                last ? "Enter does it   Shift-Tab back   Esc leaves it"
                     : "Enter next   Shift-Tab back   Esc leaves it",
                {.ink = Ink::faint}, inside.columns);
  }
}

void draw_question(const Model& model, Picture& picture, const Box& box) {
  const Question& asked = model.question;
  struct Words {
    std::string_view title, verb, one, also, reminder, key;
  };
  const auto words = [&]() -> Words {
    switch (asked.what) {
      case Question::What::remove:
        return {"delete",
                "Delete",
                "Its agent is let go, its token ends.",
                "with it",
                "A deleted workspace does not come back.",
                "y deletes it"};
      case Question::What::pause:
        return {"pause",
                "Pause",
                "",
                "to rest with it",
                "They take no work until they are resumed.",
                "y pauses all"};
      case Question::What::resume:
        return {"resume",       "Resume", "", "on with it", "Their agents are asked to go on.",
                "y resumes all"};
    }
    return {};
  }();
  const int width = std::min(56, box.columns - 6);
  const Box inside = framed(picture, box, 5, width, words.title);
  std::string what(words.one);
  if (asked.below > 0)
    what = fmt::format("{} workspace{} below it {} {}.", asked.below, asked.below == 1 ? "" : "s",
                       asked.below == 1 ? "goes" : "go", words.also);
  picture.put(inside.row, inside.column, fmt::format("{} {}?", words.verb, asked.name),
              {.bold = true}, inside.columns);
  picture.put(inside.row + 1, inside.column, what, {.ink = asked.below > 0 ? Ink::bad : Ink::plain},
              inside.columns);
  picture.put(inside.row + 2, inside.column, words.reminder, {}, inside.columns);
  if (inside.rows > 4)
    picture.put(inside.row + 4, inside.column,
                fmt::format("{}   {}", words.key,
                            inside.columns < 40 ? "else: no" : "any other key leaves it"),
                {.ink = Ink::faint}, inside.columns);
}

void draw_invitation(const Model& model, Picture& picture, const Box& box) {
  const Invitation& made = model.invitation;
  const bool is_new = !made.token.empty();
  const int width = std::min(92, box.columns - 6);
  const auto command = wrapped(made.command, width, 8);
  const int wanted = static_cast<int>(command.size()) + (is_new ? 10 : 9);
  const Box inside =
      framed(picture, box, wanted, width,
             made.name + (is_new ? " waits for its agent" : ": how its agent joins"));
  int row = inside.row;
  const auto put = [&](std::string_view text, Style style) {
    if (row < inside.below()) picture.put(row++, inside.column, text, style, inside.columns);
  };
  if (inside.rows < wanted || inside.columns < width_of(made.token) + 11) {
    // What is told this once, and how to get at the rest, before what can be had again.
    if (is_new)
      for (const std::string& line : wrapped(made.token, inside.columns, 3))
        put(line, {.ink = Ink::warn});
    put("p prints it all, to copy  Esc closes", {.ink = Ink::faint});
    for (const std::string& line : command) put(line, {.ink = Ink::accent});
    return;
  }
  put("Run this where the agent lives:", {});
  ++row;
  for (const std::string& line : command) put(line, {.ink = Ink::accent});
  ++row;
  put("workspace  " + made.id.text(), {.ink = Ink::faint});
  if (is_new) {
    put("token      " + made.token, {.ink = Ink::faint});
    ++row;
    put("The token is told this once; c shows it again until top ends.", {.ink = Ink::warn});
  } else {
    ++row;
    put("Its token was shown when it was made; a machine that has joined keeps it.", {});
  }
  ++row;
  put("p prints it plainly, to copy   Esc closes", {.ink = Ink::faint});
}

void draw_help(Picture& picture, const Box& box) {
  struct Help {
    std::string_view key, does;
  };
  static constexpr std::array left{
      Help{"1 2 3 4", "agents, events, delegations, health"},
      Help{"Tab", "next view; Shift-Tab the one before"},
      Help{"↑ ↓ j k", "move; PgUp, PgDn, g first, G last"},
      Help{"Enter", "chat; elsewhere: show the agent"},
      Help{"/", "filter by name, role, state"},
      Help{"Esc", "ends the filter"},
      Help{"t", "tree or flat"},
      Help{"← →", "close, open a branch"},
      Help{"s", "order by name or by concern"},
      Help{"i", "detail or not"},
      Help{"n a", "new workspace; below the selected"},
      Help{"c", "how its agent joins"},
      Help{"e", "edit name, role, tier, place"},
      Help{"p", "pause or resume"},
      Help{"d", "delete, asks first"},
      Help{"r", "ask for everything anew"},
      Help{"q Ctrl-C", "quit; Ctrl-Z suspends, Ctrl-L redraws"},
  };
  static constexpr std::array right{
      Help{"● online", "its agent is heard"},
      Help{"◐ late", "missed two beats"},
      Help{"◐ degraded", "reports errors"},
      Help{"○ offline", "silent for 90 s"},
      Help{"◌ awaiting", "has yet to come"},
      Help{"■ paused", "p resumes"},
      Help{"✗ failed", "did not start"},
      Help{"✉", "unread answer"},
      Help{"…", "answer to come"},
      Help{"?", "asks a person"},
      Help{"", ""},
      Help{"in a chat", ""},
      Help{"Enter", "sends"},
      Help{"↑ ↓", "scroll"},
      Help{"Tab", "wait no longer"},
      Help{"Esc", "back"},
  };
  constexpr int key_width = 9, left_width = 47, sign_width = 11, right_width = 28;
  const bool both = box.columns >= left_width + right_width + 4;
  const Box inside =
      framed(picture, box, static_cast<int>(left.size()),
             both ? left_width + right_width : left_width, "help: any key closes it");
  int row = inside.row;
  for (const Help& each : left) {
    if (row >= inside.below()) break;
    picture.put(row, inside.column, each.key, {.ink = Ink::accent}, key_width);
    picture.put(row++, inside.column + key_width, each.does, {}, left_width - key_width - 1);
  }
  if (!both) return;
  row = inside.row;
  const int second = inside.column + left_width;
  for (const Help& each : right) {
    if (row >= inside.below()) break;
    picture.put(row, second, each.key, {.ink = Ink::accent}, sign_width);
    picture.put(row++, second + sign_width, each.does, {}, right_width - sign_width);
  }
}

}  // namespace molecule::tui
