#include "dialogue/session.h"

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
