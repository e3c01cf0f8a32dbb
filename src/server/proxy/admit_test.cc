#include "server/proxy/admit.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "testing/manual_clock.h"

namespace molecule::proxy {
namespace {

using workspaces::Delivery;
using workspaces::Entry;
using workspaces::Status;

constexpr std::string_view hello =
    R"({"jsonrpc":"2.0","id":"1","method":"message/send","params":{"message":{"role":"user","messageId":"m1","parts":[{"kind":"text","text":"hello"}]}}})";

class Admit : public ::testing::Test {
 protected:
  WorkspaceId add(Status status, std::string url, std::optional<WorkspaceId> parent = {}) {
    Entry entry;
    entry.id = random.id<WorkspaceId>();
    entry.name = "w";
    entry.status = status;
    entry.url = std::move(url);
    entry.parent = parent;
    directory.put(entry);
    return entry.id;
  }
  Link link_to(WorkspaceId id) { return admitter.target(id).link; }
  template <class Fn>
  std::string code_of(Fn&& fn) {
    try {
      fn();
    } catch (const Fault& fault) {
      return fault.code();
    }
    return "admitted";
  }

  test::ManualClock clock;
  test::CountingRandom random;
  workspaces::Directory directory;
  InFlight in_flight;
  Settings settings;
  Admitter admitter{directory, in_flight, clock, random, settings};
};

TEST_F(Admit, AnAgentIsReachedTheWayItCanBe) {
  WorkspaceId pushed = add(Status::online, "http://agent.example/");
  EXPECT_EQ(link_to(pushed), Link::push);
  WorkspaceId polling = add(Status::online, "http://agent.example/");
  directory.update(polling, [](Entry& entry) { entry.delivery = Delivery::poll; });
  EXPECT_EQ(link_to(polling), Link::poll);
  for (Status asleep : {Status::paused, Status::hibernating, Status::hibernated})
    EXPECT_EQ(link_to(add(asleep, "http://agent.example/")), Link::mailbox);
  // Offline is what the roster believes; whether the agent answers shows when it is called.
  EXPECT_EQ(link_to(add(Status::offline, "http://agent.example/")), Link::push);
  EXPECT_EQ(link_to(add(Status::awaiting_agent, "")), Link::mailbox);
}

TEST_F(Admit, WhatCannotBeReachedIsRefusedWithTheReason) {
  EXPECT_EQ(code_of([&] { admitter.target(random.id<WorkspaceId>()); }), "workspace_not_found");
  EXPECT_EQ(code_of([&] { admitter.target(add(Status::removed, "")); }), "workspace_removed");
  EXPECT_EQ(code_of([&] { admitter.target(add(Status::failed, "")); }), "workspace_has_no_url");
  WorkspaceId spent = add(Status::online, "http://agent.example/");
  directory.update(spent, [](Entry& entry) {
    entry.budget_limit = 100;
    entry.monthly_spend = 100;
  });
  EXPECT_EQ(code_of([&] { admitter.target(spent); }), "budget_exceeded");
}

TEST_F(Admit, ABusyAgentsMessagesWaitInItsMailbox) {
  settings.in_flight_max = 2;
  WorkspaceId agent = add(Status::online, "http://agent.example/");
  in_flight.begin(agent, 0);
  EXPECT_EQ(link_to(agent), Link::push);
  in_flight.begin(agent, 0);
  EXPECT_EQ(link_to(agent), Link::mailbox);
  in_flight.end(agent);
  EXPECT_EQ(link_to(agent), Link::push);
}

TEST_F(Admit, AnAgentReachesItsFamilyAndLearnsNothingOfOthers) {
  WorkspaceId root = add(Status::online, "http://agent.example/");
  WorkspaceId child = add(Status::online, "http://agent.example/", root);
  WorkspaceId grandchild = add(Status::online, "http://agent.example/", child);
  EXPECT_EQ(admitter.admit_from(root, child, hello).source, root);
  EXPECT_EQ(admitter.admit_from(child, root, hello).hops, 1);
  EXPECT_EQ(code_of([&] { admitter.admit_from(root, grandchild, hello); }), "not_reachable");
  // Hidden and unknown look alike.
  EXPECT_EQ(code_of([&] { admitter.admit_from(root, random.id<WorkspaceId>(), hello); }),
            "not_reachable");
}

TEST_F(Admit, TheIdempotencyKeyIsOfTargetSenderAndMessage) {
  WorkspaceId one = add(Status::online, "http://agent.example/");
  WorkspaceId two = add(Status::online, "http://agent.example/");
  WorkspaceId three = add(Status::online, "http://agent.example/");
  IdBytes key = admitter.admit_from(one, two, hello).key;
  EXPECT_EQ(admitter.admit_from(one, two, hello).key, key);
  EXPECT_NE(admitter.admit_from(one, three, hello).key, key);
  EXPECT_NE(admitter.admit_from(three, two, hello).key, key);
  EXPECT_NE(admitter.admit_from(std::nullopt, two, hello).key, key);
}

TEST_F(Admit, AChainThatIsTooLongIsALoop) {
  WorkspaceId one = add(Status::online, "http://agent.example/");
  WorkspaceId two = add(Status::online, "http://agent.example/");
  in_flight.begin(one, settings.hops_max - 1);
  EXPECT_EQ(admitter.admit_from(one, two, hello).hops, settings.hops_max);
  in_flight.begin(one, settings.hops_max);
  EXPECT_EQ(code_of([&] { admitter.admit_from(one, two, hello); }), "loop_stopped");
  // People start new chains.
  EXPECT_EQ(admitter.admit_from(std::nullopt, one, hello).hops, 0);
}

TEST_F(Admit, WhatAPollingAgentHeardCountsForAWhile) {
  WorkspaceId one = add(Status::online, "");
  WorkspaceId two = add(Status::online, "http://agent.example/");
  in_flight.heard(one, 5, clock.monotonic());
  EXPECT_EQ(admitter.admit_from(one, two, hello).hops, 6);
  clock.advance(InFlight::heard_for + std::chrono::seconds(1));
  EXPECT_EQ(admitter.admit_from(one, two, hello).hops, 1);
}

}  // namespace
}  // namespace molecule::proxy
