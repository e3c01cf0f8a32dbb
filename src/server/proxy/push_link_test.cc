#include "server/proxy/push_link.h"

#include "platform/http/client_fixture.h"
#include "server/proxy/reading.h"

namespace molecule::proxy {
namespace {

using http::ScriptedServer;
using End = Carried::End;
using namespace std::chrono_literals;

std::string reply(std::string_view status, std::string_view body) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

struct Proof final : workspaces::InboundSecrets {
  Secret ensure(sql::Tx&, WorkspaceId) override { return secret; }
  Secret of(WorkspaceId) const override { return secret; }
  Secret secret;
};

class Push : public http::HttpClient {
 protected:
  Push() {
    parcel.target.generation = a2a::Generation::v03;
    parcel.body =
        R"({"jsonrpc":"2.0","id":"1","method":"message/send","params":{"message":{"role":"user","messageId":"m1","parts":[{"kind":"text","text":"hello"}]}}})";
    parcel.rpc_id = R"("1")";
    parcel.hops = 3;
  }
  io::Task<Carried> carry(http::Client& client) {
    Lane lane;
    lane.client = &client;
    co_return co_await link.deliver(lane, parcel, told);
  }
  Carried carried_to(ScriptedServer::Script script) {
    Carried out;
    play(std::move(script), [&](ScriptedServer& server, http::Client& client) -> io::Task<void> {
      parcel.target.url = server.url("/a2a");
      out = co_await carry(client);
    });
    return out;
  }
  Carried carried_to(std::string_view status, std::string_view body) {
    return carried_to(http::says(reply(status, body)));
  }

  // Keeps what it is told, until it was told enough.
  struct Told final : Sink {
    io::Task<bool> pieces(std::vector<std::string> data) override {
      ++times;
      for (std::string& each : data) all.push_back(std::move(each));
      co_return all.size() < wanted;
    }
    io::Task<void> turn(messages::Road road) override {
      EXPECT_EQ(road, messages::sent_for_good);
      if (held_up)
        throw Fault(Kind::unavailable, std::string(waits_behind), "another has to go before it");
      co_return;
    }
    void gone(messages::Road) override { ++times_gone; }
    std::vector<std::string> all;
    int times = 0, times_gone = 0;
    bool held_up = false;
    std::size_t wanted = 1000;
  };

  Parcel parcel;
  Settings settings;
  Told told;
  Proof proof;
  io::Aside aside;
  PushLink link{proof, aside, settings};
};

TEST_F(Push, TheAgentGetsTheMessageAndWhoAsks) {
  io::SystemRandom random;
  parcel.source = random.id<WorkspaceId>();
  proof.secret = Secret("inbound");
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
  EXPECT_EQ(body, a2a::named(parcel.body, parcel.activity.text()));
  EXPECT_EQ(http::header_in(head, "x-workspace-id"), parcel.source->text());
  EXPECT_EQ(http::header_in(head, "x-molecule-hops"), "3");
  EXPECT_EQ(http::header_in(head, "authorization"), "Bearer inbound");
  EXPECT_TRUE(head.starts_with("POST /a2a HTTP/1.1\r\n")) << head;
}

TEST_F(Push, AnAgentThatSaysNotNowIsTriedAgain) {
  for (auto status : {"429 Too Many Requests", "502 Bad Gateway", "503 Service Unavailable",
                      "504 Gateway Timeout"}) {
    Carried carried = carried_to(status, R"({"error":"later"})");
    EXPECT_EQ(carried.end, End::not_now) << status;
    EXPECT_EQ(carried.error, "later") << status;
  }
}

TEST_F(Push, AnAgentThatIsAtWorkOnItSaysSo) {
  auto told = [&](std::string_view status, std::string_view header) {
    return carried_to(
        http::says(fmt::format("HTTP/1.1 {}\r\n{}Content-Length: 2\r\n\r\n{{}}", status, header)));
  };
  constexpr std::string_view says_so = "X-Molecule-At-Work: true\r\n";
  const Carried carried = told("503 Service Unavailable", says_so);
  EXPECT_EQ(carried.end, End::not_now);
  EXPECT_TRUE(carried.at_work);
  EXPECT_EQ(carried.retry_after, 0s);
  EXPECT_FALSE(told("503 Service Unavailable", "").at_work) << "it has not begun";
  EXPECT_FALSE(told("502 Bad Gateway", says_so).at_work) << "that is not the agent's own word";
}

TEST_F(Push, ARefusalIsFinalAndSaysWhy) {
  Carried carried = carried_to("400 Bad Request", R"({"error":{"message":"no such skill"}})");
  EXPECT_EQ(carried.end, End::refused);
  EXPECT_EQ(carried.status, 400);
  EXPECT_EQ(carried.code, "agent_error");
  EXPECT_EQ(carried.error, "no such skill");
  // A redirect is not followed: it could lead anywhere.
  EXPECT_EQ(carried_to("302 Found", "").end, End::refused);
  EXPECT_EQ(carried_to("302 Found", "").status, 502);
}

TEST_F(Push, WhatIsNotUnderstoodIsNamed) {
  auto told = [&](std::string_view status, std::string_view type, std::string_view body) {
    return carried_to(
        http::says(fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
                               status, type, body.size(), body)));
  };
  Carried page = told("200 OK", "text/html", "<h1>Hello,\n\tyou</h1>");
  EXPECT_EQ(page.code, "bad_response");
  EXPECT_TRUE(page.error.starts_with(
      "the agent answered HTTP 200 with text/html: <h1>Hello, you</h1>; that is not JSON"))
      << page.error;
  Carried broken = told("500 Oh", "text/plain", std::string(5000, 'x'));
  EXPECT_EQ(broken.status, 502) << "its failure is none of ours";
  EXPECT_TRUE(broken.error.starts_with("the agent answered HTTP 500 with text/plain: xxx"))
      << broken.error;
  EXPECT_LT(broken.error.size(), 200u);
  EXPECT_NE(
      told("204 No", "text/plain", "").error.find("HTTP 204 with text/plain and an empty body"),
      std::string::npos);
}

TEST_F(Push, ARedirectNamesItsTarget) {
  auto told = [&](std::string_view location) {
    return carried_to(http::says(
        fmt::format("HTTP/1.1 308 Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", location)));
  };
  Carried carried = told("/real/?key=hidden");
  EXPECT_EQ(carried.status, 502);
  EXPECT_NE(carried.error.find("/real/ (HTTP 308)"), std::string::npos) << carried.error;
  EXPECT_EQ(carried.error.find("hidden"), std::string::npos) << carried.error;
  EXPECT_NE(told("https://agent.example/a2a").error.find("https://agent.example/a2a"),
            std::string::npos);
  EXPECT_NE(told("ftp://x/").error.find("nothing can be"), std::string::npos);
}

TEST_F(Push, AnAgentIsLeftAloneAsLongAsItAsks) {
  auto told = [&](std::string_view headers) {
    return carried_to(http::says(fmt::format("HTTP/1.1 429 Slow\r\n{}\r\nContent-Length: 0\r\n\r\n",
                                             headers)))
        .retry_after;
  };
  EXPECT_EQ(told("Retry-After: 7"), 7s);
  EXPECT_EQ(
      told("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT"),
      30s);
  EXPECT_EQ(told("Retry-After: 999999999999"), told_wait_max);
  EXPECT_EQ(told("Retry-After: 99999999999999999999"), told_wait_max);
  EXPECT_EQ(told("Retry-After: " + std::string(400, '9')), told_wait_max);
  EXPECT_EQ(told("Retry-After: -99999999999999999999"), 0s);
  for (auto odd : {"Retry-After: soon", "Retry-After: -5", "Retry-After: 1.5", "X: y",
                   "Retry-After: Sun, 06 Nov 1994 08:50:07 GMT"})
    EXPECT_EQ(told(odd), 0s) << odd;
}

std::string events(std::initializer_list<std::string_view> results) {
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n: hello\n\n";
  for (auto result : results)
    out += fmt::format("data: {{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}}\n\n", result);
  return out;
}

TEST_F(Push, AStreamEndsAtItsFinalEvent) {
  constexpr std::string_view working =
      R"({"kind":"task","id":"t","contextId":"c","status":{"state":"working"}})";
  constexpr std::string_view said =
      R"({"kind":"message","role":"agent","messageId":"r","parts":[{"kind":"text","text":"hi"}]})";
  constexpr std::string_view made =
      R"({"kind":"artifact-update","taskId":"t","contextId":"c","artifact":{"artifactId":"a","parts":[{"kind":"text","text":"h"}]}})";
  constexpr std::string_view more =
      R"({"kind":"artifact-update","taskId":"t","contextId":"c","append":true,"artifact":{"artifactId":"a","parts":[{"kind":"text","text":"i"}]}})";
  constexpr std::string_view done =
      R"({"kind":"status-update","taskId":"t","contextId":"c","status":{"state":"completed"},"final":true})";
  constexpr std::string_view asks =
      R"({"kind":"status-update","taskId":"t","contextId":"c","status":{"state":"input-required","message":{"parts":[{"kind":"text","text":"which?"}]}}})";
  // Each is left open by the agent; only its last event can end it.
  auto open = [](std::string text) {
    return [text](ScriptedServer::Turn turn) -> io::Task<bool> {
      co_await turn.stream.write(text);
      std::array<char, 1> byte;
      co_await turn.stream.read(byte);
      co_return false;
    };
  };
  EXPECT_EQ(carried_to(open(events({working, said}))).answer.text, "hi");
  Carried task = carried_to(open(events({working, made, more, done})));
  EXPECT_EQ(task.answer.text, "hi");
  EXPECT_EQ(
      task.answer.body,
      R"({"jsonrpc":"2.0","id":"1","result":{"kind":"task","id":"t","contextId":"c","status":{"state":"completed"},"artifacts":[{"artifactId":"a","metadata":{"molecule_appended":true},"parts":[{"kind":"text","text":"h"},{"kind":"text","text":"i"}]}]}})");
  EXPECT_EQ(carried_to(open(events({made, more, done}))).answer.text, "hi") << "never sent whole";
  Carried question = carried_to(open(events({working, asks})));
  EXPECT_EQ(question.answer.outcome, a2a::Outcome::unfinished);
  EXPECT_NE(question.answer.error.find("which?"), std::string::npos);
  Carried error = carried_to(open(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-1,\"message\":\"broken\"}}\n\n"));
  EXPECT_EQ(error.answer.error, "broken");
  parcel.target.generation = a2a::Generation::v10;
  Carried newer = carried_to(open(events(
      {R"({"task":{"id":"t","contextId":"c","status":{"state":"TASK_STATE_WORKING"}}})",
       R"({"artifactUpdate":{"taskId":"t","contextId":"c","artifact":{"artifactId":"a","parts":[{"text":"hi"}]}}})",
       R"({"statusUpdate":{"taskId":"t","contextId":"c","status":{"state":"TASK_STATE_COMPLETED"}}})"})));
  EXPECT_EQ(newer.answer.text, "hi");
  EXPECT_NE(newer.answer.body.find(R"("state":"completed")"), std::string::npos)
      << newer.answer.body;
}

TEST_F(Push, WhatIsOfAnotherTaskTellsNothingOfThisOne) {
  constexpr std::string_view working =
      R"({"kind":"task","id":"t","contextId":"c","status":{"state":"working"}})";
  constexpr std::string_view other =
      R"({"kind":"status-update","taskId":"u","contextId":"c","final":true,"status":{"state":"failed"}})";
  constexpr std::string_view other_whole =
      R"({"kind":"task","id":"u","contextId":"c","status":{"state":"failed"}})";
  constexpr std::string_view other_made =
      R"({"kind":"artifact-update","taskId":"u","contextId":"c","artifact":{"artifactId":"b","parts":[{"kind":"text","text":"theirs"}]}})";
  constexpr std::string_view made =
      R"({"kind":"artifact-update","taskId":"t","contextId":"c","artifact":{"artifactId":"a","parts":[{"kind":"text","text":"mine"}]}})";
  constexpr std::string_view done =
      R"({"kind":"status-update","taskId":"t","contextId":"c","status":{"state":"completed"},"final":true})";
  const std::string text = events({working, other_made, other, other_whole, made, done});
  for (const bool stream : {false, true}) {
    parcel.stream = parcel.target.streams = stream;
    told.all.clear();
    const Carried carried = carried_to(http::says(text, false));
    EXPECT_EQ(carried.answer.outcome, a2a::Outcome::done) << stream;
    EXPECT_EQ(carried.answer.text, "mine") << stream;
    EXPECT_EQ(carried.answer.task->id, "t") << stream;
    EXPECT_EQ(told.all.size(), stream ? 3U : 0U) << "nor is it shown";
  }
}

TEST_F(Push, TheFirstEndIsTheEndHoweverTheBytesCome) {
  const auto message = [](std::string_view said) {
    return fmt::format(
        R"({{"kind":"message","role":"agent","messageId":"r","parts":[{{"kind":"text","text":"{}"}}]}})",
        said);
  };
  const std::string first = events({message("first")});
  const std::string both = events({message("first"), message("second")});
  EXPECT_EQ(carried_to(http::says(both, false)).answer.text, "first");
  const Carried in_two = carried_to([&](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write(first);
    co_await io::sleep(20ms);
    co_await turn.stream.write(both.substr(first.size()));
    co_return false;
  });
  EXPECT_EQ(in_two.answer.text, "first");
}

TEST_F(Push, AHeadSaysThatTheAgentIsAtItAndItsAnswerMayTakeAsLongAsAHead) {
  settings.body_wait = 50ms;
  const std::string answer = R"({"jsonrpc":"2.0","id":"1","result":"hi"})";
  const auto later = [&](std::string first, std::string_view meanwhile) {
    return carried_to([&answer, first, meanwhile](ScriptedServer::Turn turn) -> io::Task<bool> {
      co_await turn.stream.write(first);
      for (int i = 0; i < 4; ++i) {
        co_await io::sleep(50ms);
        co_await turn.stream.write(meanwhile);
      }
      co_await turn.stream.write(answer);
      co_return false;
    });
  };
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
  EXPECT_EQ(later(head, "").answer.text, "hi") << "a head and nothing else";
  EXPECT_EQ(later(head, "\r\n").answer.text, "hi") << "what keeps the connection open is no answer";
  Carried begun = later(head + "{", " ");
  EXPECT_EQ(begun.end, End::not_now) << "one that has begun has so long to end";
  EXPECT_EQ(begun.code, "agent_timeout");
  EXPECT_EQ(later("HTTP/1.1 400 No\r\n\r\n", "").code, "agent_timeout")
      << "a refusal comes at once";
  // Events, each of which may take as long.
  Carried thought = carried_to([](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write(
        events({R"({"kind":"task","id":"t","status":{"state":"working"}})"}));
    co_await io::sleep(200ms);
    co_await turn.stream.write(
        "data: {\"result\":{\"kind\":\"status-update\",\"taskId\":\"t\",\"final\":true,"
        "\"status\":{\"state\":\"completed\"}}}\n\n");
    co_return false;
  });
  EXPECT_EQ(thought.answer.outcome, a2a::Outcome::done) << thought.error;
}

TEST_F(Push, AStreamWithoutAnEndIsOneRefusal) {
  settings.answer_wait = 1s;
  Carried endless = carried_to([](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write(
        events({R"({"kind":"task","id":"t","status":{"state":"working"}})"}));
    std::array<char, 1> byte;
    co_await turn.stream.read(byte);
    co_return false;
  });
  EXPECT_EQ(endless.end, End::refused) << "not delivered again";
  EXPECT_EQ(endless.status, 502);
  EXPECT_NE(endless.error.find("came to no end"), std::string::npos) << endless.error;
  Carried empty = carried_to(http::says(events({}), false));
  EXPECT_EQ(empty.end, End::refused);
  EXPECT_NE(empty.error.find("holds no answer"), std::string::npos) << empty.error;
  // One that its agent ends early is what it has come to.
  Carried early = carried_to(
      http::says(events({R"({"kind":"task","id":"t","status":{"state":"working"}})"}), false));
  EXPECT_EQ(early.answer.outcome, a2a::Outcome::unfinished);
}

TEST_F(Push, AConnectionThatEndsUnderTheMessageIsMadeAgain) {
  int asked = 0, connections = 0;
  Carried second;
  std::string answer = reply("200 OK", R"({"jsonrpc":"2.0","id":"1","result":"hi"})");
  auto script = [&](ScriptedServer::Turn turn) -> io::Task<bool> {
    connections = std::max(connections, turn.connection);
    // The second message on the first connection finds it ended after it went out.
    if (++asked == 2) co_return false;
    co_await turn.stream.write(answer);
    co_return true;
  };
  play(script, [&](ScriptedServer& server, http::Client& client) -> io::Task<void> {
    parcel.target.url = server.url("/a2a");
    co_await carry(client);
    second = co_await carry(client);
  });
  EXPECT_EQ(second.end, End::answered);
  EXPECT_EQ(asked, 3);
}

TEST_F(Push, AnErrorOfJsonRpcIsAnAnswer) {
  Carried carried = carried_to(
      "200 OK", R"({"jsonrpc":"2.0","id":"1","error":{"code":-32603,"message":"broken"}})");
  EXPECT_EQ(carried.end, End::answered);
  EXPECT_EQ(carried.answer.outcome, a2a::Outcome::failed);
  EXPECT_EQ(carried.answer.error, "broken");
}

TEST_F(Push, AnErrorOfJsonRpcIsAnAnswerUnderAStatusOfTheCallersToo) {
  constexpr std::string_view body = R"({"jsonrpc":"2.0","error":{"code":-32001,"message":"gone"}})";
  for (auto status : {"400 Bad", "404 Not Found", "409 Conflict", "413 Large", "418 Teapot"}) {
    Carried carried = carried_to(status, body);
    EXPECT_EQ(carried.end, End::answered) << status;
    EXPECT_EQ(carried.answer.outcome, a2a::Outcome::failed) << status;
    EXPECT_EQ(carried.answer.body,
              R"({"jsonrpc":"2.0","error":{"code":-32001,"message":"gone"},"id":"1"})");
  }
  for (auto status : {"401 Who", "403 No", "410 Gone", "500 Broken"}) {
    EXPECT_EQ(carried_to(status, body).end, End::refused) << status;
    EXPECT_EQ(carried_to(status, body).status, 502) << status;
  }
  EXPECT_EQ(carried_to("503 Busy", body).end, End::not_now);
  EXPECT_EQ(carried_to("404 Not Found", R"({"error":{"code":1,"message":"gone"}})").status, 404);
}

TEST_F(Push, GarbageIsARefusalAndNotAnAnswer) {
  EXPECT_EQ(carried_to("200 OK", R"({"jsonrpc":"2.0","id":"1"})").end, End::refused);
  EXPECT_EQ(carried_to("200 OK", "").end, End::refused);
  EXPECT_EQ(carried_to("200 OK", "<html>").end, End::refused);
  EXPECT_EQ(carried_to(http::says("HTTP/9.9 nonsense\r\n\r\n", false)).end, End::refused);
}

TEST_F(Push, ALostConnectionIsWorthAnotherAttempt) {
  auto hang_up = [](ScriptedServer::Turn) -> io::Task<bool> { co_return false; };
  Carried carried = carried_to(hang_up);
  EXPECT_EQ(carried.end, End::not_now);
  EXPECT_TRUE(carried.delivered) << "the agent may have seen it";
}

TEST_F(Push, WhatHasToWaitBehindAnotherIsNotSeen) {
  int heard = 0;
  const auto count = [&](ScriptedServer::Turn turn) -> io::Task<bool> {
    ++heard;
    co_await turn.stream.write(
        reply("200 OK", R"({"jsonrpc":"2.0","id":"1","result":{"kind":"message","parts":[]}})"));
    co_return true;
  };
  told.held_up = true;
  Carried carried = carried_to(count);
  EXPECT_EQ(carried.end, Carried::End::not_now);
  EXPECT_TRUE(carried.behind);
  EXPECT_FALSE(carried.delivered);
  EXPECT_EQ(heard, 0);
  EXPECT_EQ(told.times_gone, 0);
  told.held_up = false;
  carried = carried_to(count);
  EXPECT_FALSE(carried.behind);
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(told.times_gone, 1);
}

TEST_F(Push, NobodyListeningIsWorthAnotherAttempt) {
  Carried carried;
  play(http::says(""), [&](ScriptedServer&, http::Client& client) -> io::Task<void> {
    std::uint16_t port = 0;
    {
      net::Listener listener(loop, "127.0.0.1", 0);
      port = listener.port();
    }
    parcel.target.url = fmt::format("http://127.0.0.1:{}/", port);
    carried = co_await carry(client);
  });
  EXPECT_EQ(carried.end, End::not_now);
  EXPECT_EQ(carried.code, "agent_unreachable");
  EXPECT_FALSE(carried.delivered);
}

TEST_F(Push, TheAgentsGenerationIsSpokenAndTheSendersAnswered) {
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

class PushStream : public Push {
 protected:
  io::Task<void> carry_into(http::Client& client, Carried& out) { out = co_await carry(client); }
  PushStream() {
    parcel.stream = parcel.target.streams = true;
    parcel.body.replace(parcel.body.find("message/send"), 12, "message/stream");
  }
  static std::string event(std::string_view result) {
    return fmt::format("data: {{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":{}}}\n\n", result);
  }
  static constexpr std::string_view head =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
  static constexpr std::string_view working =
      R"({"kind":"status-update","taskId":"t","status":{"state":"working"},"final":false})";
  static constexpr std::string_view completed =
      R"({"kind":"status-update","taskId":"t","status":{"state":"completed"},"final":true})";
};

TEST_F(PushStream, EachPieceIsToldAndTheWholeIsTheAnswer) {
  std::string body, asked;
  Carried carried = carried_to([&](ScriptedServer::Turn turn) -> io::Task<bool> {
    body = turn.request.body;
    asked = http::header_in(turn.request.head, "accept").value_or("");
    const std::string text = std::string(head) + event(working) + event(completed);
    for (char each : text) co_await turn.stream.write(std::string_view(&each, 1));
    co_return true;  // Left open: the last event is the end.
  });
  EXPECT_NE(body.find("message/stream"), std::string::npos) << body;
  EXPECT_TRUE(asked.starts_with("text/event-stream")) << asked;
  EXPECT_EQ(carried.end, End::answered);
  EXPECT_EQ(carried.answer.outcome, a2a::Outcome::done);
  EXPECT_EQ(told.all, (std::vector{fmt::format(R"({{"result":{}}})", working),
                                   fmt::format(R"({{"result":{}}})", completed)}));
}

TEST_F(PushStream, AnAgentThatDoesNotStreamIsAskedForOneAnswer) {
  parcel.target.streams = false;
  std::string body;
  Carried carried = carried_to([&](ScriptedServer::Turn turn) -> io::Task<bool> {
    body = turn.request.body;
    std::string text = reply("200 OK", R"({"jsonrpc":"2.0","id":"1","result":"hi"})");
    co_await turn.stream.write(text);
    co_return true;
  });
  EXPECT_NE(body.find("message/send"), std::string::npos) << body;
  EXPECT_EQ(carried.answer.text, "hi");
  EXPECT_TRUE(told.all.empty());
}

TEST_F(PushStream, OneThatStreamsNoMoreIsNotReadWhenNobodyWantsTheRest) {
  told.wanted = 1;
  Carried carried = carried_to(http::says(std::string(head) + event(working)));
  EXPECT_EQ(carried.end, End::not_now);
  EXPECT_EQ(carried.code, "cancelled");
}

TEST_F(PushStream, OnesOwnStopIsNoFailureOfTheAgent) {
  Carried carried;
  auto endless = [&](ScriptedServer::Turn turn) -> io::Task<bool> {
    const std::string text = std::string(head) + event(working);
    co_await turn.stream.write(text);
    co_await io::sleep(30s);
    co_return true;
  };
  play(endless, [&](ScriptedServer& server, http::Client& client) -> io::Task<void> {
    parcel.target.url = server.url("/a2a");
    io::Context here = co_await io::context();
    io::Scope scope(*here.loop, {});
    scope.spawn("delivery", carry_into(client, carried));
    while (told.all.empty()) co_await io::sleep(1ms);
    co_await scope.drain(0ms);  // As the platform does when its time to stop is over.
  });
  EXPECT_EQ(carried.end, End::not_now) << carried.error;
  EXPECT_TRUE(carried.delivered);
}

TEST_F(PushStream, ARefusalIsNoStream) {
  Carried busy = carried_to("503 Busy", R"({"error":"later"})");
  EXPECT_EQ(busy.end, End::not_now);
  EXPECT_EQ(busy.error, "later");
  Carried no = carried_to(
      "200 OK", R"({"jsonrpc":"2.0","id":"1","error":{"code":-32004,"message":"no streams"}})");
  EXPECT_EQ(no.answer.outcome, a2a::Outcome::failed);
  EXPECT_EQ(no.answer.error, "no streams");
}

}  // namespace
}  // namespace molecule::proxy
