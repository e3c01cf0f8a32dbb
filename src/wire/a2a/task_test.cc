#include "wire/a2a/task.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace molecule::a2a {
namespace {

TaskCall read(std::string_view body) {
  auto call = task_call_in(body);
  EXPECT_TRUE(call && may_be_task_call(body)) << body;
  read_task_params(body, *call);
  return *call;
}

std::string refusal_of(std::string_view body) {
  try {
    read(body);
  } catch (const Fault& fault) {
    return fault.code();
  }
  return {};
}

TEST(TaskCalls, BothGenerationsAreRead) {
  TaskCall one = read(
      R"({"jsonrpc":"2.0","id":"q","method":"tasks/get","params":{"id":"t","historyLength":3}})");
  EXPECT_EQ(one.method, TaskMethod::get);
  EXPECT_EQ(one.generation, Generation::v03);
  EXPECT_EQ(one.rpc_id, R"("q")");
  EXPECT_EQ(one.id, "t");
  EXPECT_EQ(one.history_length, 3);
  TaskCall two = read(R"({"jsonrpc":"2.0","id":4,"method":"CancelTask","params":{"id":"t"}})");
  EXPECT_EQ(two.method, TaskMethod::cancel);
  EXPECT_EQ(two.generation, Generation::v10);
  EXPECT_EQ(two.rpc_id, "4");
  EXPECT_EQ(read(R"({"method":"tasks\/cancel","params":{"id":"t"}})").method, TaskMethod::cancel);
}

TEST(TaskCalls, ListsAreReadInEitherSpelling) {
  TaskCall call = read(
      R"({"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{"contextId":"c","status":"TASK_STATE_WORKING","pageSize":7,"pageToken":"1.2","includeArtifacts":true,"statusTimestampAfter":"2026-01-02T03:04:05Z"}})");
  EXPECT_EQ(call.filter.context_id, "c");
  EXPECT_EQ(call.filter.state, "working");
  EXPECT_EQ(call.filter.page_size, 7);
  EXPECT_EQ(call.filter.page_token, "1.2");
  EXPECT_TRUE(call.filter.artifacts);
  EXPECT_EQ(call.filter.since, Instant::parse("2026-01-02T03:04:05Z"));
  TaskCall other = read(
      R"({"method":"tasks/list","params":{"context_id":"c","page_size":100,"include_artifacts":false}})");
  EXPECT_EQ(other.filter.context_id, "c");
  EXPECT_EQ(other.filter.page_size, 100);
  EXPECT_EQ(read(R"({"method":"ListTasks"})").filter.page_size, 50);
}

TEST(TaskCalls, WhatIsWrongIsRefused) {
  for (auto params : {R"({})", R"({"id":7})", R"({"id":"t","historyLength":-1})",
                      R"({"id":"t","historyLength":"2"})"}) {
    EXPECT_EQ(refusal_of(fmt::format(R"({{"method":"GetTask","params":{}}})", params)),
              "invalid_params")
        << params;
  }
  for (auto params :
       {R"({"pageSize":0})", R"({"pageSize":101})", R"({"status":"asleep"})", R"({"contextId":1})",
        R"({"includeArtifacts":"yes"})", R"({"statusTimestampAfter":"then"})", R"([])"}) {
    EXPECT_EQ(refusal_of(fmt::format(R"({{"method":"ListTasks","params":{}}})", params)),
              "invalid_params")
        << params;
  }
}

TEST(TaskCalls, AreRequestsOfJsonRpcLikeMessages) {
  const std::string params = R"("method":"GetTask","params":{"id":"t"}})";
  EXPECT_EQ(read(R"({"id":1,)" + params).rpc_id, "1");
  EXPECT_EQ(read("{" + params).rpc_id, "null");
  for (std::string_view wrong : {R"({"jsonrpc":"1.0","id":1,)", R"({"jsonrpc":2.0,"id":1,)",
                                 R"({"jsonrpc":"2.0","id":true,)", R"({"jsonrpc":"2.0","id":{},)",
                                 R"({"jsonrpc":"2.0","id":1.5,)"})
    EXPECT_EQ(refusal_of(std::string(wrong) + params), "invalid_request") << wrong;
}

TEST(TaskCalls, AMessageIsNone) {
  EXPECT_FALSE(task_call_in(
      R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"parts":[{"kind":"text","text":"GetTask tasks/get"}]}}})"));
  EXPECT_FALSE(task_call_in("tasks/get"));
  EXPECT_FALSE(may_be_task_call(R"({"method":"message/send","params":{}})"));
}

TaskFacts facts() {
  TaskFacts out;
  out.id = "t-1";
  out.context_id = "c-1";
  out.state = "completed";
  out.at = *Instant::parse("2026-01-02T03:04:05.678901Z");
  out.request =
      R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"kind":"message","role":"user","messageId":"m","parts":[{"kind":"text","text":"do"}]}}})";
  out.molecule = R"("standing":"answered")";
  return out;
}

TEST(TaskTold, AMessageAnswerIsACompletedTask) {
  TaskFacts told = facts();
  told.answer =
      R"({"jsonrpc":"2.0","id":1,"result":{"kind":"message","role":"agent","messageId":"r","parts":[{"kind":"text","text":"done"}]}})";
  EXPECT_EQ(
      task_told(told, {Generation::v03, std::nullopt, true}),
      R"({"kind":"task","id":"t-1","contextId":"c-1","status":{"state":"completed","message":{"kind":"message","role":"agent","messageId":"r","parts":[{"kind":"text","text":"done"}]},"timestamp":"2026-01-02T03:04:05.678Z"},"artifacts":[{"artifactId":"answer","parts":[{"kind":"text","text":"done"}]}],"history":[{"kind":"message","role":"user","messageId":"m","parts":[{"kind":"text","text":"do"}]},{"kind":"message","role":"agent","messageId":"r","parts":[{"kind":"text","text":"done"}]}],"metadata":{"molecule":{"standing":"answered"}}})");
  EXPECT_EQ(
      task_told(told, {Generation::v10, 0, false}),
      R"({"id":"t-1","contextId":"c-1","status":{"state":"TASK_STATE_COMPLETED","message":{"role":"ROLE_AGENT","messageId":"r","parts":[{"text":"done"}]},"timestamp":"2026-01-02T03:04:05.678Z"},"metadata":{"molecule":{"standing":"answered"}}})");
}

TEST(TaskTold, AnAgentsTaskKeepsWhatItSaid) {
  TaskFacts told = facts();
  told.state = "working";
  told.says = "not told";
  told.answer =
      R"({"result":{"task":{"id":"theirs","contextId":"theirs","status":{"state":"TASK_STATE_WORKING","message":{"role":"ROLE_AGENT","messageId":"s","parts":[{"text":"half"}]}},"history":[{"role":"ROLE_USER","messageId":"a","parts":[{"text":"1"}]},{"role":"ROLE_AGENT","messageId":"b","parts":[{"text":"2"}]}],"metadata":{"own":1},"extra":true}}})";
  const std::string text = task_told(told, {Generation::v03, 1, true});
  EXPECT_EQ(
      text,
      R"({"kind":"task","id":"t-1","contextId":"c-1","status":{"state":"working","message":{"kind":"message","role":"agent","messageId":"s","parts":[{"kind":"text","text":"half"}]},"timestamp":"2026-01-02T03:04:05.678Z"},"history":[{"kind":"message","role":"agent","messageId":"b","parts":[{"kind":"text","text":"2"}]}],"extra":true,"metadata":{"own":1,"molecule":{"standing":"answered"}}})");
}

TEST(TaskTold, WhatNobodySaidThePlatformSays) {
  TaskFacts told = facts();
  told.state = "submitted";
  told.says = "it waits";
  const std::string text = task_told(told, {Generation::v10, 0, true});
  EXPECT_NE(
      text.find(
          R"("status":{"state":"TASK_STATE_SUBMITTED","message":{"messageId":"t-1-status","role":"ROLE_AGENT","parts":[{"text":"it waits"}],"taskId":"t-1","contextId":"c-1"})"),
      std::string::npos)
      << text;
  told.state = "canceled";
  EXPECT_NE(
      canceled_answer(Generation::v10, "7", told).find(R"("id":7,"result":{"task":{"id":"t-1")"),
      std::string::npos);
  EXPECT_NE(
      canceled_answer(Generation::v03, "7", told).find(R"("result":{"kind":"task","id":"t-1")"),
      std::string::npos);
}

TEST(TaskSeenIn, ItsNameAndState) {
  auto seen = task_seen(
      R"({"result":{"kind":"status-update","taskId":"t","contextId":"c","status":{"state":"working"}}})");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->id, "t");
  EXPECT_EQ(seen->context_id, "c");
  EXPECT_EQ(seen->state, "working");
  EXPECT_EQ(task_seen(R"({"result":{"task":{"id":"t","status":{"state":"TASK_STATE_CANCELLED"}}}})")
                ->state,
            "canceled");
  EXPECT_EQ(task_seen(R"({"result":{"artifactUpdate":{"taskId":"t","artifact":{}}}})")->state, "");
  EXPECT_FALSE(task_seen(R"({"result":{"kind":"message","taskId":"t","parts":[]}})"));
  EXPECT_FALSE(task_seen(fmt::format(R"({{"result":{{"kind":"task","id":"{}"}}}})",
                                     std::string(task_id_max + 1, 'x'))));
}

TEST(TaskErrors, SayWhatClientsRead) {
  const TaskError* error = task_error("task_not_found");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->number, -32001);
  EXPECT_EQ(
      error_details(*error, "no"),
      R"([{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND","domain":"a2a-protocol.org"}])");
  EXPECT_FALSE(task_error("mailbox_full"));
  EXPECT_EQ(error_number(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"no"}})"),
            -32002);
  EXPECT_EQ(error_number(R"({"jsonrpc":"2.0","id":1,"result":{}})"), 0);
}

}  // namespace
}  // namespace molecule::a2a
