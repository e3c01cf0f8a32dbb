#include "wire/a2a/a2a.h"

#include <fmt/core.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/fault.h"
#include "wire/a2a/meant.h"

namespace molecule::a2a {
namespace {

const Stamp stamp{.fresh_id = "fresh", .from_person = false};
const Stamp person{.fresh_id = "fresh", .from_person = true};

std::string code_of(std::string_view body) {
  try {
    read_request(body, stamp);
  } catch (const Fault& fault) {
    return fault.code();
  }
  return "accepted";
}

TEST(ReadRequest, ForwardsACanonicalRequestUntouched) {
  std::string body =
      R"({"jsonrpc":"2.0", "id":7,"method":"message/send","params":{"message":{"messageId":"m1","role":"user","parts":[{"kind":"text","text":"hi"}]}}})";
  auto in = read_request(body, stamp);
  EXPECT_EQ(in.body, body);
  EXPECT_EQ(in.rpc_id, "7");
  EXPECT_EQ(in.message_id, "m1");
  EXPECT_EQ(in.text, "hi");
}

TEST(ReadRequest, AnIdOfAnyLengthIsKeptAsItCame) {
  auto with = [](std::string_view id, std::string_view data = "1") {
    return fmt::format(
        R"({{"jsonrpc":"2.0","id":{},"method":"message/send","params":{{"message":{{"messageId":"m1","role":"user","parts":[{{"kind":"data","data":{{"n":{}}}}}]}}}}}})",
        id, data);
  };
  const std::string longest(256, '9');
  for (std::string_view id : {std::string_view("12345678901234567890123"), std::string_view("-1"),
                              std::string_view("-98765432109876543210987"),
                              std::string_view("9223372036854775808"), std::string_view(longest)}) {
    const std::string body = with(id);
    Incoming in = read_request(body, stamp);
    EXPECT_EQ(in.rpc_id, id);
    EXPECT_EQ(in.body, body);
    EXPECT_NE(read_request(body, person).body.find(fmt::format("\"id\":{},", id)),
              std::string::npos);
  }
  for (std::string_view wrong : {"1.5", "1E400", "true", "[1]"})
    EXPECT_EQ(code_of(with(wrong)), "invalid_request") << wrong;
  EXPECT_EQ(code_of(with(longest + "9")), "invalid_request");
  for (std::string_view number : {"1E400", "-1e999999", "12345678901234567890123"}) {
    const std::string body = with("1", number);
    EXPECT_EQ(read_request(body, stamp).body, body);
  }
}

TEST(ReadRequest, WrapsABareCallAndFillsWhatIsMissing) {
  auto in = read_request(
      R"({"method":"message/send","params":{"message":{"parts":[{"type":"text","text":"hi"}]}}})",
      stamp);
  EXPECT_EQ(in.message_id, "fresh");
  EXPECT_EQ(
      in.body,
      R"({"jsonrpc":"2.0","id":"fresh","method":"message/send","params":{"message":{"messageId":"fresh","role":"user","parts":[{"kind":"text","text":"hi"}]}}})");
}

TEST(ReadRequest, ReadsContentAsTextAndMarksPeople) {
  auto in = read_request(
      R"({"jsonrpc":"2.0","id":"a","method":"message/send","params":{"message":{"content":"hi"},"metadata":{"source":"forged","k":1}}})",
      person);
  EXPECT_NE(in.body.find(R"("parts":[{"kind":"text","text":"hi"}])"), std::string::npos);
  EXPECT_NE(in.body.find(R"("metadata":{"source":"canvas_user","k":1})"), std::string::npos);
  EXPECT_EQ(in.body.find("contextId"), std::string::npos) << "a conversation they did not name";
}

TEST(ReadRequest, ReadsTheOneZeroShape) {
  auto in = read_request(
      R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"a"},{"text":"b"}]}}})",
      stamp);
  EXPECT_EQ(in.generation, Generation::v10);
  EXPECT_EQ(in.role, "agent");
  EXPECT_EQ(in.text, "a\nb");
}

TEST(ReadRequest, KeepsOtherObjectsAsOneDataPart) {
  auto in = read_request(R"({"type":"status_report","payload":{"n":1}})", stamp);
  EXPECT_EQ(in.method, "message/send");
  EXPECT_NE(in.body.find(R"("data":{"type":"status_report","payload":{"n":1}})"),
            std::string::npos);
}

TEST(ReadRequest, RefusesWhatIsWrongWithACode) {
  EXPECT_EQ(code_of("{"), "invalid_json");
  EXPECT_EQ(code_of("[]"), "invalid_request");
  EXPECT_EQ(code_of("{}"), "invalid_message");
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1})"), "invalid_request");
  EXPECT_EQ(code_of(R"({"jsonrpc":"1.0","id":1,"method":"message/send"})"), "invalid_request");
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":{},"method":"message/send"})"), "invalid_request");
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{}})"),
            "invalid_message");
  EXPECT_EQ(
      code_of(
          R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"parts":[]}}})"),
      "invalid_message");
  EXPECT_EQ(
      code_of(
          R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"parts":[{"kind":"text","text":5}]}}})"),
      "invalid_message");
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"nonsense"})"), "unknown_method");
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"message/stream"})"), "invalid_message");
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"tasks/get"})"), "method_not_supported");
}

TEST(ReadRequest, AnUnknownMethodCarriesAJsonRpcError) {
  try {
    read_request(R"({"jsonrpc":"2.0","id":"x","method":"nonsense"})", stamp);
    FAIL();
  } catch (const Fault& fault) {
    ASSERT_TRUE(fault.body().has_value());
    EXPECT_NE(fault.body()->find(R"("id":"x","error":{"code":-32601)"), std::string::npos);
  }
}

TEST(ReadRequest, AMistypedMethodIsToldWhichOneWasMeant) {
  EXPECT_EQ(method_meant("tasks/gett"), "tasks/get");
  EXPECT_EQ(method_meant("Tasks/Cancel"), "tasks/cancel");
  EXPECT_EQ(method_meant("sendMesage"), "SendMessage");
  EXPECT_EQ(method_meant("gettask"), "GetTask");
  for (std::string_view none : {"", "x", "call", "tools/list/now", "initialize", "tasks"})
    EXPECT_EQ(method_meant(none), "") << none;
  EXPECT_EQ(method_meant(std::string(65, 'a')), "");
}

TEST(ReadRequest, ReadsReplyAndDelegationMarks) {
  auto in = read_request(
      R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"messageId":"m","role":"agent","parts":[{"kind":"text","text":"x"}],"metadata":{"reply_to":"r","delegation_id":"d","failed":true}}}})",
      stamp);
  EXPECT_EQ(in.reply_to, "r");
  EXPECT_TRUE(in.failed);
  EXPECT_EQ(in.delegation_id, "d");
}

TEST(ReadAnswer, FindsTextInEveryShape) {
  for (
      std::string_view body :
      {R"({"jsonrpc":"2.0","id":1,"result":{"kind":"message","parts":[{"kind":"text","text":"yes"}]}})",
       R"({"jsonrpc":"2.0","id":1,"result":{"parts":[{"type":"text","text":"yes"}]}})",
       R"({"jsonrpc":"2.0","id":1,"result":{"status":"completed","artifacts":[{"parts":[{"text":"yes"}]}]}})",
       R"({"jsonrpc":"2.0","id":1,"result":{"task":{"status":{"state":"TASK_STATE_COMPLETED","message":{"parts":[{"text":"yes"}]}}}}})",
       R"({"jsonrpc":"2.0","id":1,"result":{"message":{"parts":[{"text":"yes"}]}}})",
       R"({"status":"ok","result":"yes"})"}) {
    EXPECT_EQ(read_answer(body, "1").text, "yes") << body;
  }
}

// As a table that an agent has computed, which no request may be.
TEST(ReadAnswer, TakesMoreMembersThanARequestMayHave) {
  std::string numbers;
  for (int i = 0; i < 300'000; ++i) numbers += i == 0 ? "1" : ",1";
  const std::string body = fmt::format(
      R"({{"jsonrpc":"2.0","id":1,"result":{{"kind":"message","role":"agent","messageId":"m","parts":[)"
      R"({{"kind":"text","text":"yes"}},{{"kind":"data","data":{{"numbers":[{}]}}}}]}}}})",
      numbers);
  const Answer answer = read_answer(body, "1");
  EXPECT_EQ(answer.text, "yes");
  EXPECT_NE(told_in(Generation::v10, answer, "m", "1").find(numbers), std::string::npos);
  EXPECT_NE(answer_again(answer.body, Generation::v03, Generation::v10, "2").find(numbers),
            std::string::npos);
  EXPECT_FALSE(is_error(body));
}

TEST(ReadAnswer, WrapsPlainAnswersAndTellsErrors) {
  EXPECT_EQ(read_answer(R"({"status":"ok","result":{"a":1}})", "\"i\"").body,
            R"({"jsonrpc":"2.0","id":"i","result":{"a":1}})");
  auto answer =
      read_answer(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"nope"}})", "1");
  EXPECT_EQ(answer.outcome, Outcome::failed);
  EXPECT_EQ(answer.error, "nope");
  EXPECT_THROW(read_answer("", "1"), Fault);
  EXPECT_THROW(read_answer("<html>", "1"), Fault);
}

TEST(ReadAnswer, GoesOutUnderTheCallersIdAlsoWithoutOneOfItsOwn) {
  EXPECT_EQ(read_answer(R"({"jsonrpc":"2.0","result":"yes"})", "7").body,
            R"({"jsonrpc":"2.0","result":"yes","id":7})");
  EXPECT_EQ(
      read_answer(R"({"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"no"}})", "7").body,
      R"({"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"no"}})");
}

TEST(ReadAnswer, AnErrorOutweighsAResult) {
  for (std::string_view body :
       {R"({"jsonrpc":"2.0","id":1,"result":"yes","error":{"code":-1,"message":"no"}})",
        R"({"jsonrpc":"2.0","id":1,"result":null,"error":{"code":-1,"message":"no"}})"}) {
    auto answer = read_answer(body, "7");
    EXPECT_EQ(answer.outcome, Outcome::failed) << body;
    EXPECT_EQ(answer.error, "no") << body;
    EXPECT_EQ(answer.body, R"({"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}})");
  }
  EXPECT_EQ(read_answer(R"({"status":"ok","result":"yes","error":"no"})", "7").error, "no");
  for (std::string_view none : {"null", "false", R"("")"}) {
    auto answer = read_answer(fmt::format(R"({{"result":"yes","error":{}}})", none), "7");
    EXPECT_EQ(answer.outcome, Outcome::done) << none;
    EXPECT_EQ(answer.text, "yes") << none;
  }
}

TEST(ReadAnswer, WhatIsNeitherResultNorErrorIsNamed) {
  auto why = [](std::string_view body) {
    try {
      read_answer(body, "1");
    } catch (const Fault& fault) {
      return fault.text();
    }
    return std::string("read");
  };
  EXPECT_EQ(why(R"({"jsonrpc":"2.0","id":1})"), "that holds neither a result nor an error");
  EXPECT_EQ(why(R"({"jsonrpc":"2.0","id":1,"error":null})"),
            "that holds neither a result nor an error");
  EXPECT_EQ(why(R"({"jsonrpc":"2.0","id":1,"result":null})"), "its result is null");
  EXPECT_EQ(why(R"({"result":null})"), "its result is null");
  EXPECT_EQ(why(R"({"jsonrpc":"2.0","id":1,"result":[]})"),
            "its result is a list and not an object");
  EXPECT_EQ(why(R"([{"jsonrpc":"2.0","id":1,"result":"yes"}])"),
            "that is a list and not an object");
  EXPECT_EQ(why("null"), "that is null and not an object");
  for (std::string_view plain :
       {R"("yes")", R"({"text":"yes"})", R"({"result":["yes"]})", R"({"status":"ok"})",
        R"({"status":"success","artifacts":[{"parts":[{"text":"yes"}]}]})"}) {
    EXPECT_EQ(why(plain), "read") << plain;
    EXPECT_EQ(read_answer(plain, "1").outcome, Outcome::done) << plain;
  }
}

TEST(ReadAnswer, ATaskIsDoneOnlyWhenItSaysSo) {
  auto told = [](std::string_view task) {
    auto answer = read_answer(fmt::format(R"({{"jsonrpc":"2.0","id":1,"result":{}}})", task), "1");
    EXPECT_EQ(answer.outcome, Outcome::unfinished) << task;
    return answer.error;
  };
  EXPECT_TRUE(told(R"({"kind":"task","id":"t","status":{"state":"weird"}})")
                  .starts_with("unfinished: the agent's task is weird, which is no state"));
  EXPECT_TRUE(told(R"({"task":{"id":"t","status":{"state":"TASK_STATE_WEIRD"}}})")
                  .starts_with("unfinished: the agent's task is TASK_STATE_WEIRD, which is no"));
  for (std::string_view silent :
       {R"({"kind":"task","id":"t","status":{}})", R"({"kind":"task","id":"t"})",
        R"({"kind":"task","id":"t","status":{"state":""}})", R"({"task":{"id":"t","status":{}}})",
        R"({"id":"t","contextId":"c","status":{}})", R"({"status":{"state":7}})"}) {
    EXPECT_TRUE(told(silent).starts_with("unfinished: the agent's task does not say its state"))
        << silent;
  }
}

TEST(IsError, IsWhatJsonRpcCallsOne) {
  EXPECT_EQ(error_code(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"no"}})"),
            -32601);
  for (std::string_view other :
       {"", "<html>", "[]", R"({"error":{"code":-32601,"message":"no"}})",
        R"({"jsonrpc":"2.0","error":"no"})", R"({"jsonrpc":"2.0","error":{"message":"no"}})",
        R"({"jsonrpc":"2.0","result":"yes"})"})
    EXPECT_FALSE(is_error(other)) << other;
}

TEST(Translate, RequestsGoBothWays) {
  std::string old_form =
      R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"kind":"message","messageId":"m","role":"user","parts":[{"kind":"text","text":"a"},{"kind":"file","file":{"uri":"u","name":"n","mimeType":"t"}}]},"configuration":{"blocking":true}}})";
  std::string new_form = request_as(Generation::v10, old_form);
  EXPECT_EQ(
      new_form,
      R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"a"},{"url":"u","filename":"n","mediaType":"t"}]},"configuration":{"returnImmediately":false}}})");
  EXPECT_EQ(request_as(Generation::v03, new_form), old_form);
}

// What stands in `params` beside the message, in the other generation.
std::string settings_in(Generation to, std::string_view settings) {
  std::string method = to == Generation::v03 ? "SendMessage" : "message/send";
  std::string request = R"({"jsonrpc":"2.0","id":1,"method":")" + method +
                        R"(","params":{"message":{"messageId":"m","parts":[]})" +
                        (settings.empty() ? "" : ",") + std::string(settings) + "}}";
  std::string translated = request_as(to, request);
  std::size_t from = translated.find("\"parts\":[]}") + 11;
  return translated.substr(from, translated.size() - from - 2);
}

TEST(Translate, WhatIsLeftOutMeansTheSame) {
  // 1.0 waits unless it is told otherwise; an agent of 0.3 decides for itself unless it is told.
  EXPECT_EQ(settings_in(Generation::v03, ""), R"(,"configuration":{"blocking":true})");
  EXPECT_EQ(settings_in(Generation::v03, R"("configuration":{"historyLength":0})"),
            R"(,"configuration":{"historyLength":0,"blocking":true})");
  EXPECT_EQ(settings_in(Generation::v03, R"("configuration":{"returnImmediately":true})"),
            R"(,"configuration":{"blocking":false})");
  EXPECT_EQ(settings_in(Generation::v10, ""), "");
  EXPECT_EQ(settings_in(Generation::v10, R"("configuration":{"blocking":false})"),
            R"(,"configuration":{"returnImmediately":true})");
}

TEST(Translate, PushConfigurationsGoBothWays) {
  std::string old_form =
      R"("configuration":{"blocking":true,"pushNotificationConfig":{"id":"p","url":"https://x/","token":"t","authentication":{"schemes":["Bearer"],"credentials":"c"}}})";
  std::string new_form =
      R"("configuration":{"returnImmediately":false,"taskPushNotificationConfig":{"id":"p","url":"https://x/","token":"t","authentication":{"scheme":"Bearer","credentials":"c"}}})";
  EXPECT_EQ(settings_in(Generation::v10, old_form), "," + new_form);
  EXPECT_EQ(settings_in(Generation::v03, new_form), "," + old_form);
  std::string tasks =
      R"("configuration":{"taskPushNotificationConfig":{"taskId":"","tenant":"","url":"https://x/"}})";
  EXPECT_EQ(settings_in(Generation::v03, tasks),
            R"(,"configuration":{"pushNotificationConfig":{"url":"https://x/"},"blocking":true})");
}

TEST(Translate, WrappedDataKeepsItsMetadata) {
  std::string new_form =
      R"({"jsonrpc":"2.0","id":1,"result":{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"data":7,"metadata":{"k":1}}]}}})";
  EXPECT_NE(answer_as(Generation::v03, new_form)
                .find(R"("metadata":{"k":1,"molecule_wrapped_data":true})"),
            std::string::npos);
}

TEST(Translate, AnswersGoBothWays) {
  std::string old_form =
      R"({"jsonrpc":"2.0","id":1,"result":{"kind":"task","id":"t","status":{"state":"input-required"},"artifacts":[{"artifactId":"a","parts":[{"kind":"text","text":"x"}]}]}})";
  std::string new_form = answer_as(Generation::v10, old_form);
  EXPECT_EQ(
      new_form,
      R"({"jsonrpc":"2.0","id":1,"result":{"task":{"id":"t","status":{"state":"TASK_STATE_INPUT_REQUIRED"},"artifacts":[{"artifactId":"a","parts":[{"text":"x"}]}]}}})");
  EXPECT_EQ(answer_as(Generation::v03, new_form), old_form);
}

TEST(Translate, AnAnswerIsToldAsItsCallerCanReadIt) {
  auto told = [](Generation to, std::string_view result) {
    const std::string body = R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(result) + "}";
    const std::string out = told_in(to, read_answer(body, "1"), "m", "1");
    const std::string head = R"({"jsonrpc":"2.0","id":1,"result":)";
    EXPECT_TRUE(out.starts_with(head)) << out;
    return out.substr(head.size(), out.size() - head.size() - 1);
  };
  const std::string old_message =
      R"({"kind":"message","messageId":"a","role":"agent","parts":[{"kind":"text","text":"x"}]})";
  const std::string new_message =
      R"({"message":{"messageId":"a","role":"ROLE_AGENT","parts":[{"text":"x"}]}})";
  const std::string old_task = R"({"kind":"task","id":"t","status":{"state":"completed"}})";
  const std::string new_task = R"({"task":{"id":"t","status":{"state":"TASK_STATE_COMPLETED"}}})";
  for (const auto& [old_form, new_form] :
       {std::pair(old_message, new_message), std::pair(old_task, new_task)}) {
    for (const std::string& said : {old_form, new_form}) {
      EXPECT_EQ(told(Generation::v03, said), old_form);
      EXPECT_EQ(told(Generation::v10, said), new_form);
    }
  }
  // What simple servers say is left to those who know them, and is a message to the others.
  for (const auto& [said, words] :
       {std::pair(R"("just so")", R"("just so")"), std::pair(R"({"text":"hello"})", R"("hello")"),
        std::pair(R"({"status":"ok","n":1})", R"("{\"status\":\"ok\",\"n\":1}")")}) {
    EXPECT_EQ(told(Generation::v03, said), said);
    EXPECT_EQ(told(Generation::v10, said),
              R"({"message":{"role":"ROLE_AGENT","messageId":"m","parts":[{"text":)" +
                  std::string(words) + "}]}}");
  }
  EXPECT_THROW(told(Generation::v10, "{}"), Fault);
}

// A part in the other generation.
std::string part_told(Generation to, std::string_view part) {
  const std::string_view method = to == Generation::v03 ? "SendMessage" : "message/send";
  const std::string told = request_as(
      to,
      fmt::format(R"({{"method":"{}","params":{{"message":{{"parts":[{}]}}}}}})", method, part));
  const json::Document document = json::Document::parse(told);
  return document.root().find("params").find("message").find("parts").at(0).text();
}

TEST(Translate, WhatDescribesAPartAndWhatIsNotKnownGoesAlong) {
  using Pair = std::pair<const char*, const char*>;
  for (
      const auto& [new_form, old_form] : {
          Pair{R"({"text":"x","own":1})", R"({"kind":"text","text":"x","own":1})"},
          Pair{R"({"text":"x","metadata":{"k":1}})",
               R"({"kind":"text","text":"x","metadata":{"k":1}})"},
          Pair{
              R"({"text":"x","mediaType":"text/markdown","filename":"a.md"})",
              R"({"kind":"text","text":"x","metadata":{"mediaType":"text/markdown","filename":"a.md"}})"},
          Pair{R"({"data":{"a":1},"mediaType":"a/b","metadata":{"k":1}})",
               R"({"kind":"data","data":{"a":1},"metadata":{"k":1,"mediaType":"a/b"}})"},
          Pair{
              R"({"data":7,"mediaType":"a/b"})",
              R"({"kind":"data","data":{"value":7},"metadata":{"mediaType":"a/b","molecule_wrapped_data":true}})"},
          Pair{
              R"({"url":"u","own":1,"metadata":{"mediaType":"mine"},"filename":"n","mediaType":"t"})",
              R"({"kind":"file","file":{"uri":"u","name":"n","mimeType":"t"},"own":1,"metadata":{"mediaType":"mine"}})"},
      }) {
    EXPECT_EQ(part_told(Generation::v03, new_form), old_form);
    const auto back = json::Document::parse(part_told(Generation::v10, old_form));
    const auto given = json::Document::parse(new_form);
    EXPECT_EQ(back.root().size(), given.root().size()) << back.root().text();
    for (std::size_t i = 0; i < given.root().size(); ++i)
      EXPECT_EQ(back.root().find(given.root().name_at(i)).text(), given.root().value_at(i).text());
  }
  EXPECT_EQ(part_told(Generation::v10,
                      R"({"kind":"file","file":{"bytes":"AA==","size":1,"text":"no"},"own":1})"),
            R"({"own":1,"raw":"AA==","size":1})");
  EXPECT_EQ(part_told(Generation::v03,
                      R"({"text":"x","mediaType":"a/b","metadata":{"mediaType":"mine"}})"),
            R"({"kind":"text","text":"x","mediaType":"a/b","metadata":{"mediaType":"mine"}})");
}

TEST(Translate, ScalarDataSurvivesTheRoundTrip) {
  std::string new_form =
      R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"data":[1,2]}]}}})";
  std::string old_form = request_as(Generation::v03, new_form);
  EXPECT_NE(old_form.find(R"("data":{"value":[1,2]})"), std::string::npos);
  EXPECT_NE(request_as(Generation::v10, old_form).find(R"("data":[1,2])"), std::string::npos);
}

TEST(Request, WhatIsAcceptedCanBeReadAgainHoweverDeep) {
  for (std::size_t depth = 40; depth < 70; ++depth) {
    std::string body = "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
    std::string accepted;
    try {
      accepted = read_request(body, stamp).body;
    } catch (const Fault&) {
      continue;
    }
    EXPECT_NO_THROW(json::Document::parse(accepted)) << depth;
  }
}

TEST(Named, TheMessageNamesItselfBesideWhatItsMetadataHolds) {
  EXPECT_EQ(
      named(
          R"({"jsonrpc":"2.0","id":7,"method":"message/send","params":{"message":{"a":12345678901234567890123},"metadata":{"k":1,"activity_id":"forged"}}})",
          "a1"),
      R"({"jsonrpc":"2.0","id":7,"method":"message/send","params":{"message":{"a":12345678901234567890123},"metadata":{"activity_id":"a1","k":1}}})");
  EXPECT_EQ(named(R"({"params":{"message":{}}})", "a1"),
            R"({"params":{"message":{},"metadata":{"activity_id":"a1"}}})");
}

TEST(ReadRequest, ReadsWhatAMessageBelongsTo) {
  auto in = read_request(
      R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"metadata":{"activity_id":"a1"},"message":{"role":"user","messageId":"m","parts":[{"kind":"text","text":"t"}]}}})",
      stamp);
  EXPECT_EQ(in.parent, "a1");
}

}  // namespace
}  // namespace molecule::a2a
