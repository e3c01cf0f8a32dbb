#include "server/workspaces/status_machine.h"

#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace molecule::workspaces {
namespace {

using enum Status;

const std::vector<Status> every_status{provisioning, awaiting_agent, online,     degraded, offline,
                                       paused,       hibernating,    hibernated, failed,   removed};
const std::vector<Trigger> every_trigger{
    Trigger::awaited,   Trigger::reachable,    Trigger::no_provisioner, Trigger::registered,
    Trigger::heartbeat, Trigger::erring,       Trigger::recovered,      Trigger::silent,
    Trigger::pause,     Trigger::resume_fresh, Trigger::resume_stale,   Trigger::remove,
    Trigger::starting,  Trigger::broken,       Trigger::ended,          Trigger::resume_here};

// The whole machine, written out once more in the other direction. What is missing must not happen.
const std::map<Trigger, std::map<Status, Status>> moves{
    {Trigger::awaited, {{provisioning, awaiting_agent}}},
    {Trigger::reachable, {{provisioning, online}}},
    {Trigger::no_provisioner, {{provisioning, failed}, {paused, failed}}},
    {Trigger::registered,
     {{provisioning, online},
      {awaiting_agent, online},
      {degraded, online},
      {offline, online},
      {failed, online}}},
    {Trigger::heartbeat,
     {{provisioning, online}, {awaiting_agent, online}, {offline, online}, {failed, online}}},
    {Trigger::erring, {{online, degraded}}},
    {Trigger::recovered, {{degraded, online}}},
    {Trigger::silent, {{online, offline}, {degraded, offline}}},
    {Trigger::pause,
     {{provisioning, paused},
      {awaiting_agent, paused},
      {online, paused},
      {degraded, paused},
      {offline, paused},
      {hibernating, paused},
      {hibernated, paused},
      {failed, paused}}},
    {Trigger::starting,
     {{awaiting_agent, provisioning},
      {online, provisioning},
      {degraded, provisioning},
      {offline, provisioning},
      {failed, provisioning}}},
    {Trigger::broken,
     {{provisioning, failed},
      {awaiting_agent, failed},
      {online, failed},
      {degraded, failed},
      {offline, failed}}},
    {Trigger::ended, {{provisioning, offline}, {online, offline}, {degraded, offline}}},
    {Trigger::resume_here, {{paused, provisioning}}},
    {Trigger::resume_fresh, {{paused, online}}},
    {Trigger::resume_stale, {{paused, awaiting_agent}}},
    {Trigger::remove,
     {{provisioning, removed},
      {awaiting_agent, removed},
      {online, removed},
      {degraded, removed},
      {offline, removed},
      {paused, removed},
      {hibernating, removed},
      {hibernated, removed},
      {failed, removed}}},
};

TEST(StatusMachine, MakesExactlyTheMovesOfTheTable) {
  ASSERT_EQ(moves.size(), every_trigger.size());
  for (Trigger trigger : every_trigger) {
    for (Status from : every_status) {
      std::optional<Status> expected;
      auto it = moves.at(trigger).find(from);
      if (it != moves.at(trigger).end()) expected = it->second;
      EXPECT_EQ(next(from, trigger), expected) << enum_text(from) << " on " << enum_text(trigger);
    }
  }
}

TEST(StatusMachine, NothingLeavesRemoved) {
  for (Trigger trigger : every_trigger)
    EXPECT_EQ(next(removed, trigger), std::nullopt) << enum_text(trigger);
}

TEST(StatusMachine, EveryArrivalHasItsOwnEvent) {
  std::map<events::Type, Status> seen;
  for (Status status : every_status) {
    if (status == hibernating) continue;  // Told as the arrival in hibernated.
    EXPECT_TRUE(seen.emplace(arrival_event(status), status).second) << enum_text(status);
  }
}

// What follows the log knows a status by the name of the arrival in it.
TEST(Arrivals, TellTheStatusThatEveryMoveMakes) {
  for_each_enumerator<Status>([](std::string_view from) {
    for_each_enumerator<Trigger>([&](std::string_view trigger) {
      auto to = next(*enum_from<Status>(from), *enum_from<Trigger>(trigger));
      if (to) EXPECT_EQ(status_after(arrival_event(*to)), to) << from << " " << trigger;
    });
  });
  EXPECT_FALSE(status_after(events::Type::WORKSPACE_LATE));
}

}  // namespace
}  // namespace molecule::workspaces
