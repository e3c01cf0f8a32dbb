#include "wire/a2a/push_config.h"

#include <gtest/gtest.h>

#include "wire/a2a/task.h"

namespace molecule::a2a {
namespace {

TaskCall read(std::string_view method, std::string_view params) {
  const std::string body =
      fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params);
  TaskCall call = *task_call_in(body);
  read_task_params(body, call);
  return call;
}

TEST(PushConfigs, AreReadInEitherShape) {
  for (
      const TaskCall& call :
      {read(
           "CreateTaskPushNotificationConfig",
           R"({"taskId":"t","id":"c","url":"https://u/","token":"k","authentication":{"scheme":"Bearer","credentials":"s"}})"),
       read(
           "tasks/pushNotificationConfig/set",
           R"({"taskId":"t","pushNotificationConfig":{"id":"c","url":"https://u/","token":"k","authentication":{"schemes":["Bearer","Basic"],"credentials":"s"}}})")}) {
    EXPECT_EQ(call.method, TaskMethod::push);
    EXPECT_EQ(call.id, "t");
    const PushConfig& config = call.push.config;
    EXPECT_EQ(config.id + config.url + config.token, "chttps://u/k");
    EXPECT_EQ(config.scheme + config.credentials, "Bearers");
  }
}

TEST(PushConfigs, AnIdIsTheTasksOrTheConfigurations) {
  const TaskCall ten = read("GetTaskPushNotificationConfig", R"({"taskId":"t","id":"c"})");
  EXPECT_EQ(ten.id + ten.push.config_id, "tc");
  const TaskCall old =
      read("tasks/pushNotificationConfig/get", R"({"id":"t","pushNotificationConfigId":"c"})");
  EXPECT_EQ(old.id + old.push.config_id, "tc");
  EXPECT_EQ(read("tasks/pushNotificationConfig/get", R"({"id":"t"})").push.config_id, "");
  EXPECT_THROW(read("tasks/pushNotificationConfig/delete", R"({"id":"t"})"), Fault);
  EXPECT_EQ(
      read("ListTaskPushNotificationConfigs", R"({"taskId":"t","pageSize":3})").push.page_size, 3);
  EXPECT_THROW(read("ListTaskPushNotificationConfigs", R"({"taskId":"t","pageSize":101})"), Fault);
}

TEST(PushConfigs, AreTakenOutOfAMessage) {
  const PushBrought brought = push_brought_in(
      R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"taskId":"t","parts":[]},)"
      R"("configuration":{"taskPushNotificationConfig":{"url":"https://u/"},"historyLength":2}}})");
  ASSERT_TRUE(brought.config);
  EXPECT_EQ(brought.config->url, "https://u/");
  EXPECT_EQ(brought.task_id, "t");
  EXPECT_EQ(brought.generation, Generation::v10);
  EXPECT_EQ(
      brought.body,
      R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"taskId":"t","parts":[]},)"
      R"("configuration":{"historyLength":2}}})");
  const PushBrought none = push_brought_in(R"({"params":{"message":{"taskId":"t"}}})");
  EXPECT_FALSE(none.config);
  EXPECT_EQ(none.body, "");
  EXPECT_EQ(push_brought_in("no JSON").task_id, "");
}

TEST(PushConfigs, AreToldWithTheirSecretsToSome) {
  const PushConfig config{"c", "https://u/", "k", "Bearer", "s"};
  EXPECT_EQ(
      push_config_told(Generation::v10, config, "t", true),
      R"({"id":"c","taskId":"t","url":"https://u/","token":"k","authentication":{"scheme":"Bearer","credentials":"s"}})");
  EXPECT_EQ(
      push_config_told(Generation::v03, config, "t", false),
      R"({"taskId":"t","pushNotificationConfig":{"id":"c","url":"https://u/","authentication":{"schemes":["Bearer"]}}})");
  EXPECT_EQ(push_configs_told(Generation::v10, {"{}", "{}"}, ""),
            R"({"configs":[{},{}],"nextPageToken":""})");
  EXPECT_EQ(push_configs_told(Generation::v03, {"{}"}, ""), "[{}]");
}

TEST(PushTold, AChangeOfStateInEachGeneration) {
  PushChange change;
  change.task_id = "t";
  change.context_id = "c";
  change.state = "working";
  change.activity_id = "a";
  EXPECT_EQ(
      push_told(Generation::v10, change),
      R"({"statusUpdate":{"taskId":"t","contextId":"c","status":{"state":"TASK_STATE_WORKING",)"
      R"("timestamp":"1970-01-01T00:00:00.000Z"},"metadata":{"molecule":{"activity_id":"a"}}}})");
  EXPECT_EQ(
      push_told(Generation::v03, change),
      R"({"kind":"task","id":"t","contextId":"c","status":{"state":"working",)"
      R"("timestamp":"1970-01-01T00:00:00.000Z"},"metadata":{"molecule":{"activity_id":"a"}}})");
  EXPECT_EQ(push_task(Generation::v10, "{}"), R"({"task":{}})");
}

}  // namespace
}  // namespace molecule::a2a
