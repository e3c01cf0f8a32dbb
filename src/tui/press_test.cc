#include "tui/press.h"

#include <gmock/gmock.h>

#include "tui/organisation_fixture.h"

namespace molecule::tui {
namespace {

using Is = Key::Is;

class Pressing : public ::testing::Test {
 protected:
  std::vector<Intent> type(std::string_view text) {
    std::vector<Intent> all;
    for (const char each : text) all = press(model, {.text = std::string(1, each)}, shown);
    return all;
  }
  std::vector<Intent> press_key(Is is) { return press(model, {.is = is}, shown); }
  template <class T>
  T only(std::vector<Intent> intents) {
    EXPECT_EQ(intents.size(), 1u);
    if (intents.size() != 1 || !std::holds_alternative<T>(intents[0])) {
      ADD_FAILURE() << "another intent";
      return T{};
    }
    return std::get<T>(intents[0]);
  }

  // To a question that is on the screen.
  std::vector<Intent> answer(std::string_view text) {
    EXPECT_EQ(model.mode, Mode::question);
    model.question.shown = true;
    return type(text);
  }

  Organisation org = Organisation::made();
  Model& model = org.model;
  Shown shown{.list_top = 3, .list_rows = 10, .tabs = {{1, 10}, {10, 20}, {20, 30}, {30, 40}}};
};

TEST_F(Pressing, MovesThroughTheTree) {
  press_key(Is::down);
  EXPECT_EQ(model.selected, Organisation::id(1));
  type("j");
  EXPECT_EQ(model.selected, Organisation::id(2));
  press_key(Is::left);  // To its parent.
  EXPECT_EQ(model.selected, Organisation::id(1));
  press_key(Is::left);  // Closes it.
  EXPECT_EQ(rows_of(model).size(), 2u);
  press_key(Is::right);
  EXPECT_EQ(rows_of(model).size(), 4u);
  type("G");
  EXPECT_EQ(model.selected, Organisation::id(3));
  press_key(Is::down);
  EXPECT_EQ(model.selected, Organisation::id(3));
  type("g");
  EXPECT_EQ(model.selected, Organisation::id(4));
  press_key(Is::up);
  EXPECT_EQ(model.selected, Organisation::id(4));
}

TEST_F(Pressing, DeletesOnlyWhatWasConfirmed) {
  press_key(Is::down);
  EXPECT_TRUE(type("d").empty());
  EXPECT_EQ(model.mode, Mode::question);
  EXPECT_EQ(model.question.below, 2u);
  EXPECT_TRUE(answer("n").empty());
  EXPECT_EQ(model.mode, Mode::browse);
  type("d");
  model.question.shown = true;
  EXPECT_TRUE(press_key(Is::enter).empty());
  type("d");
  EXPECT_EQ(only<intent::Remove>(answer("y")).of, Organisation::id(1));
  EXPECT_EQ(model.notice, "deleting pm and 2 below …");
}

TEST_F(Pressing, WhatWasTypedBeforeAQuestionWasShownIsNoAnswer) {
  EXPECT_TRUE(type("dyY").empty());
  EXPECT_EQ(model.mode, Mode::question);
  EXPECT_EQ(only<intent::Remove>(answer("y")).of, Organisation::id(4));
  type("d");
  press_key(Is::escape);  // Whoever wants out is let out.
  EXPECT_EQ(model.mode, Mode::browse);
}

TEST_F(Pressing, TheQuestionIsAboutTheOneThatItNames) {
  press_key(Is::down);
  type("d");
  // While it is asked, the list moves below it.
  org.happens("WORKSPACE_REMOVED", 4);
  settle_selection(model, rows_of(model));
  EXPECT_EQ(only<intent::Remove>(answer("y")).of, Organisation::id(1));
}

TEST_F(Pressing, PausesAndResumes) {
  EXPECT_EQ(only<intent::Pause>(type("p")).of, Organisation::id(4));
  org.happens("WORKSPACE_PAUSED", 4);
  EXPECT_EQ(only<intent::Resume>(type("p")).of, Organisation::id(4));
}

TEST_F(Pressing, AsksBeforeABranchIsPaused) {
  press_key(Is::down);
  EXPECT_TRUE(type("p").empty());
  EXPECT_EQ(model.question.below, 2u);
  EXPECT_TRUE(answer("n").empty());
  EXPECT_EQ(model.notice, "nothing was paused");
  type("p");
  EXPECT_EQ(only<intent::Pause>(answer("y")).of, Organisation::id(1));
  EXPECT_EQ(model.notice, "pausing pm and 2 below …");
  org.happens("WORKSPACE_PAUSED", 1);
  type("p");
  EXPECT_EQ(only<intent::Resume>(answer("y")).of, Organisation::id(1));
  EXPECT_EQ(model.notice, "resuming pm and 2 below …");
}

TEST_F(Pressing, ATokenWaitsUntilItIsLookedAtAndIsShownAgain) {
  press_key(Is::enter);
  type("hello");
  model.keep({"critic", Organisation::id(9), "mol_token", "join"});
  EXPECT_EQ(model.mode, Mode::chat);
  press_key(Is::enter);
  EXPECT_EQ(model.unread_tokens.size(), 1u);
  press_key(Is::escape);
  EXPECT_TRUE(type("c").empty());
  EXPECT_EQ(model.invitation.token, "mol_token");
  EXPECT_TRUE(model.unread_tokens.empty());
  press_key(Is::escape);
  only<intent::Invite>(type("c"));  // Of the selected one, of which nothing is kept.
  org.happens("WORKSPACE_AWAITING_AGENT", 9, R"({"name":"critic"})");
  model.selected = Organisation::id(9);
  EXPECT_TRUE(type("c").empty());
  EXPECT_EQ(model.invitation.token, "mol_token");
  press_key(Is::escape);
  org.happens("WORKSPACE_REMOVED", 9);
  EXPECT_TRUE(model.kept.empty());
}

TEST_F(Pressing, QuittingShowsATokenThatNobodyLookedAtFirst) {
  model.keep({"critic", Organisation::id(9), "mol_token", "join"});
  EXPECT_TRUE(type("q").empty());
  EXPECT_EQ(model.mode, Mode::invitation);
  EXPECT_EQ(model.invitation.token, "mol_token");
  type("q");
  only<intent::Quit>(type("q"));
  model.keep({"critic", Organisation::id(9), "mol_token", "join"});
  only<intent::Quit>(press_key(Is::interrupt));
}

TEST_F(Pressing, EscapePutsTheFilterBackAndEnterKeepsIt) {
  type("/wri");
  press_key(Is::enter);
  EXPECT_EQ(model.filter, "wri");
  type("/xyz");
  EXPECT_EQ(rows_of(model).size(), 0u);
  press_key(Is::escape);
  EXPECT_EQ(model.filter, "wri");
  EXPECT_EQ(rows_of(model).size(), 1u);
  press_key(Is::escape);
  EXPECT_EQ(model.filter, "");
}

TEST_F(Pressing, WhatIsTooLongIsSaidToBe) {
  type("/w");
  press(model, {.text = std::string(255, 'x')}, shown);
  EXPECT_EQ(model.filter, "w");
  EXPECT_THAT(model.notice, ::testing::HasSubstr("at most 255 bytes"));
  press_key(Is::escape);
  press_key(Is::enter);
  type("a");
  press(model, {.text = std::string(Line::size_max, 'x')}, shown);
  EXPECT_EQ(model.chats[model.chat_with].line.text(), "a");
  EXPECT_THAT(model.notice, ::testing::HasSubstr("at most 32 KiB"));
}

TEST_F(Pressing, SaysThatSomebodyIsGone) {
  org.happens("AGENT_MESSAGE", 4, R"({"message":"bye"})");
  org.happens("WORKSPACE_REMOVED", 4);
  type("2");
  press_key(Is::end);
  press_key(Is::enter);
  EXPECT_EQ(model.notice, "ops is not here any more");
}

TEST_F(Pressing, ASpawnFormIsThreeStepsAndAPlace) {
  type("n");
  type("critic");
  press_key(Is::enter);
  type("Reads again");
  press_key(Is::enter);
  press_key(Is::backspace);
  type("7");
  press_key(Is::enter);
  type("pm");
  EXPECT_TRUE(press_key(Is::enter).empty());
  EXPECT_EQ(model.form.trouble, "a tier is a number from 1 to 4");
  EXPECT_EQ(model.form.at, 2u);
  press_key(Is::backspace);
  type("3");
  press_key(Is::enter);
  EXPECT_EQ(
      only<intent::Spawn>(press_key(Is::enter)).body,
      R"({"name":"critic","role":"Reads again","tier":3,"parent_id":"00000000-0000-4000-8000-000000000001","runtime":"external"})");
  EXPECT_TRUE(model.form.sent);
  EXPECT_TRUE(press_key(Is::enter).empty());  // Not twice.
}

TEST_F(Pressing, ANameIsNeededAndAPlaceHasToBeThere) {
  type("n");
  for (int i = 0; i < 4; ++i) press_key(Is::enter);
  EXPECT_EQ(model.form.trouble, "it needs a name");
  EXPECT_EQ(model.form.at, 0u);
  type("x");
  for (int i = 0; i < 3; ++i) press_key(Is::tab);
  type("nobody");
  press_key(Is::enter);
  EXPECT_EQ(model.form.trouble, "there is no workspace of this name");
}

TEST_F(Pressing, AnEditSendsWhatWasChanged) {
  press_key(Is::end);  // writer, below pm
  type("e");
  EXPECT_EQ(model.form.fields[0].line.text(), "writer");
  EXPECT_EQ(model.form.fields[3].line.text(), "pm");
  type("s");
  press_key(Is::up);
  press_key(Is::erase_line);
  const auto change = only<intent::Change>(press_key(Is::enter));
  EXPECT_EQ(change.of, Organisation::id(3));
  EXPECT_EQ(change.body, R"({"name":"writers","parent_id":null})");
}

TEST_F(Pressing, AnEditOfNothingAsksForNothing) {
  type("e");
  press_key(Is::up);
  EXPECT_TRUE(press_key(Is::enter).empty());
  EXPECT_EQ(model.mode, Mode::browse);
}

TEST_F(Pressing, FiltersAsItIsTyped) {
  type("/wri");
  EXPECT_EQ(rows_of(model).size(), 1u);
  press_key(Is::backspace);
  press_key(Is::enter);
  EXPECT_EQ(model.filter, "wr");
  EXPECT_EQ(model.mode, Mode::browse);
  press_key(Is::escape);
  EXPECT_EQ(rows_of(model).size(), 4u);
}

TEST_F(Pressing, ChatsAndWaitsForTheAnswer) {
  EXPECT_EQ(only<intent::Recall>(press_key(Is::enter)).of, Organisation::id(4));
  EXPECT_EQ(model.mode, Mode::chat);
  EXPECT_TRUE(press_key(Is::enter).empty());  // Nothing was written.
  type("q? d");
  const auto say = only<intent::Say>(press_key(Is::enter));
  EXPECT_EQ(say.to, Organisation::id(4));
  EXPECT_EQ(say.text, "q? d");
  Chat& chat = model.chats[Organisation::id(4)];
  EXPECT_TRUE(chat.waiting);
  type("more");
  EXPECT_TRUE(press_key(Is::enter).empty());
  EXPECT_EQ(chat.line.text(), "more");
  only<intent::StopWaiting>(press_key(Is::tab));
  press_key(Is::escape);
  EXPECT_EQ(model.mode, Mode::browse);
  EXPECT_TRUE(press_key(Is::enter).empty());  // What was said before is asked for once.
}

TEST_F(Pressing, WhatIsPastedIsNotSentLineByLine) {
  press_key(Is::enter);
  EXPECT_TRUE(press(model, {.text = "one\ntwo\n"}, shown).empty());
  EXPECT_EQ(only<intent::Say>(press_key(Is::enter)).text, "one\ntwo\n");
}

TEST_F(Pressing, AFieldSaysThatAPasteIsTooLongAndTakesItsLineEndsAsBlanks) {
  type("n");
  press(model, {.text = "two\nwords\n"}, shown);
  EXPECT_EQ(model.form.fields[0].line.text(), "two words");
  press(model, {.text = std::string(30'000, 'x')}, shown);
  EXPECT_EQ(model.form.fields[0].line.text(), "two words");
  EXPECT_EQ(model.form.trouble, "longer than 1 KiB; nothing of it was taken");
  type("!");
  EXPECT_EQ(model.form.trouble, "");
  press_key(Is::escape);
  type("/");
  press(model, {.text = "writer\n"}, shown);
  EXPECT_EQ(model.filter, "writer");
}

TEST_F(Pressing, GoesFromAnEventToItsAgent) {
  org.happens("WORKSPACE_OFFLINE", 3);
  model.folded.insert(Organisation::id(1));
  type("2");
  press_key(Is::enter);
  EXPECT_EQ(model.view, View::agents);
  EXPECT_EQ(model.selected, Organisation::id(3));
  EXPECT_EQ(rows_of(model).size(), 4u);
}

TEST_F(Pressing, TheMouseSelectsRowsAndTabs) {
  press(model, {.is = Is::click, .row = 5, .column = 4}, shown);
  EXPECT_EQ(model.selected, Organisation::id(2));
  press(model, {.is = Is::click, .row = 0, .column = 25}, shown);
  EXPECT_EQ(model.view, View::delegations);
  press(model, {.is = Is::click, .row = 90, .column = 900}, shown);
}

TEST_F(Pressing, QuitsFromEverywhere) {
  only<intent::Quit>(type("q"));
  for (const std::string_view keys : {"", "/", "n", "d", "?"}) {
    type(keys);
    only<intent::Quit>(press_key(Is::interrupt));
    press_key(Is::escape);
  }
}

TEST_F(Pressing, AnEmptyOrganisationTakesEveryKey) {
  org.replace("");
  for (const int view : {1, 2, 3, 4}) {
    type(std::to_string(view));
    for (int is = 0; is <= static_cast<int>(Is::wheel_down); ++is) {
      if (static_cast<Is>(is) == Is::text) continue;
      press_key(static_cast<Is>(is));
    }
    for (const char key : std::string_view("depthlsiajkgGr")) {
      type(std::string(1, key));
      press_key(Is::escape);
    }
  }
}

}  // namespace
}  // namespace molecule::tui
