#include "wire/a2a/endpoint.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/json/json.h"
#include "wire/a2a/task.h"

namespace molecule::a2a {
namespace {

std::string params_v10(std::string_view message, std::string_view beside = {}) {
  return fmt::format(
      R"({{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{{"message":{}{}}}}})", message,
      beside);
}
std::string with_parts(std::string_view method, std::string_view role, std::string_view parts) {
  return fmt::format(
      R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{{"message":{{"messageId":"m","role":"{}","parts":{}}}}}}})",
      method, role, parts);
}
std::string v10(std::string_view part) {
  return with_parts("SendMessage", "ROLE_USER", fmt::format("[{}]", part));
}
std::string v03(std::string_view part) {
  return with_parts("message/stream", "user", fmt::format("[{}]", part));
}

// The member that is wrong; empty when none is.
std::string wrong(std::string_view request) {
  try {
    require_message(request);
    return {};
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), "invalid_params");
    const auto members = json::Document::parse("{" + fault.members() + "}");
    const std::string field(members.root().find("field").string());
    EXPECT_TRUE(fault.text().starts_with(field)) << fault.text();
    return field;
  }
}

TEST(Endpoint, WhatTheSpecificationsHaveIsTaken) {
  for (const char* part :
       {R"({"text":""})",
        R"({"text":"x","mediaType":"text/markdown","filename":"a","metadata":{}})",
        R"({"raw":"AA==","filename":"a"})", R"({"url":"https://e.example/"})", R"({"data":null})",
        R"({"data":7})", R"({"data":[1]})", R"({"kind":"text","text":"x"})",
        R"({"text":"x","url":null,"own":1})"})
    EXPECT_EQ(wrong(v10(part)), "") << part;
  for (const char* part :
       {R"({"kind":"text","text":""})", R"({"type":"text","text":"x"})", R"({"text":"x"})",
        R"({"kind":"file","file":{"uri":"https://e.example/","mimeType":"a/b"}})",
        R"({"kind":"file","file":{"bytes":"AA==","name":"a"}})", R"({"kind":"data","data":{}})",
        R"({"kind":"text","text":"x","metadata":{"a":1},"own":1})"})
    EXPECT_EQ(wrong(v03(part)), "") << part;
  EXPECT_EQ(wrong(params_v10(R"({"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"x"}],)"
                             R"("contextId":"","taskId":null,"extensions":["urn:x"]})",
                             R"(,"tenant":"","metadata":null,"configuration":{"historyLength":0,)"
                             R"("returnImmediately":true,"acceptedOutputModes":[]})")),
            "");
  EXPECT_FALSE(require_message(v10(R"({"text":"x"})"))) << "it goes on as it came";
}

TEST(Endpoint, WhatIsWrongIsNamed) {
  using Pair = std::pair<const char*, const char*>;
  for (const auto& [part, field] :
       {Pair{"{}", "message.parts[0]"}, Pair{R"({"text":"x","data":1})", "message.parts[0]"},
        Pair{R"({"raw":"AA==","url":"u"})", "message.parts[0]"}, Pair{"7", "message.parts[0]"},
        Pair{R"({"text":null})", "message.parts[0]"},
        Pair{R"({"text":7})", "message.parts[0].text"},
        Pair{R"({"kind":"file","file":{"uri":"u"}})", "message.parts[0]"},
        Pair{R"({"text":"x","metadata":[]})", "message.parts[0].metadata"},
        Pair{R"({"text":"x","mediaType":1})", "message.parts[0].mediaType"}})
    EXPECT_EQ(wrong(v10(part)), field) << part;
  for (const auto& [part, field] :
       {Pair{"{}", "message.parts[0]"},
        Pair{R"({"kind":"video","text":"x"})", "message.parts[0].kind"},
        Pair{R"({"kind":7,"text":"x"})", "message.parts[0].kind"},
        Pair{R"({"kind":"text","data":{}})", "message.parts[0].text"},
        Pair{R"({"kind":"text"})", "message.parts[0].text"},
        Pair{R"({"kind":"text","text":"x","data":{}})", "message.parts[0]"},
        Pair{R"({"kind":"file","file":{}})", "message.parts[0].file"},
        Pair{R"({"kind":"file","file":{"uri":"u","bytes":"AA=="}})", "message.parts[0].file"},
        Pair{R"({"kind":"file","file":"u"})", "message.parts[0].file"},
        Pair{R"({"kind":"data","data":[1]})", "message.parts[0].data"}})
    EXPECT_EQ(wrong(v03(part)), field) << part;
  for (const auto& [message, field] :
       {Pair{R"([])", "message"},
        Pair{R"({"role":"ROLE_USER","parts":[{"text":"x"}]})", "message.messageId"},
        Pair{R"({"messageId":"","role":"ROLE_USER","parts":[{"text":"x"}]})", "message.messageId"},
        Pair{R"({"messageId":"m","parts":[{"text":"x"}]})", "message.role"},
        Pair{R"({"messageId":"m","role":"user","parts":[{"text":"x"}]})", "message.role"},
        Pair{R"({"messageId":"m","role":3,"parts":[{"text":"x"}]})", "message.role"},
        Pair{R"({"messageId":"m","role":"ROLE_USER","parts":[]})", "message.parts"},
        Pair{R"({"messageId":"m","role":"ROLE_USER"})", "message.parts"},
        Pair{R"({"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}],"taskId":7})",
             "message.taskId"}})
    EXPECT_EQ(wrong(params_v10(message)), field) << message;
  EXPECT_EQ(wrong(with_parts("message/send", "assistant", R"([{"kind":"text","text":"x"}])")),
            "message.role");
  for (const auto& [beside, field] :
       {Pair{R"({"historyLength":-1})", "configuration.historyLength"},
        Pair{R"({"historyLength":"x"})", "configuration.historyLength"},
        Pair{R"({"returnImmediately":"no"})", "configuration.returnImmediately"},
        Pair{R"({"acceptedOutputModes":"text/plain"})", "configuration.acceptedOutputModes"},
        Pair{"7", "configuration"}})
    EXPECT_EQ(wrong(params_v10(R"({"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]})",
                               fmt::format(R"(,"configuration":{})", beside))),
              field)
        << beside;
}

TEST(Endpoint, WhatOnlyProtoJsonReadsIsWrittenAsEverybodyDoes) {
  const auto told = require_message(params_v10(
      R"({"message_id":"m","role":2,"parts":[{"text":"x","media_type":"a/b"}],"context_id":"c"})",
      R"(,"configuration":{"history_length":1})"));
  ASSERT_TRUE(told);
  EXPECT_EQ(
      *told,
      params_v10(
          R"({"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"x","mediaType":"a/b"}],"contextId":"c"})",
          R"(,"configuration":{"historyLength":1})"));
}

TEST(Endpoint, OfWhatIsNoMessageNothingIsSaid) {
  for (const char* body : {"{", "[]", R"({"method":"GetTask","params":{}})", R"({"method":7})"})
    EXPECT_FALSE(require_message(body)) << body;
  EXPECT_THROW(require_message(R"({"text":"x"})"), Fault);
}

}  // namespace
}  // namespace molecule::a2a
