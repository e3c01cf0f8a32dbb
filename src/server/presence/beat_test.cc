#include "server/presence/beat.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/json/json.h"

namespace molecule::presence {
namespace {

using workspaces::Status;
using workspaces::Trigger;

constexpr std::string_view some_id = "0b0c0d0e-0000-4000-8000-000000000001";

std::string beat(std::string_view members) {
  return fmt::format(R"({{"workspace_id":"{}"{}{}}})", some_id, members.empty() ? "" : ",",
                     members);
}

Beat read_beat(std::string_view text) { return beat_of(json::read<api::Heartbeat>(text)); }

TEST(BeatBody, TheIdAloneIsABeat) {
  Beat read = read_beat(beat(""));
  EXPECT_EQ(read.workspace.text(), some_id);
  EXPECT_EQ(read.current_task, "");
  EXPECT_EQ(read.active_tasks, 0);
}

TEST(BeatBody, ReadsMembersAndTheirOtherNames) {
  Beat read = read_beat(beat(
      R"("error_rate":0.25,"sample_error":"e","active_tasks":2,"uptime_seconds":9,"task":"t","status":"running",
         "monthly_spend":-4,"runtime_state":"wedged","runtime_metadata":{"capabilities":{"status_mgmt":true}})"));
  EXPECT_EQ(read.error_rate, 0.25);
  EXPECT_EQ(read.sample_error, "e");
  EXPECT_EQ(read.current_task, "t");
  EXPECT_EQ(read.active_tasks, 2);
  EXPECT_EQ(read.monthly_spend, 0);
  EXPECT_TRUE(read.wedged);
  EXPECT_TRUE(read.manages_status);
  EXPECT_EQ(read_beat(fmt::format(R"({{"id":"{}","current_task":"c","task":"t"}})", some_id))
                .current_task,
            "c");
}

TEST(BeatBody, TakesWhatClientsAreUsedTo) {
  const std::vector<std::string> bodies{
      fmt::format(R"({{"workspace_id":"{}","id":7}})", some_id),
      fmt::format(R"({{"workspace_id":null,"id":"{}"}})", some_id),
      beat(R"("current_task":"c","task":7)"),
      beat(R"("current_task":"","task":7)"),
      beat(R"("status":7,"unknown":[1])"),
      beat(R"("error_rate":null,"sample_error":null,"current_task":null,"active_tasks":null)"),
      beat(R"("active_tasks":3.0,"error_rate":1,"monthly_spend":-5)"),
      beat(R"("runtime_metadata":null)"),
      beat(R"("runtime_metadata":{"capabilities":null,"more":1})"),
      beat(R"("runtime_metadata":{"capabilities":{"status_mgmt":"yes"}})"),
      beat(fmt::format(R"("current_task":"{}")", std::string(4096, 't'))),
  };
  for (const std::string& body : bodies) EXPECT_NO_THROW(read_beat(body)) << body.substr(0, 80);
  EXPECT_FALSE(
      read_beat(beat(R"("runtime_metadata":{"capabilities":{"status_mgmt":1}})")).manages_status);
}

TEST(BeatBody, RefusesWhatIsWrong) {
  const std::vector<std::string> bodies{
      "[]",
      "{}",
      R"({"workspace_id":7})",
      R"({"workspace_id":"pm"})",
      beat(R"("uptime_seconds":1.5)"),
      beat(R"("active_tasks":"1")"),
      beat(R"("active_tasks":-1)"),
      beat(R"("error_rate":2)"),
      beat(R"("error_rate":"low")"),
      beat(R"("current_task":["x"])"),
      beat(fmt::format(R"("current_task":"{}")", std::string(4097, 't'))),
      beat(fmt::format(R"("sample_error":"{}")", std::string(8193, 'e'))),
      beat(R"("runtime_metadata":[])"),
      beat(R"("runtime_metadata":{"capabilities":7})"),
      beat(R"("runtime_state":7)"),
      fmt::format(R"({{"workspace_id":7,"id":"{}"}})", some_id),
  };
  for (const std::string& body : bodies) {
    try {
      read_beat(body);
      ADD_FAILURE() << "accepted " << body.substr(0, 80);
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.kind(), Kind::bad_request);
      EXPECT_EQ(fault.code(), "invalid_request_body") << body.substr(0, 80);
      EXPECT_TRUE(fault.text().starts_with("invalid request body: ")) << fault.text();
    }
  }
}

TEST(Verdict, ABeatBringsBackWhoWasNotCountedAsAlive) {
  for (Status status :
       {Status::provisioning, Status::awaiting_agent, Status::offline, Status::failed}) {
    EXPECT_EQ(verdict(status, {}), Trigger::heartbeat);
  }
}

TEST(Verdict, ErrorRatesDegradeAndRecoverWithAGapBetween) {
  EXPECT_EQ(verdict(Status::online, {0.49, false, false}), std::nullopt);
  EXPECT_EQ(verdict(Status::online, {0.5, false, false}), Trigger::erring);
  EXPECT_EQ(verdict(Status::degraded, {0.1, false, false}), std::nullopt);
  EXPECT_EQ(verdict(Status::degraded, {0.09, false, false}), Trigger::recovered);
}

TEST(Verdict, AnAgentThatManagesItsStatusIsJudgedByWedgedOnly) {
  EXPECT_EQ(verdict(Status::online, {0.9, false, true}), std::nullopt);
  EXPECT_EQ(verdict(Status::online, {0, true, true}), Trigger::erring);
  EXPECT_EQ(verdict(Status::degraded, {0, true, false}), std::nullopt);
}

TEST(Verdict, ABeatChangesNothingForWhoIsStopped) {
  for (Status status : {Status::paused, Status::hibernating, Status::hibernated, Status::removed}) {
    EXPECT_EQ(verdict(status, {0.9, true, false}), std::nullopt);
  }
}

}  // namespace
}  // namespace molecule::presence
