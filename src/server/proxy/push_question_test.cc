// What an agent that listens is asked about a message that it has.
#include "platform/http/client_fixture.h"
#include "server/proxy/push_link.h"

namespace molecule::proxy {
namespace {

using http::ScriptedServer;
using End = Carried::End;
using namespace std::chrono_literals;

std::string reply(std::string_view status, std::string_view body) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

struct Proof final : workspaces::InboundSecrets {
  Secret ensure(sql::Tx&, WorkspaceId) override { return Secret("inbound"); }
  Secret of(WorkspaceId) const override { return Secret("inbound"); }
};

class PushQuestion : public http::HttpClient {
 protected:
  PushQuestion() {
    question.what = a2a::TaskRequest::cancel;
    question.task = "t-1";
    question.context = "c-1";
  }
  io::Task<Carried> put(http::Client& client) {
    Lane lane;
    lane.client = &client;
    co_return co_await link.ask(lane, question);
  }
  Carried asked(ScriptedServer::Script script) {
    Carried out;
    play(std::move(script), [&](ScriptedServer& server, http::Client& client) -> io::Task<void> {
      question.target.url = server.url("/a2a");
      out = co_await put(client);
    });
    return out;
  }
  // Notes what was asked.
  ScriptedServer::Script says(std::string text) {
    return [this, text = reply("200 OK", text)](ScriptedServer::Turn turn) -> io::Task<bool> {
      head = turn.request.head;
      body = turn.request.body;
      co_await turn.stream.write(text);
      co_return true;
    };
  }

  Question question;
  std::string head, body;
  Settings settings;
  Proof proof;
  io::Aside aside;
  PushLink link{proof, aside, settings};
};

TEST_F(PushQuestion, AnAgentIsAskedToStopByItsOwnIdOfTheTask) {
  io::SystemRandom random;
  question.source = random.id<WorkspaceId>();
  question.activity = random.id<ActivityId>();
  Carried said = asked(says(
      R"({"jsonrpc":"2.0","id":"1","result":{"kind":"task","id":"t-1","contextId":"c-1","status":{"state":"canceled"}}})"));
  EXPECT_EQ(
      body,
      fmt::format(
          R"({{"jsonrpc":"2.0","id":1,"method":"tasks/cancel","params":{{"id":"t-1","metadata":{{"activity_id":"{}","context_id":"c-1"}}}}}})",
          question.activity.text()));
  EXPECT_EQ(http::header_in(head, "authorization"), "Bearer inbound");
  EXPECT_EQ(http::header_in(head, "x-workspace-id"), question.source->text());
  EXPECT_EQ(http::header_in(head, "x-molecule-activity-id"), question.activity.text());
  ASSERT_EQ(said.end, End::answered);
  EXPECT_NE(said.answer.body.find(R"("state":"canceled")"), std::string::npos) << said.answer.body;
}

TEST_F(PushQuestion, TheAgentsGenerationIsSpoken) {
  question.target.generation = a2a::Generation::v10;
  Carried said = asked(says(
      R"({"jsonrpc":"2.0","id":"1","result":{"id":"t-1","status":{"state":"TASK_STATE_CANCELED"}}})"));
  EXPECT_NE(body.find(R"("method":"CancelTask")"), std::string::npos) << body;
  EXPECT_EQ(http::header_in(head, "a2a-version"), "1.0");
  EXPECT_EQ(said.end, End::answered);
  question.what = a2a::TaskRequest::get;
  asked(says(
      R"({"jsonrpc":"2.0","id":"1","result":{"id":"t-1","status":{"state":"TASK_STATE_WORKING"}}})"));
  EXPECT_NE(body.find(R"("method":"GetTask","params":{"id":"t-1"})"), std::string::npos) << body;
}

TEST_F(PushQuestion, ATaskThatTheAgentHasNotNamedIsNamedByItsMessage) {
  io::SystemRandom random;
  question.task.clear();
  question.context.clear();
  question.activity = random.id<ActivityId>();
  asked(says(R"({"jsonrpc":"2.0","id":"1","result":{}})"));
  EXPECT_NE(body.find(fmt::format(R"("params":{{"id":"{0}","metadata":{{"activity_id":"{0}"}}}})",
                                  question.activity.text())),
            std::string::npos)
      << body;
}

TEST_F(PushQuestion, ARefusalIsTheAgentsWord) {
  Carried said = asked(says(
      R"({"jsonrpc":"2.0","id":"1","error":{"code":-32002,"message":"it cannot be stopped"}})"));
  ASSERT_EQ(said.end, End::answered);
  EXPECT_EQ(said.answer.outcome, a2a::Outcome::failed);
  EXPECT_EQ(said.answer.error, "it cannot be stopped");
  Carried lost = asked([](ScriptedServer::Turn turn) -> io::Task<bool> {
    const std::string text = reply("404 Not Found", "nothing here");
    co_await turn.stream.write(text);
    co_return true;
  });
  EXPECT_EQ(lost.end, End::refused);
}

TEST_F(PushQuestion, AnAgentThatDoesNotAnswerIsNotWaitedForLong) {
  settings.question_wait = 1s;
  Carried said = asked([](ScriptedServer::Turn) -> io::Task<bool> {
    co_await io::sleep(30s);
    co_return true;
  });
  EXPECT_EQ(said.end, End::not_now);
  EXPECT_TRUE(said.delivered);
  EXPECT_EQ(said.code, "deadline");
}

TEST_F(PushQuestion, NobodyListeningIsAValue) {
  Carried said;
  play(http::says(""), [&](ScriptedServer&, http::Client& client) -> io::Task<void> {
    std::uint16_t port = 0;
    {
      net::Listener listener(loop, "127.0.0.1", 0);
      port = listener.port();
    }
    question.target.url = fmt::format("http://127.0.0.1:{}/", port);
    said = co_await put(client);
  });
  EXPECT_EQ(said.end, End::not_now);
  EXPECT_FALSE(said.delivered);
  EXPECT_EQ(said.code, "agent_unreachable");
}

}  // namespace
}  // namespace molecule::proxy
