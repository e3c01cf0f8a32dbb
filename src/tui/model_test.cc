#include "tui/model.h"

#include <gmock/gmock.h>

#include "tui/organisation_fixture.h"

namespace molecule::tui {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> names(const Model& model) {
  std::vector<std::string> out;
  for (const Row& row : rows_of(model)) out.push_back(row.branch + row.agent->name);
  return out;
}

TEST(AModel, ShowsATreeAndAFlatList) {
  Organisation org = Organisation::made();
  EXPECT_THAT(names(org.model), ElementsAre("ops", "pm", "├ researcher", "└ writer"));
  org.model.tree = false;
  EXPECT_THAT(names(org.model), ElementsAre("ops", "pm", "researcher", "writer"));
  org.model.tree = true;
  org.model.folded.insert(Organisation::id(1));
  EXPECT_THAT(names(org.model), ElementsAre("ops", "pm"));
}

TEST(AModel, FiltersByNameRoleAndState) {
  Organisation org = Organisation::made();
  org.model.filter = "RESEARCH";
  EXPECT_THAT(names(org.model), ElementsAre("researcher"));
  org.model.filter = "coordinates";
  EXPECT_THAT(names(org.model), ElementsAre("pm"));
  org.happens("WORKSPACE_OFFLINE", 3);
  org.model.filter = "offline";
  EXPECT_THAT(names(org.model), ElementsAre("writer"));
}

TEST(AModel, PutsWhatIsOfConcernFirst) {
  Organisation org = Organisation::made();
  org.happens("WORKSPACE_OFFLINE", 3);
  org.happens("WORKSPACE_DEGRADED", 2, R"({"error_rate":0.75,"sample_error":"boom"})");
  org.model.order = Order::concern;
  org.model.tree = false;
  EXPECT_THAT(names(org.model), ElementsAre("writer", "researcher", "pm", "ops"));
  ASSERT_EQ(troubled(org.model).size(), 2u);
  EXPECT_EQ(troubled(org.model)[0]->name, "writer");
}

TEST(AModel, WhoAsksPeopleWantsAttention) {
  Organisation org = Organisation::made();
  const auto document = json::Document::parse(
      R"({"items":[{"workspace_id":"00000000-0000-4000-8000-000000000003","summary":"Which day?"},{"summary":"of nobody"},
          {"workspace_id":"00000000-0000-4000-8000-000000000003","summary":"an older one"}]})");
  org.model.replace_questions(document.root());
  EXPECT_EQ(org.model.questions.size(), 1u);
  EXPECT_EQ(org.model.questions.begin()->second, "Which day?");
  ASSERT_EQ(troubled(org.model).size(), 1u);
  EXPECT_EQ(troubled(org.model)[0]->name, "writer");
  org.model.order = Order::concern;
  org.model.tree = false;
  EXPECT_EQ(names(org.model).front(), "writer");
}

TEST(AModel, KnowsWhatEachEventChanges) {
  Organisation org = Organisation::made();
  org.happens("WORKSPACE_DEGRADED", 2, R"({"error_rate":0.75,"sample_error":"boom"})");
  EXPECT_EQ(org.agent(2).status, "degraded");
  EXPECT_EQ(org.agent(2).error, "boom");
  EXPECT_EQ(org.agent(2).error_rate, 0.75);
  org.happens("WORKSPACE_ONLINE", 2, R"({"url":"http://127.0.0.1:9"})");
  EXPECT_EQ(org.agent(2).status, "online");
  EXPECT_EQ(org.agent(2).error_rate, 0);
  EXPECT_EQ(org.agent(2).url, "http://127.0.0.1:9");
  org.happens("WORKSPACE_LATE", 2);
  EXPECT_EQ(standing(org.agent(2)).word, "late");
  org.happens("WORKSPACE_HEARTBEAT", 2, R"({"active_tasks":3,"uptime_seconds":99})", true);
  EXPECT_EQ(standing(org.agent(2)).word, "online");
  EXPECT_EQ(org.agent(2).tasks, 3);
  org.happens("TASK_UPDATED", 2, R"({"current_task":"Reading","active_tasks":1})");
  EXPECT_EQ(org.agent(2).task, "Reading");
  org.happens("WORKSPACE_OFFLINE", 2);
  EXPECT_EQ(org.agent(2).task, "");
  org.happens("WORKSPACE_UPDATED", 2, R"({"name":"reader","parent_id":null})");
  EXPECT_EQ(org.agent(2).name, "reader");
  EXPECT_FALSE(org.agent(2).parent);
  org.happens(
      "AGENT_CARD_UPDATED", 2,
      R"({"agent_card":{"description":"Reads","skills":[{"id":"s","name":"Summarise"},7]}})");
  ASSERT_EQ(org.agent(2).skills.size(), 1u);
  EXPECT_EQ(org.agent(2).skills[0].name, "Summarise");
  org.happens("WORKSPACE_PROVISIONING", 9,
              R"({"name":"new","parent_id":"00000000-0000-4000-8000-000000000001"})");
  EXPECT_EQ(org.agent(9).status, "provisioning");
  EXPECT_EQ(org.model.count_below(Organisation::id(1)), 2u);
}

TEST(AModel, ALateWordBringsNobodyBack) {
  Organisation org = Organisation::made();
  org.happens("WORKSPACE_REMOVED", 3);
  EXPECT_EQ(org.model.agents.size(), 3u);
  org.happens("WORKSPACE_HEARTBEAT", 3, R"({"active_tasks":1})", true);
  org.happens("WORKSPACE_ONLINE", 3);
  EXPECT_EQ(org.model.agents.size(), 3u);
  EXPECT_EQ(org.model.name_of(Organisation::id(3)), "writer");
}

TEST(AModel, OfAnyVersionOfAPlatformIsReadable) {
  Organisation org;
  org.replace(Organisation::member(1, "a", 0,
                                   R"(,"status_":1,"active_tasks":"many","uptime_seconds":null)") +
              R"(,7,{"id":"nothing"},{"name":"no id"},)" +
              R"({"id":"00000000-0000-4000-8000-000000000002","name":"b","status":"dancing"})");
  EXPECT_EQ(org.model.agents.size(), 2u);
  EXPECT_EQ(standing(org.agent(2)).word, "dancing");
  EXPECT_TRUE(org.happens("SOMETHING_NEW", 1, R"({"x":1})"));
  EXPECT_EQ(org.model.events.front().type, "SOMETHING_NEW");
  EXPECT_FALSE(org.happens("BROKEN", 1, "{"));
}

TEST(AModel, KeepsEventsInOrderOnceAndBounded) {
  Organisation org = Organisation::made();
  for (std::size_t i = 0; i < events_max + 20; ++i) org.happens("TASK_UPDATED", 1);
  EXPECT_EQ(org.model.events.size(), events_max);
  EXPECT_GT(org.model.events[0].seq, org.model.events[1].seq);
  const auto newest = org.model.events[0].seq;
  const auto document = json::Document::parse(fmt::format(
      R"([{{"event_type":"TASK_UPDATED","workspace_id":null,"seq":{},"payload":{{}}}}])", newest));
  org.model.add_past(document.root());
  EXPECT_EQ(org.model.events.size(), events_max);
  EXPECT_EQ(org.model.events[1].seq, newest - 1);
}

TEST(AModel, KeepsTheEventThatIsRead) {
  Organisation org = Organisation::made();
  for (int i = 0; i < 5; ++i) org.happens("TASK_UPDATED", 1);
  org.model.events_at.selected = 2;
  const std::int64_t read = org.model.events[2].seq;
  org.happens("TASK_UPDATED", 1);
  EXPECT_EQ(events_of(org.model)[org.model.events_at.selected]->seq, read);
  org.model.filter = "task";
  org.happens("WORKSPACE_LATE", 1);  // Which the filter does not let through.
  EXPECT_EQ(events_of(org.model)[org.model.events_at.selected]->seq, read);
}

TEST(AModel, ForgetsEventsOfALogThatWasReplaced) {
  Organisation org = Organisation::made();
  for (int i = 0; i < 5; ++i) org.happens("TASK_UPDATED", 1);
  const auto document = json::Document::parse(
      R"([{"event_type":"WORKSPACE_LATE","seq":3,"payload":{}},{"event_type":"WORKSPACE_LATE","seq":2,"payload":{}}])");
  org.model.add_past(document.root());
  ASSERT_EQ(org.model.events.size(), 2u);
  EXPECT_EQ(org.model.events[0].seq, 3);
}

TEST(AModel, FollowsWorkThatIsHandedOver) {
  Organisation org = Organisation::made();
  const std::string of =
      R"("delegation_id":"d1","target_id":"00000000-0000-4000-8000-000000000002")";
  org.happens("DELEGATION_SENT", 1, fmt::format(R"({{{},"task_preview":"Read it"}})", of));
  ASSERT_EQ(org.model.handovers.size(), 1u);
  EXPECT_EQ(org.model.handovers[0].status, "sent");
  org.happens("DELEGATION_STATUS", 1, fmt::format(R"({{{},"status":"queued"}})", of));
  EXPECT_EQ(org.model.handovers[0].status, "queued");
  org.happens("DELEGATION_COMPLETE", 1, fmt::format(R"({{{},"response_preview":"Done"}})", of));
  ASSERT_EQ(org.model.handovers.size(), 1u);
  EXPECT_EQ(org.model.handovers[0].status, "completed");
  EXPECT_EQ(org.model.handovers[0].outcome, "Done");
  EXPECT_EQ(org.model.handovers[0].task, "Read it");
  EXPECT_EQ(
      words_about("DELEGATION_SENT",
                  json::Document::parse(fmt::format(R"({{{},"task_preview":"x"}})", of)).root(),
                  org.model),
      "to researcher: x");
}

TEST(AModel, TheSelectionStaysWithTheOneAndThenWithThePlace) {
  Organisation org = Organisation::made();
  org.model.selected = Organisation::id(2);
  EXPECT_EQ(settle_selection(org.model, rows_of(org.model)), 2u);
  org.happens("WORKSPACE_REMOVED", 4);  // One above.
  EXPECT_EQ(settle_selection(org.model, rows_of(org.model)), 1u);
  EXPECT_EQ(org.model.selected, Organisation::id(2));
  org.happens("WORKSPACE_REMOVED", 2);
  EXPECT_EQ(settle_selection(org.model, rows_of(org.model)), 1u);
  EXPECT_EQ(org.model.selected, Organisation::id(3));
  org.replace("");
  settle_selection(org.model, rows_of(org.model));
  EXPECT_FALSE(org.model.selected);
}

TEST(Spans, AreShort) {
  EXPECT_EQ(span(-5), "0s");
  EXPECT_EQ(span(59), "59s");
  EXPECT_EQ(span(250), "4m10s");
  EXPECT_EQ(span(7380), "2h03m");
  EXPECT_EQ(span(86'400 * 5 + 7200), "5d02h");
}

TEST(Chat, HasAMessageOnceWhereverItWasWritten) {
  Organisation org = Organisation::made();
  Chat& chat = org.model.chats[Organisation::id(1)];
  const auto hears = [&](std::string_view id, std::string_view text, std::string_view by = "") {
    org.happens("USER_MESSAGE", 1,
                fmt::format(R"({{"message_id":"{}","content":"{}","by":"{}"}})", id, text, by));
  };
  hears("m0", "not recalled yet");
  EXPECT_TRUE(chat.turns.empty());
  chat.recalled = true;
  chat.add(Turn::Who::person, "hello", org.model.now);
  chat.sent("hello", "m1");
  hears("m1", "hello");
  EXPECT_EQ(chat.turns.size(), 1u);
  hears("m2", "hello", "ci");
  hears("m2", "hello", "ci");
  ASSERT_EQ(chat.turns.size(), 2u);
  EXPECT_EQ(chat.turns[1].by, "ci");
  hears("m3", "there");
  EXPECT_EQ(chat.turns[2].by, "somebody");
}

TEST(Chat, WhatWasSaidBeforeFindsItsPlaceByItsId) {
  const auto at = [](int seconds) { return Instant::from_micros(seconds * 1'000'000LL); };
  using Who = Turn::Who;
  Chat chat;
  chat.turns = {{Who::person, "yes", at(1000), "m2"}, {Who::agent, "done", at(1001)}};
  chat.put_before({{Who::person, "yes", at(100), "m1"},
                   {Who::agent, "done", at(101)},
                   {Who::person, "yes", at(1002), "m2"},
                   {Who::agent, "done", at(1003)},
                   {Who::person, "more", at(2000), "m3"}});
  std::vector<std::string> told;
  for (const Turn& turn : chat.turns) told.push_back(turn.id + " " + turn.text);
  EXPECT_EQ(told, (std::vector<std::string>{"m1 yes", " done", "m2 yes", " done", "m3 more"}));
}

TEST(Rows, AreMadeWhenSomethingHasChanged) {
  Organisation org = Organisation::made();
  const Row* first = rows_of(org.model).data();
  org.happens("WORKSPACE_HEARTBEAT", 1, R"({"active_tasks":2})", true);
  EXPECT_EQ(rows_of(org.model).data(), first);
  EXPECT_EQ(rows_of(org.model).size(), 4u);
  org.happens("WORKSPACE_REMOVED", 3);
  EXPECT_EQ(rows_of(org.model).size(), 3u);
  org.model.tree = false;
  EXPECT_EQ(rows_of(org.model)[0].branch, "");
  org.model.filter = "pm";
  EXPECT_EQ(rows_of(org.model).size(), 1u);
}

}  // namespace
}  // namespace molecule::tui
