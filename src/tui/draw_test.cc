#include "tui/draw.h"

#include <gmock/gmock.h>

#include "tui/cells.h"
#include "tui/draw_parts.h"
#include "tui/organisation_fixture.h"

namespace molecule::tui {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(APicture, HoldsWideCharactersInTwoCells) {
  Picture picture(1, 6);
  EXPECT_EQ(picture.put(0, 0, "研a究"), 5);
  EXPECT_EQ(picture.text(0), "研a究");
  EXPECT_EQ(picture.at(0, 1).text, "");
  picture.put(0, 1, "x");  // Over half of one.
  EXPECT_EQ(picture.text(0), " xa究");
  EXPECT_EQ(picture.put(0, 5, "研"), 6);  // No room for it.
  EXPECT_EQ(picture.text(0), " xa究…");
}

TEST(APicture, TakesNothingOutsideOfIt) {
  Picture picture(2, 4);
  picture.put(-1, 0, "x");
  picture.put(5, 0, "x");
  picture.put(0, 9, "x");
  picture.fill(0, -3, 99, "─");
  picture.select(0, -3, 99);
  picture.put(1, 2, "long");
  EXPECT_EQ(picture.text(), "────\n  l…\n");
}

TEST(Drawing, ShowsTheTreeAndTheSelected) {
  Organisation org = Organisation::made();
  org.model.selected = Organisation::id(2);
  const Drawn drawn = draw(org.model, 24, 80);
  const std::string text = drawn.picture.text();
  EXPECT_THAT(text, HasSubstr("1 Agents"));
  EXPECT_THAT(text, HasSubstr("● live"));
  EXPECT_THAT(text, HasSubstr(" ├ researcher"));
  EXPECT_THAT(text, HasSubstr("─ researcher ─"));
  EXPECT_THAT(text, HasSubstr(" below    pm"));
  EXPECT_TRUE(drawn.picture.at(drawn.shown.list_top + 2, 5).style.reversed);
  EXPECT_FALSE(drawn.picture.at(drawn.shown.list_top + 1, 5).style.reversed);
}

TEST(Drawing, SaysHowOldItIs) {
  Organisation org = Organisation::made();
  org.model.link = client::Link::away;
  org.model.trouble = "connection refused";
  org.model.now = org.model.now + std::chrono::seconds(75);
  const std::string text = draw(org.model, 24, 80).picture.text();
  EXPECT_THAT(text, HasSubstr("○ stale 1m15s"));
  EXPECT_THAT(text, HasSubstr("connection refused"));
  EXPECT_THAT(text, HasSubstr("researcher"));
}

// Where a line is longer than its room, the cursor stands behind what is before it, to the cell.
TEST(AWindow, HoldsTheCursorOfALongLine) {
  for (const std::string_view each : {"x", "研", "e\u0301", "\033", "\xff"}) {
    std::string text;
    for (int i = 0; i < 50; ++i) text += each;
    Line line(text);
    const Window at_end = window(line, 20);
    EXPECT_LT(at_end.cursor, 20);
    EXPECT_EQ(at_end.cursor, width_of(at_end.text));
    line.press({.is = Key::Is::left});
    EXPECT_EQ(window(line, 20).cursor + width_of(each), width_of(window(line, 20).text));
    line.press({.is = Key::Is::home});
    EXPECT_EQ(window(line, 20).cursor, 0);
    EXPECT_EQ(width_of(window(line, 20).text), 20);
  }
}

TEST(AWindow, OfAnEnormousLineIsThatOfItsEnd) {
  const Line line(std::string(32'000, 'x'));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(window(line, 40).cursor, 39);
}

TEST(Drawing, SaysThatATokenWaits) {
  Organisation org = Organisation::made();
  org.model.keep({"critic", Organisation::id(9), "mol_token", "join"});
  EXPECT_THAT(draw(org.model, 24, 80).picture.text(), HasSubstr("token of critic waits: c"));
  org.model.show_kept(Organisation::id(9));
  EXPECT_THAT(draw(org.model, 24, 80).picture.text(), Not(HasSubstr("waits: c")));
}

TEST(Drawing, WhatAgentsSayMovesNothing) {
  Organisation org = Organisation::made();
  org.replace(Organisation::member(1, R"(\u001b[2Jevil\u0007\u202e)", 0,
                                   R"(,"role":"\u001b]0;title\u0007")") +
              "," + Organisation::member(2, "研究員研究員") + "," +
              Organisation::member(3, "plain"));
  const Drawn drawn = draw(org.model, 24, 80);
  const std::string text = drawn.picture.text();
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(text, HasSubstr("␛[2Jevil␇"));
  // The column of the states is one.
  int column = -1;
  for (int row = drawn.shown.list_top; row < drawn.shown.list_top + 3; ++row) {
    int at = 0;
    while (at < 80 && drawn.picture.at(row, at).text != "●") ++at;
    EXPECT_LT(at, 80);
    if (column < 0) column = at;
    EXPECT_EQ(at, column);
  }
}

// Every view in every mode in every size: nothing is drawn outside, nothing is asked of what is not
// there.
TEST(Drawing, FitsEverySize) {
  Organisation org = Organisation::made();
  org.happens("WORKSPACE_DEGRADED", 2, R"({"error_rate":0.5,"sample_error":"boom boom boom"})");
  org.happens(
      "DELEGATION_SENT", 1,
      R"({"delegation_id":"d","target_id":"00000000-0000-4000-8000-000000000002","task_preview":"Read all of it"})");
  org.model.chat_with = Organisation::id(1);
  org.model.chats[Organisation::id(1)].add(Turn::Who::agent, std::string(3000, 'x'), org.model.now);
  org.model.question = {.of = Organisation::id(1), .name = "pm", .below = 2};
  org.model.invitation = {"new", Organisation::id(9), "mol_token", std::string(200, 'c')};
  org.model.form = new_form(org.model, Organisation::id(1));
  org.model.say("something happened");
  for (const View view : {View::agents, View::events, View::delegations, View::health}) {
    for (const Mode mode : {Mode::browse, Mode::filter, Mode::form, Mode::question,
                            Mode::invitation, Mode::chat, Mode::help}) {
      org.model.view = view;
      org.model.mode = mode;
      for (int rows = 0; rows < 45; rows += rows < 12 ? 1 : 7) {
        for (int columns = 0; columns < 140; columns += columns < 50 ? 1 : 13) {
          const Drawn drawn = draw(org.model, rows, columns);
          EXPECT_EQ(drawn.picture.rows(), std::max(rows, 1));
          if (drawn.picture.cursor) {
            EXPECT_LT(drawn.picture.cursor->first, rows);
            EXPECT_LT(drawn.picture.cursor->second, columns);
            EXPECT_GE(drawn.picture.cursor->second, 0);
          }
        }
      }
    }
  }
}

TEST(Drawing, ALongListKeepsTheSelectedInSight) {
  Organisation org = Organisation::made();
  std::string members;
  for (int i = 0; i < 300; ++i)
    members += (i > 0 ? "," : "") + Organisation::member(i + 1, fmt::format("agent-{:03}", i));
  org.replace(members);
  org.model.selected = Organisation::id(250);
  Drawn drawn = draw(org.model, 24, 80);
  EXPECT_THAT(drawn.picture.text(), HasSubstr("agent-249"));
  EXPECT_THAT(drawn.picture.text(), HasSubstr("of 300"));
  org.model.selected = Organisation::id(1);
  drawn = draw(org.model, 24, 80);
  EXPECT_THAT(drawn.picture.text(), HasSubstr("agent-000"));
}

TEST(Drawing, AChatEndsAtItsNewestLine) {
  Organisation org = Organisation::made();
  org.model.mode = Mode::chat;
  org.model.chat_with = Organisation::id(1);
  Chat& chat = org.model.chats[Organisation::id(1)];
  chat.add(Turn::Who::person, "first", org.model.now);
  std::string answer;
  for (int i = 0; i < 60; ++i) answer += fmt::format("line {}\n", i);
  chat.add(Turn::Who::agent, answer + "the end", org.model.now);
  EXPECT_THAT(draw(org.model, 24, 80).picture.text(), HasSubstr("the end"));
  chat.back = 10'000;
  EXPECT_THAT(draw(org.model, 24, 80).picture.text(), HasSubstr("first"));
  EXPECT_LT(chat.back, 100);
  chat.back = 0;
  chat.waiting = true;
  chat.since = org.model.now;
  chat.coming = "half of";
  EXPECT_THAT(draw(org.model, 24, 80).picture.text(), HasSubstr("half of"));
}

TEST(Drawing, AChatThatIsReadFurtherUpStaysWhereItIs) {
  Organisation org = Organisation::made();
  Model& model = org.model;
  model.mode = Mode::chat;
  model.chat_with = Organisation::id(1);
  Chat& chat = model.chats[model.chat_with];
  for (int i = 0; i < 40; ++i) chat.add(Turn::Who::agent, fmt::format("line {}", i), model.now);
  draw(model, 24, 80);
  chat.back = 10;
  const std::string before = draw(model, 24, 80).picture.text(5);
  chat.waiting = true;
  for (int i = 0; i < 5; ++i) {
    chat.coming += fmt::format("streamed {}\n", i);
    EXPECT_EQ(draw(model, 24, 80).picture.text(5), before) << i;
  }
  chat.waiting = false;
  chat.add_answer(std::exchange(chat.coming, {}), model.now);
  EXPECT_EQ(draw(model, 24, 80).picture.text(5), before);
  chat.back -= 2;
  const auto moved = draw(model, 24, 80).picture;
  EXPECT_EQ(moved.text(3), before);
  for (int i = 0; i < 290; ++i) chat.add(Turn::Who::note, "x", model.now);
  EXPECT_EQ(draw(model, 24, 80).picture.text(3), before);
  chat.back = 0;
  EXPECT_NE(draw(model, 24, 80).picture.text(3), before);
}

TEST(Drawing, DialogsSayWhatMattersOnASmallScreen) {
  Organisation org = Organisation::made();
  Model& model = org.model;
  model.selected = Organisation::id(1);
  model.form.fields = {{"Name", "what", Line("critic"), ""},
                       {"Role", "", Line("reads"), ""},
                       {"Tier", "", Line("2"), ""},
                       {"Below", "", Line("pm"), ""}};
  model.mode = Mode::form;
  model.form.trouble = "the name is taken";
  for (std::size_t at = 0; at < 4; ++at) {
    model.form.at = at;
    const std::string seen = draw(model, 10, 40).picture.text();
    EXPECT_THAT(seen, HasSubstr(model.form.fields[at].label + " "));
    EXPECT_THAT(seen, HasSubstr("the name is taken"));
    EXPECT_THAT(seen, HasSubstr("Enter"));
  }
  model.question = {Question::What::remove, Organisation::id(1), "pm", 12};
  model.mode = Mode::question;
  EXPECT_THAT(draw(model, 10, 40).picture.text(), HasSubstr("y deletes it   else: no"));
  const std::string token = "mol_" + std::string(43, 't');
  model.keep({"critic", Organisation::id(9), token, std::string(400, 'c')});
  model.show_kept(Organisation::id(9));
  std::string seen;
  for (const char each : draw(model, 10, 40).picture.text())
    if (each == 't' || each == 'p') seen += each;
  EXPECT_THAT(seen, HasSubstr(std::string(43, 't')));
  EXPECT_THAT(draw(model, 10, 40).picture.text(), HasSubstr("p prints it all, to copy  Esc"));
}

TEST(Drawing, ALongLineIsShownAroundItsCursor) {
  Organisation org = Organisation::made();
  Model& model = org.model;
  model.mode = Mode::chat;
  model.chat_with = Organisation::id(1);
  Line& line = model.chats[model.chat_with].line;
  std::string text;
  for (int i = 0; text.size() < 30'000; ++i) text += fmt::format("word{} ", i);
  ASSERT_TRUE(line.insert(text + "last"));
  EXPECT_THAT(draw(model, 24, 80).picture.text(), HasSubstr(" last\n"));
  EXPECT_THAT(draw(model, 24, 80).picture.text(), Not(HasSubstr("▸ word")));
  line.press({.is = Key::Is::home});
  EXPECT_THAT(draw(model, 24, 80).picture.text(), HasSubstr("▸ word0 word1 "));
  line.clear();
  ASSERT_TRUE(line.insert(std::string(20'000, 'x') + "é"));
  EXPECT_THAT(draw(model, 24, 80).picture.text(), HasSubstr("xé\n"));
}

}  // namespace
}  // namespace molecule::tui
