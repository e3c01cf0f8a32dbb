#include "wire/a2a/stream.h"

#include <chrono>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/io/clock.h"
#include "wire/a2a/a2a.h"

namespace molecule::a2a {
namespace {

constexpr std::size_t many = 100'000;
// Half a second on a quiet machine; whoever copies what came before takes minutes.
constexpr std::chrono::seconds soon{15};
const io::SystemClock watch;
constexpr std::string_view completed =
    R"({"kind":"status-update","taskId":"t","contextId":"c","final":true,"status":{"state":"completed"}})";

std::string piece(std::string_view artifact, bool append, std::string_view text) {
  return fmt::format(
      R"({{"kind":"artifact-update","taskId":"t","contextId":"c","append":{},"artifact":{{"artifactId":"{}","parts":[{{"kind":"text","text":"{}"}}]}}}})",
      append, artifact, text);
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++found;
  return found;
}

TEST(Stream, ManyPiecesOfOneArtifactCostNoMoreThanTheyAreLong) {
  Stream stream;
  const std::string text(100, 'y');
  const auto begun = watch.monotonic();
  for (std::size_t i = 0; i < many; ++i) ASSERT_FALSE(stream.take(piece("a", true, text)));
  EXPECT_TRUE(stream.take(completed));
  const std::string answer = stream.answer();
  EXPECT_LT(watch.monotonic() - begun, soon);
  EXPECT_EQ(count(answer, text), many);
  EXPECT_EQ(count(answer, "artifactId"), 1u);
}

TEST(Stream, ManyArtifactsCostNoMoreThanTheyAreLong) {
  Stream stream;
  const auto begun = watch.monotonic();
  const std::size_t each = many / artifacts_max;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < artifacts_max; ++i) {
    for (std::size_t k = 0; k < each; ++k, ++taken)
      ASSERT_FALSE(stream.take(piece(fmt::format("artifact-{:08}", i), k > 0, "y")));
  }
  EXPECT_TRUE(stream.take(completed));
  const std::string answer = stream.answer();
  EXPECT_LT(watch.monotonic() - begun, soon);
  EXPECT_EQ(count(answer, "artifactId"), artifacts_max);
  EXPECT_EQ(count(answer, R"("text":"y")"), taken);
}

TEST(Stream, ManyPartsOfOneEventCostNoMoreThanTheyAreLong) {
  Stream stream;
  std::string parts;
  for (std::size_t i = 0; i < 30'000; ++i)
    parts += fmt::format(R"({}{{"kind":"text","text":"{}"}})", i ? "," : "", std::string(300, 'y'));
  const auto begun = watch.monotonic();
  EXPECT_FALSE(stream.take(R"({"kind":"artifact-update","artifact":{"artifactId":"a","parts":[)" +
                           parts + "]}}"));
  EXPECT_NE(stream.answer().find("\"parts\":[" + parts + "]"), std::string::npos);
  EXPECT_LT(watch.monotonic() - begun, soon);
}

TEST(Stream, WhatComesInPiecesIsPutTogetherInOrder) {
  Stream stream;
  stream.take(piece("a", false, "1"));
  stream.take(piece("b", true, "2"));
  stream.take(piece("a", true, "3"));
  stream.take(piece("b", false, "4"));
  EXPECT_TRUE(stream.take(completed));
  EXPECT_EQ(
      stream.answer(),
      R"({"jsonrpc":"2.0","id":null,"result":{"kind":"task","id":"t","contextId":"c","status":{"state":"completed"},"artifacts":[{"artifactId":"a","metadata":{"molecule_appended":true},"parts":[{"kind":"text","text":"1"},{"kind":"text","text":"3"}]},{"artifactId":"b","parts":[{"kind":"text","text":"4"}]}]}})");
}

TEST(Stream, TextsThatWereAppendedAreOneText) {
  Stream stream;
  stream.take(piece("a", false, "One "));
  stream.take(piece("a", true, "wo"));
  stream.take(piece("a", true, "rd"));
  stream.take(piece("b", false, "Another"));
  EXPECT_TRUE(stream.take(completed));
  EXPECT_EQ(read_answer(stream.answer(), "1").text, "One word\nAnother");
  // What was put together may come again whole, as the beginning of the rest.
  Stream rest;
  auto document = json::Document::parse(stream.answer());
  rest.take(document.root().find("result").text());
  EXPECT_EQ(rest.answer(), stream.answer());
  constexpr std::string_view two =
      R"({"jsonrpc":"2.0","id":1,"result":{"kind":"task","id":"t","status":{"state":"completed"},"artifacts":[{"artifactId":"a","metadata":{"k":1},"parts":[{"kind":"text","text":"1"},{"kind":"text","text":"2"}]}]}})";
  EXPECT_EQ(read_answer(two, "1").text, "1\n2");
}

TEST(Stream, OfMoreThanIsKeptTheBeginningIsTheAnswer) {
  Stream all, some(600);
  bool cut_at_last = false;
  for (int i = 0; i < 20; ++i) {
    const std::string next = piece(i % 2 == 0 ? "a" : "b", true, fmt::format("word {}", i));
    all.take(next);
    some.take(next);
    cut_at_last = some.is_cut();
  }
  EXPECT_TRUE(cut_at_last);
  EXPECT_TRUE(some.take(completed));
  const Answer begun = read_answer(some.answer(), "1");
  EXPECT_EQ(begun.outcome, Outcome::done);
  EXPECT_TRUE(read_answer(all.answer(), "1").text.starts_with("word 0word 2"));
  EXPECT_TRUE(begun.text.starts_with("word 0word 2"));
  EXPECT_EQ(count(begun.text, "word 19"), 0u);
  EXPECT_LT(some.answer().size(), 1000u);
  EXPECT_FALSE(all.is_cut());
  // A task that is told whole has what came before.
  some.take(
      R"({"kind":"task","id":"t","contextId":"c","status":{"state":"completed"},"artifacts":[{"artifactId":"a","parts":[{"kind":"text","text":"short"}]}]})");
  EXPECT_FALSE(some.is_cut());
  EXPECT_EQ(read_answer(some.answer(), "1").text, "short");
}

TEST(Stream, AnArtifactThatIsSentAgainTakesNoMoreRoom) {
  Stream stream(600);
  for (int i = 0; i < 50; ++i) stream.take(piece("a", false, fmt::format("turn {}", i)));
  EXPECT_FALSE(stream.is_cut());
  EXPECT_EQ(read_answer(stream.answer(), "1").text, "turn 49");
}

TEST(Stream, AStreamWithoutAnEndIsRefusedAtItsBound) {
  auto code_after = [](std::size_t events, bool one) {
    Stream stream;
    try {
      for (std::size_t i = 0; i < events; ++i)
        stream.take(piece(one ? "a" : std::to_string(i), true, "y"));
    } catch (const Fault& fault) {
      return fault.code();
    }
    return std::string("taken");
  };
  EXPECT_EQ(code_after(events_max, true), "taken");
  EXPECT_EQ(code_after(events_max + 1, true), "response_too_large");
  EXPECT_EQ(code_after(artifacts_max, false), "taken");
  EXPECT_EQ(code_after(artifacts_max + 1, false), "response_too_large");
}

TEST(Piece, IsTheResultOrTheErrorOfAnEvent) {
  EXPECT_EQ(piece_of(R"({"jsonrpc":"2.0","id":7,"result":{"a": 1}})"), R"({"result":{"a":1}})");
  EXPECT_EQ(piece_of(R"({"jsonrpc":"2.0","error":{"code":-1,"message":"no"}})"),
            R"({"error":{"code":-1,"message":"no"}})");
  EXPECT_EQ(piece_of(R"({"kind":"task","id":"t"})"), R"({"result":{"kind":"task","id":"t"}})");
  for (auto nothing : {"", "still here", "[1]", R"({"jsonrpc":"2.0","id":1})"})
    EXPECT_EQ(piece_of(nothing), std::nullopt) << nothing;
}

TEST(Piece, IsToldInTheGenerationOfWhoReads) {
  struct Case {
    std::string v03, v10;
  };
  const std::vector<Case> cases{
      {R"({"kind":"status-update","taskId":"t","contextId":"c","status":{"state":"working"},"final":false})",
       R"({"statusUpdate":{"taskId":"t","contextId":"c","status":{"state":"TASK_STATE_WORKING"}}})"},
      {R"({"kind":"status-update","taskId":"t","contextId":"c","status":{"state":"completed"},"final":true})",
       R"({"statusUpdate":{"taskId":"t","contextId":"c","status":{"state":"TASK_STATE_COMPLETED"}}})"},
      {R"({"kind":"artifact-update","taskId":"t","artifact":{"artifactId":"a","parts":[{"kind":"text","text":"x"}]},"append":true})",
       R"({"artifactUpdate":{"taskId":"t","artifact":{"artifactId":"a","parts":[{"text":"x"}]},"append":true}})"},
      {R"({"kind":"task","id":"t","status":{"state":"submitted"}})",
       R"({"task":{"id":"t","status":{"state":"TASK_STATE_SUBMITTED"}}})"},
  };
  for (const Case& each : cases) {
    const std::string old_piece = R"({"result":)" + each.v03 + "}";
    const std::string new_piece = R"({"result":)" + each.v10 + "}";
    EXPECT_EQ(event_of(old_piece, Generation::v10, "7"),
              R"({"jsonrpc":"2.0","id":7,"result":)" + each.v10 + "}");
    EXPECT_EQ(event_of(new_piece, Generation::v03, "\"x\""),
              R"({"jsonrpc":"2.0","id":"x","result":)" + each.v03 + "}");
    EXPECT_EQ(event_of(old_piece, Generation::v03, "1"),
              R"({"jsonrpc":"2.0","id":1,"result":)" + each.v03 + "}");
  }
  EXPECT_EQ(
      event_of(R"({"error":{"code":-1,"message":"no"}})", Generation::v10, "1"),
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no","data":[)"
      R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"AGENT_ERROR","domain":"molecule"}]}})");
}

}  // namespace
}  // namespace molecule::a2a
