#include "server/proxy/carry.h"

#include "platform/http/client_fixture.h"

namespace molecule::proxy {
namespace {

using http::ScriptedServer;
using End = Carried::End;

std::string reply(std::string_view status, std::string_view body) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

class Carry : public http::HttpClient {
 protected:
  Carry() {
    parcel.target.generation = a2a::Generation::v03;
    parcel.body =
        R"({"jsonrpc":"2.0","id":"1","method":"message/send","params":{"message":{"role":"user","messageId":"m1","parts":[{"kind":"text","text":"hello"}]}}})";
    parcel.rpc_id = R"("1")";
    parcel.hops = 3;
  }
  Carried carried_to(ScriptedServer::Script script) {
    Carried out;
    play(std::move(script), [&](ScriptedServer& server, http::Client& client) -> io::Task<void> {
      parcel.target.url = server.url("/a2a");
      out = co_await carry(client, parcel, settings);
    });
    return out;
  }
  Carried carried_to(std::string_view status, std::string_view body) {
    return carried_to(http::says(reply(status, body)));
  }

  Parcel parcel;
  Settings settings;
};

TEST_F(Carry, TheAgentGetsTheMessageAndWhoAsks) {
  io::SystemRandom random;
  parcel.source = random.id<WorkspaceId>();
  parcel.proof = Secret("inbound");
  std::string head, body;
  Carried carried = carried_to([&](ScriptedServer::Turn turn) -> io::Task<bool> {
    head = turn.request.head;
    body = turn.request.body;
    std::string text = reply(
        "200 OK",
        R"({"jsonrpc":"2.0","id":"1","result":{"kind":"message","role":"agent","messageId":"r","parts":[{"kind":"text","text":"hi"}]}})");
    co_await turn.stream.write(text);
    co_return true;
  });
  EXPECT_EQ(carried.end, End::answered);
  EXPECT_EQ(carried.answer.text, "hi");
  EXPECT_TRUE(carried.delivered);
  EXPECT_EQ(body, parcel.body);
  EXPECT_EQ(http::header_in(head, "x-workspace-id"), parcel.source->text());
  EXPECT_EQ(http::header_in(head, "x-molecule-hops"), "3");
  EXPECT_EQ(http::header_in(head, "authorization"), "Bearer inbound");
  EXPECT_TRUE(head.starts_with("POST /a2a HTTP/1.1\r\n")) << head;
}

TEST_F(Carry, AnAgentThatSaysNotNowIsTriedAgain) {
  for (auto status : {"429 Too Many Requests", "502 Bad Gateway", "503 Service Unavailable",
                      "504 Gateway Timeout"}) {
    Carried carried = carried_to(status, R"({"error":"later"})");
    EXPECT_EQ(carried.end, End::not_now) << status;
    EXPECT_EQ(carried.error, "later") << status;
  }
}

TEST_F(Carry, ARefusalIsFinalAndSaysWhy) {
  Carried carried = carried_to("400 Bad Request", R"({"error":{"message":"no such skill"}})");
  EXPECT_EQ(carried.end, End::refused);
  EXPECT_EQ(carried.status, 400);
  EXPECT_EQ(carried.code, "agent_error");
  EXPECT_EQ(carried.error, "no such skill");
  // A redirect is not followed: it could lead anywhere.
  EXPECT_EQ(carried_to("302 Found", "").end, End::refused);
  EXPECT_EQ(carried_to("302 Found", "").status, 502);
}

TEST_F(Carry, AnErrorOfJsonRpcIsAnAnswer) {
  Carried carried = carried_to(
      "200 OK", R"({"jsonrpc":"2.0","id":"1","error":{"code":-32603,"message":"broken"}})");
  EXPECT_EQ(carried.end, End::answered);
  EXPECT_EQ(carried.answer.outcome, a2a::Outcome::failed);
  EXPECT_EQ(carried.answer.error, "broken");
}

TEST_F(Carry, GarbageIsARefusalAndNotAnAnswer) {
  EXPECT_EQ(carried_to("200 OK", "").end, End::refused);
  EXPECT_EQ(carried_to("200 OK", "<html>").end, End::refused);
  EXPECT_EQ(carried_to(http::says("HTTP/9.9 nonsense\r\n\r\n", false)).end, End::refused);
}

TEST_F(Carry, ALostConnectionIsWorthAnotherAttempt) {
  auto hang_up = [](ScriptedServer::Turn) -> io::Task<bool> { co_return false; };
  Carried carried = carried_to(hang_up);
  EXPECT_EQ(carried.end, End::not_now);
  EXPECT_TRUE(carried.delivered) << "the agent may have seen it";
}

TEST_F(Carry, NobodyListeningIsWorthAnotherAttempt) {
  Carried carried;
  play(http::says(""), [&](ScriptedServer&, http::Client& client) -> io::Task<void> {
    std::uint16_t port = 0;
    {
      net::Listener listener(loop, "127.0.0.1", 0);
      port = listener.port();
    }
    parcel.target.url = fmt::format("http://127.0.0.1:{}/", port);
    carried = co_await carry(client, parcel, settings);
  });
  EXPECT_EQ(carried.end, End::not_now);
  EXPECT_EQ(carried.code, "agent_unreachable");
  EXPECT_FALSE(carried.delivered);
}

TEST_F(Carry, TheAgentsGenerationIsSpokenAndTheSendersAnswered) {
  parcel.target.generation = a2a::Generation::v10;
  std::string body, head;
  Carried carried = carried_to([&](ScriptedServer::Turn turn) -> io::Task<bool> {
    head = turn.request.head;
    body = turn.request.body;
    std::string text = reply(
        "200 OK",
        R"({"jsonrpc":"2.0","id":"1","result":{"message":{"role":"ROLE_AGENT","messageId":"r","parts":[{"text":"hi"}]}}})");
    co_await turn.stream.write(text);
    co_return true;
  });
  EXPECT_EQ(http::header_in(head, "a2a-version"), "1.0");
  EXPECT_NE(body.find(R"("SendMessage")"), std::string::npos) << body;
  EXPECT_NE(body.find("ROLE_USER"), std::string::npos) << body;
  ASSERT_EQ(carried.end, End::answered);
  EXPECT_NE(carried.answer.body.find(R"("kind":"text")"), std::string::npos) << carried.answer.body;
}

}  // namespace
}  // namespace molecule::proxy
