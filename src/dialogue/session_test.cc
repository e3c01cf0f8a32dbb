#include "dialogue/session.h"

#include <array>

#include <gtest/gtest.h>

#include "platform/io/loop.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;

constexpr Words sleeping{.name = "sleep", .title = "Sleep", .about = "Never comes back."};
constexpr Server some_server{.name = "s", .title = "S", .capabilities = "{}"};

class Sleeper final : public Offer {
 public:
  const Server& server() const override { return some_server; }
  std::optional<std::string> instructions() const override { return std::nullopt; }
  std::string list(std::string_view) const override { return "[]"; }
  const Words* find(std::string_view name) const override {
    return name == sleeping.name ? &sleeping : nullptr;
  }
  io::Task<Said> call(const Words&, json::Node, const Progress&) override {
    for (;;) co_await io::sleep(1h);
  }
};

constexpr std::string_view call =
    R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sleep"}})";
constexpr std::string_view listening =
    R"({"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"_meta":)"
    R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
    R"("io.modelcontextprotocol/clientCapabilities":{}}}})";

struct Conversation {
  explicit Conversation(std::string revision = {}, io::Cancellation* parent = nullptr)
      : session(loop, offer, {.write = [this](std::string text) { said.push_back(text); }},
                std::move(revision), parent) {}
  ~Conversation() { io::run(loop, session.end(0ms)); }

  io::Loop loop;
  Sleeper offer;
  std::vector<std::string> said;
  Session session;
};

TEST(Session, WhatRunsEndsWithItsParent) {
  for (std::string_view lasting : {call, listening}) {
    io::Cancellation parent;
    Conversation talk({}, &parent);
    talk.session.take(lasting);
    EXPECT_EQ(talk.session.running(), 1u);
    parent.cancel();
    io::run(talk.loop, io::within(10s, talk.session.finish()));
    EXPECT_EQ(talk.session.running(), 0u) << lasting;
  }
}

TEST(Session, ARequestWithHalfACharacterIsAnswered) {
  Conversation talk;
  talk.session.take(
      R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"no \ud83d tool"}})");
  ASSERT_EQ(talk.said.size(), 1u);
  EXPECT_NE(talk.said[0].find(R"("id":7)"), std::string::npos) << talk.said[0];
  talk.session.take(R"({"jsonrpc":"2.0","id":8,"method":"\ud83d)");
  EXPECT_NE(talk.said[1].find(R"("id":null)"), std::string::npos) << talk.said[1];
}

// Asks for a word before it goes on, once.
constexpr std::array asker_takes{Argument{"word", Argument::Form::text, true},
                                 Argument{"task", Argument::Form::text}};
constexpr Words asking{.name = "ask", .title = "Ask", .about = "Asks.", .arguments = asker_takes};

class Asker final : public Offer {
 public:
  const Server& server() const override { return some_server; }
  std::optional<std::string> instructions() const override { return std::nullopt; }
  std::string list(std::string_view) const override { return "[]"; }
  const Words* find(std::string_view) const override { return &asking; }
  io::Task<Said> call(const Words&, json::Node arguments, const Progress&) override {
    const std::string task = text_of(arguments, "task");
    Said said{fmt::format("{} {}", text_of(arguments, "word"), task)};
    if (task.empty()) said.question = Question{"which word?", "word", {{"task", "t-1"}}};
    co_return said;
  }
};

struct Questioning {
  Questioning()
      : session(loop, offer, {.write = [this](std::string text) { said.push_back(text); }}) {}
  ~Questioning() { io::run(loop, session.end(0ms)); }
  void hello(std::string_view revision, std::string_view capabilities) {
    session.take(fmt::format(
        R"({{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{}","capabilities":{}}}}})",
        revision, capabilities));
    said.clear();
  }
  // After what is under way has had its turns.
  std::string last() {
    auto turn = []() -> io::Task<void> { co_await io::sleep(20ms); };
    io::run(loop, turn());
    return said.empty() ? std::string() : said.back();
  }

  io::Loop loop;
  Asker offer;
  std::vector<std::string> said;
  Session session;
};

constexpr std::string_view ask_it =
    R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"ask","arguments":{"word":"first"}}})";

TEST(Session, APersonIsAskedWhereTheClientCan) {
  Questioning talk;
  talk.hello("2025-11-25", R"({"elicitation":{}})");
  talk.session.take(ask_it);
  EXPECT_EQ(
      talk.last(),
      R"({"jsonrpc":"2.0","id":"asked-1","method":"elicitation/create","params":{"mode":"form",)"
      R"("message":"which word?","requestedSchema":{"type":"object","properties":{"answer":)"
      R"({"type":"string","title":"Answer"}},"required":["answer"]}}})");
  // Another's answer is none of it.
  talk.session.take(R"({"jsonrpc":"2.0","id":"asked-7","result":{"action":"accept"}})");
  EXPECT_EQ(talk.said.size(), 1u);
  talk.session.take(
      R"({"jsonrpc":"2.0","id":"asked-1","result":{"action":"accept","content":{"answer":"bee"}}})");
  EXPECT_NE(talk.last().find(R"("id":5,"result":{"content":[{"type":"text","text":"bee t-1"}])"),
            std::string::npos)
      << talk.last();
}

TEST(Session, WhoDeclinesOrCannotBeAskedGetsTheText) {
  for (std::string_view answer :
       {R"("result":{"action":"decline"})", R"("error":{"code":-1,"message":"no"})"}) {
    Questioning talk;
    talk.hello("2025-06-18", R"({"elicitation":{"form":{}}})");
    talk.session.take(ask_it);
    EXPECT_EQ(talk.last().find("\"mode\""), std::string::npos) << "not of this revision";
    talk.session.take(fmt::format(R"({{"jsonrpc":"2.0","id":"asked-1",{}}})", answer));
    EXPECT_NE(talk.last().find(R"("text":"first ")"), std::string::npos) << talk.last();
  }
  for (auto [revision, capabilities] :
       {std::pair{"2025-11-25", "{}"}, std::pair{"2025-11-25", R"({"elicitation":{"url":{}}})"},
        std::pair{"2025-03-26", R"({"elicitation":{}})"}}) {
    Questioning talk;
    talk.hello(revision, capabilities);
    talk.session.take(ask_it);
    EXPECT_NE(talk.last().find(R"("text":"first ")"), std::string::npos) << talk.last();
  }
}

TEST(Session, ACallThatIsCalledOffAsksNoLonger) {
  Questioning talk;
  talk.hello("2025-11-25", R"({"elicitation":{}})");
  talk.session.take(ask_it);
  talk.last();
  talk.session.take(
      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}})");
  EXPECT_EQ(
      talk.last(),
      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"asked-1"}})");
}

TEST(Session, InTheStatelessEraTheCallComesAgain) {
  const auto called = [](std::string_view capabilities, std::string_view more) {
    return fmt::format(
        R"({{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{{"name":"ask","arguments":{{"word":"first"}},)"
        R"("_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}{}}}}})",
        capabilities, more);
  };
  constexpr std::string_view can = R"({"elicitation":{}})";
  const auto answer_to = [&](std::string_view capabilities, std::string_view more) {
    Questioning talk;
    talk.session.take(called(capabilities, more));
    return talk.last();
  };
  const std::string asked = answer_to(can, "");
  EXPECT_NE(
      asked.find(
          R"("inputRequests":{"word":{"method":"elicitation/create","params":{"mode":"form")"),
      std::string::npos)
      << asked;
  EXPECT_NE(asked.find(R"("requestState":"{\"task\":\"t-1\"}","resultType":"input_required")"),
            std::string::npos)
      << asked;
  EXPECT_NE(answer_to("{}", "").find(R"("text":"first ")"), std::string::npos);
  constexpr std::string_view said =
      R"(,"inputResponses":{"word":{"action":"accept","content":{"answer":"bee"}},"x":{}})";
  EXPECT_NE(answer_to(can, fmt::format(R"({},"requestState":"{{\"task\":\"t-1\"}}")", said))
                .find(R"("text":"bee t-1")"),
            std::string::npos);
  EXPECT_NE(answer_to(can, fmt::format(R"({},"requestState":"nonsense")", said)).find("-32602"),
            std::string::npos);
  EXPECT_NE(answer_to(can, R"(,"inputResponses":{"x":{}})").find("-32602"), std::string::npos);
  EXPECT_NE(
      answer_to(can, R"(,"inputResponses":{"word":{"action":"cancel"}})").find("Nobody answered"),
      std::string::npos);
}

TEST(Session, ABatchHasNothingOfTheEraWithoutBatches) {
  Conversation talk;
  const std::string batch = fmt::format("[{}]", listening);
  talk.session.take(batch);
  EXPECT_EQ(talk.session.running(), 0u);
  ASSERT_EQ(talk.said.size(), 1u);
  EXPECT_NE(talk.said[0].find(R"("id":2,"error":{"code":-32600)"), std::string::npos);
}

TEST(Session, BatchesAreBoundedAndOfTheirRevisions) {
  std::string many = "[1";
  for (std::size_t i = 1; i <= Session::batch_max; ++i) many += ",1";
  Conversation older("2024-11-05");
  older.session.take(many + "]");
  EXPECT_EQ(older.said.size(), 1u);
  older.session.take("[1,2]");
  EXPECT_EQ(older.said.size(), 3u) << "each that is wrong is answered";
  Conversation newer("2025-11-25");
  newer.session.take(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])");
  ASSERT_EQ(newer.said.size(), 1u);
  EXPECT_NE(newer.said[0].find("-32600"), std::string::npos);
}

}  // namespace
}  // namespace molecule::mcp
