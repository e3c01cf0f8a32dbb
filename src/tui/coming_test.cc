#include "tui/coming.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tui/recalled.h"

namespace molecule::tui {
namespace {

std::string event(std::string_view result) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":1,"result":{}}})", result);
}
std::string piece(std::string_view text, std::string_view artifact = "a", bool append = true) {
  return event(fmt::format(
      R"({{"kind":"artifact-update","taskId":"t","contextId":"c","append":{},"artifact":{{"artifactId":"{}","parts":[{{"kind":"text","text":"{}"}}]}}}})",
      append, artifact, text));
}
std::string state(std::string_view name, std::string_view words = {}) {
  const std::string said =
      words.empty()
          ? ""
          : fmt::format(
                R"(,"message":{{"role":"agent","messageId":"m","parts":[{{"kind":"text","text":"{}"}}]}})",
                words);
  return event(fmt::format(
      R"({{"kind":"status-update","taskId":"t","contextId":"c","final":false,"status":{{"state":"{}"{}}}}})",
      name, said));
}

TEST(AComingAnswer, GrowsByItsPieces) {
  Coming coming;
  EXPECT_FALSE(coming.take(
      event(R"({"kind":"task","id":"t","contextId":"c","status":{"state":"submitted"}})")));
  EXPECT_EQ(coming.progress(), "the platform has it, its agent does not yet");
  EXPECT_FALSE(coming.take(state("working", "Reading")));
  EXPECT_EQ(coming.progress(), "Reading");
  EXPECT_FALSE(coming.take(piece("one ")));
  EXPECT_FALSE(coming.take(piece("two")));
  EXPECT_EQ(coming.text(), "one two");
  EXPECT_FALSE(coming.take(piece("three", "b", false)));
  EXPECT_EQ(coming.text(), "one two\n\nthree");
  EXPECT_FALSE(coming.take("no json"));
  EXPECT_TRUE(coming.take(state("completed")));
  const Coming::End end = coming.end();
  EXPECT_TRUE(end.trouble.empty());
  EXPECT_NE(end.text.find("one two"), std::string::npos);
  EXPECT_NE(end.text.find("three"), std::string::npos);
}

TEST(AComingAnswer, MayComeInOnePiece) {
  Coming coming;
  EXPECT_TRUE(coming.take(event(
      R"({"kind":"message","role":"agent","messageId":"m","parts":[{"kind":"text","text":"all"}]})")));
  EXPECT_EQ(coming.end().text, "all");
}

TEST(AComingAnswer, SaysWhyThereIsNone) {
  Coming error;
  EXPECT_TRUE(error.take(R"({"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"out of ink"}})"));
  EXPECT_EQ(error.end().trouble, "out of ink");
  Coming nothing;
  EXPECT_EQ(nothing.end().trouble, "it ended without an answer");
  Coming silent;
  silent.take(state("completed"));
  EXPECT_EQ(silent.end().trouble, "it is done, and said nothing");
  Coming asks;
  asks.take(state("input-required", "Which one?"));
  EXPECT_EQ(asks.end().text, "Which one?");
  EXPECT_EQ(asks.end().trouble, "it waits for an answer");
  ASSERT_TRUE(asks.end().open);
  EXPECT_EQ(asks.end().open->id, "t");
}

TEST(AComingAnswer, HasABound) {
  Coming coming;
  const std::string much(100'000, 'x');
  for (int i = 0; i < 5; ++i) coming.take(piece(much));
  EXPECT_LE(coming.text().size(), Coming::text_max);
}

TEST(EarlierTurns, AreToldOnceInOrder) {
  const auto rows = json::Document::parse(R"([
    {"id":"n2","method":"notify","created_at":"2026-01-01T00:00:09Z","data":{"source":"self","text":"By the way"}},
    {"id":"p1","method":"message/send","created_at":"2026-01-01T00:00:05Z","data":{"source":"peer_agent","text":"of a peer"}},
    {"id":"n1","method":"notify","created_at":"2026-01-01T00:00:04Z","request_body":{"reply_to":"q2"},"data":{"source":"self","text":"Second"}},
    {"id":"q2","method":"message/stream","created_at":"2026-01-01T00:00:03Z","duration_ms":1000,"data":{"source":"canvas_user","text":"two?"},
     "response_body":{"result":{"kind":"message","parts":[{"kind":"text","text":"Second"}]}}},
    {"id":"q1","method":"message/send","created_at":"2026-01-01T00:00:01Z","duration_ms":500,"data":{"source":"canvas_user","text":"one?"},
     "response_body":{"result":{"kind":"message","parts":[{"kind":"text","text":"First"}]}}},
    {"id":"q0","method":"message/send","created_at":"2026-01-01T00:00:00Z","error_detail":"expired","data":{"source":"canvas_user","text":"none?"}},
    7])");
  std::string told;
  for (const Turn& turn : earlier(rows.root()).turns) told += turn.text + "|";
  EXPECT_EQ(told, "none?|expired|one?|First|two?|Second|By the way|");
  Chat chat;
  chat.add(Turn::Who::person, "two?", *Instant::parse("2026-01-01T00:01:03Z"));
  chat.put_before(earlier(rows.root()).turns);
  EXPECT_EQ(chat.turns.size(), 7u);
  EXPECT_EQ(chat.turns.back().text, "two?") << "by the clock of this machine";
}

TEST(EarlierTurns, EndWithWhatIsStillAsked) {
  const auto rows = json::Document::parse(R"([
    {"id":"q1","method":"message/send","created_at":"2026-01-01T00:00:01Z","duration_ms":500,"data":{"source":"canvas_user","text":"Book it"},
     "response_body":{"result":{"kind":"task","id":"t7","contextId":"c7","status":{"state":"input-required","message":{"role":"agent","messageId":"m","parts":[{"kind":"text","text":"Which day?"}]}}}}}])");
  const Earlier told = earlier(rows.root());
  ASSERT_EQ(told.turns.size(), 3u);
  EXPECT_EQ(told.turns[1].text, "Which day?");
  EXPECT_EQ(told.turns[2].who, Turn::Who::note);
  ASSERT_TRUE(told.open);
  EXPECT_EQ(told.open->id, "t7");
  EXPECT_EQ(told.open->context, "c7");
}

TEST(AnAnswer, ThatComesByTwoWaysIsToldOnce) {
  Chat chat;
  chat.add(Turn::Who::person, "x", Instant());
  chat.add_answer("Yes", Instant());
  chat.add_answer("Yes", Instant() + std::chrono::seconds(1));
  EXPECT_EQ(chat.turns.size(), 2u);
  chat.add_answer("Yes", Instant() + std::chrono::seconds(30));
  chat.add(Turn::Who::person, "again", Instant() + std::chrono::seconds(31));
  chat.add_answer("Yes", Instant() + std::chrono::seconds(32));
  EXPECT_EQ(chat.turns.size(), 5u);
}

}  // namespace
}  // namespace molecule::tui
