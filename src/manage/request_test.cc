#include "manage/request.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "manage/tools.h"

namespace molecule::manage {
namespace {

client::Ask asked(std::string_view tool, std::string_view arguments) {
  const json::Document document = json::Document::parse(arguments);
  return request_of(*find(tool), document.root());
}

TEST(Request, ArgumentsGoWhereTheRouteTakesThem) {
  // One more than is shown says whether there is a further page.
  EXPECT_EQ(asked("list_workspaces", "{}").path, "/workspaces?limit=101");
  EXPECT_EQ(asked("list_peers", R"({"workspace_id":"w","q":"a b","limit":7,"cursor":"c"})").path,
            "/registry/w/peers?limit=8&after=c&q=a%20b");
  EXPECT_EQ(asked("list_remote_agents", R"({"limit":7,"cursor":"c"})").path,
            "/workspaces?limit=8&after=c&runtime=external");
  const auto secret = asked("delete_secret", R"({"workspace_id":"w","key":"a/b?c"})");
  EXPECT_EQ(secret.path, "/workspaces/w/secrets/a%2Fb%3Fc");
  EXPECT_EQ(secret.method, http::Method::del);
  EXPECT_TRUE(secret.body.empty());
  EXPECT_EQ(asked("delete_workspace", R"({"workspace_id":"w"})").path,
            "/workspaces/w?confirm=true");
  EXPECT_EQ(asked("list_activity", R"({"workspace_id":"w","type":"error","limit":5})").path,
            "/workspaces/w/activity?type=error&limit=5");
  EXPECT_EQ(asked("pause_workspace", R"({"workspace_id":"w"})").body, "{}");
  EXPECT_EQ(asked("update_workspace", R"({"workspace_id":"w","parent_id":null,"name":null})").body,
            R"({"parent_id":null})");
  EXPECT_EQ(asked("set_canvas_viewport", R"({"x":1,"y":-2.5,"zoom":1,"more":3})").body,
            R"({"x":1,"y":-2.5,"zoom":1})");
}

TEST(Request, AFileIsOnePartOfThePathAndItsRootOfTheQuery) {
  const auto read = asked("read_file", R"({"workspace_id":"w","path":"a b/ü?.md","root":"/home"})");
  EXPECT_EQ(read.path, "/workspaces/w/files/a%20b%2F%C3%BC%3F.md?root=%2Fhome");
  const auto write = asked(
      "write_file", R"({"workspace_id":"w","path":"../x","content":"y","root":"/workspace"})");
  EXPECT_EQ(write.path, "/workspaces/w/files/..%2Fx?root=%2Fworkspace");
  EXPECT_EQ(write.body, R"({"content":"y"})");
  EXPECT_EQ(asked("delete_file", R"({"workspace_id":"w","path":"x","recursive":true})").path,
            "/workspaces/w/files/x?recursive=true");
}

TEST(Request, AnArgumentMayBeTheBody) {
  const auto change =
      asked("update_config", R"({"workspace_id":"w","config":{"model":"x","skills":null}})");
  EXPECT_EQ(change.body, R"({"model":"x","skills":null})");
  EXPECT_EQ(change.path, "/workspaces/w/config");
}

TEST(Request, AWorkspaceNarrowsWhatIsListed) {
  EXPECT_EQ(asked("list_events", "{}").path, "/events");
  EXPECT_EQ(asked("list_events", R"({"workspace_id":"w","limit":3})").path, "/events/w?limit=3");
}

TEST(Request, WhatNamesNothingIsRefused) {
  for (const char* id : {"", ".", ".."}) {
    const std::string arguments = fmt::format(R"({{"workspace_id":"{}"}})", id);
    EXPECT_THROW(asked("get_workspace", arguments), Fault) << id;
  }
  EXPECT_EQ(asked("get_workspace", R"({"workspace_id":"../x"})").path, "/workspaces/..%2Fx");
}

TEST(Told, RefusalsSayWhatHappened) {
  client::Answer answer;
  answer.status = 404;
  answer.body = R"({"error":"workspace not found","code":"workspace_not_found"})";
  EXPECT_EQ(told(answer).text,
            "{\n  \"error\": \"HTTP 404\",\n  \"detail\": \"workspace not found\",\n"
            "  \"code\": \"workspace_not_found\"\n}");
  EXPECT_TRUE(told(answer).failed);
  answer.status = 429;
  EXPECT_NE(told(answer).text.find("RATE_LIMITED"), std::string::npos);
  answer.status = 200;
  answer.body = "<html>";
  EXPECT_EQ(told(answer).text, R"({"raw":"<html>","status":200})");
  answer.body = R"({"a":[1,{"b":[]}],"c":{}})";
  EXPECT_EQ(told(answer).text,
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}");
}

}  // namespace
}  // namespace molecule::manage
