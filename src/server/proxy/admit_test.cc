#include "server/proxy/admit.h"

#include <array>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "server/workspaces/town_fixture.h"
#include "testing/manual_clock.h"

namespace molecule::proxy {
namespace {

using workspaces::Delivery;
using workspaces::Entry;
using workspaces::Status;

constexpr std::string_view hello =
    R"({"jsonrpc":"2.0","id":"1","method":"message/send","params":{"message":{"role":"user","messageId":"m1","parts":[{"kind":"text","text":"hello"}]}}})";

// A way to whoever has an address.
struct ToAddresses final : Link {
  bool reachable(const Entry& agent) const override { return !agent.url.empty(); }
  io::Task<Carried> deliver(const Lane&, const Parcel&, Sink&) override { co_return Carried{}; }
  io::Task<Carried> ask(const Lane&, const Question&) override { co_return Carried{}; }
};

class Admit : public ::testing::Test {
 protected:
  WorkspaceId add(Status status, std::string url, std::optional<WorkspaceId> parent = {}) {
    Entry entry;
    entry.id = random.id<WorkspaceId>();
    entry.name = "w";
    entry.status = status;
    entry.url = std::move(url);
    entry.parent = parent;
    town.put(entry);
    return entry.id;
  }
  Way way_to(WorkspaceId id) { return admitter.target(id).way; }
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
  workspaces::Town town;
  workspaces::Directory& directory = town.directory;
  // An open message for an agent.
  void open(WorkspaceId target, std::optional<WorkspaceId> source, messages::State state) {
    messages::Open message;
    message.target = target;
    message.source = source;
    message.state = state;
    mailboxes.put(++last, message);
  }

  messages::Mailboxes mailboxes;
  Quiet quiet;
  std::int64_t last = 0;
  Settings settings;
  ToAddresses link;
  const std::array<Link*, 1> links{&link};
  Admitter admitter{links, directory, mailboxes, quiet, clock, random, settings};
};

TEST_F(Admit, AnAgentIsReachedTheWayItCanBe) {
  WorkspaceId pushed = add(Status::online, "http://agent.example/");
  EXPECT_EQ(way_to(pushed), Way::carried);
  WorkspaceId polling = add(Status::online, "http://agent.example/");
  town.change(polling, [](Entry& entry) { entry.delivery = Delivery::poll; });
  EXPECT_EQ(way_to(polling), Way::fetched);
  for (Status asleep : {Status::paused, Status::hibernating, Status::hibernated})
    EXPECT_EQ(way_to(add(asleep, "http://agent.example/")), Way::waits);
  // Offline is what the roster believes; whether the agent answers shows when it is called.
  EXPECT_EQ(way_to(add(Status::offline, "http://agent.example/")), Way::carried);
  EXPECT_EQ(way_to(add(Status::awaiting_agent, "")), Way::waits);
}

TEST_F(Admit, WhatCannotBeReachedIsRefusedWithTheReason) {
  EXPECT_EQ(code_of([&] { admitter.target(random.id<WorkspaceId>()); }), "workspace_not_found");
  EXPECT_EQ(code_of([&] { admitter.target(add(Status::removed, "")); }), "workspace_removed");
  EXPECT_EQ(code_of([&] { admitter.target(add(Status::failed, "")); }), "workspace_has_no_url");
  WorkspaceId spent = add(Status::online, "http://agent.example/");
  town.change(spent, [](Entry& entry) {
    entry.budget_limit = 100;
    entry.monthly_spend = 100;
  });
  EXPECT_EQ(code_of([&] { admitter.target(spent); }), "budget_exceeded");
}

TEST_F(Admit, ABusyAgentsMessagesWaitInItsMailbox) {
  settings.in_flight_max = 2;
  WorkspaceId agent = add(Status::online, "http://agent.example/");
  open(agent, std::nullopt, messages::State::leased);
  EXPECT_EQ(way_to(agent), Way::carried);
  open(agent, std::nullopt, messages::State::leased);
  EXPECT_EQ(way_to(agent), Way::waits);
  mailboxes.take_out(agent, last, true);
  EXPECT_EQ(way_to(agent), Way::carried);
}

TEST_F(Admit, AnAgentReachesItsFamilyAndLearnsNothingOfOthers) {
  WorkspaceId root = add(Status::online, "http://agent.example/");
  WorkspaceId child = add(Status::online, "http://agent.example/", root);
  WorkspaceId grandchild = add(Status::online, "http://agent.example/", child);
  EXPECT_EQ(admitter.admit_from(root, child, hello).source, root);
  EXPECT_EQ(admitter.admit_from(child, root, hello).source, child);
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
  const ActivityId seventh = messages::make_id(clock.now(), 7);
  Admission admission = admitter.admit_from(one, two, hello);
  admitter.place(admission, Admitter::Parent{seventh, settings.hops_max - 1});
  EXPECT_EQ(admission.hops, settings.hops_max);
  EXPECT_EQ(admission.parent, 7);
  EXPECT_EQ(admission.parent_id, seventh);
  EXPECT_EQ(
      code_of([&] { admitter.place(admission, Admitter::Parent{seventh, settings.hops_max}); }),
      "loop_stopped");
  // People start new chains.
  Admission of_person = admitter.admit_from(std::nullopt, one, hello);
  admitter.place(of_person, Admitter::Parent{seventh, settings.hops_max});
  EXPECT_EQ(of_person.hops, 0);
}

TEST_F(Admit, WhoDoesNotSayWhatItBelongsToIsCounted) {
  settings.edge_rate = 3;
  Admitter counting{links, directory, mailboxes, quiet, clock, random, settings};
  WorkspaceId one = add(Status::online, "http://agent.example/");
  WorkspaceId two = add(Status::online, "http://agent.example/");
  auto send = [&](WorkspaceId from, WorkspaceId to, std::optional<Admitter::Parent> parent) {
    return code_of([&] {
      Admission admission = counting.admit_from(from, to, hello);
      counting.place(admission, parent);
    });
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(one, two, {}), "admitted");
  EXPECT_EQ(send(one, two, {}), "edge_rate");
  EXPECT_EQ(send(two, one, {}), "admitted") << "each direction for itself";
  EXPECT_EQ(send(one, two, Admitter::Parent{messages::make_id({}, 1), 0}), "admitted");
  clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(send(one, two, {}), "admitted");
}

TEST_F(Admit, AHubWithOneLongTaskIsNoLoop) {
  WorkspaceId hub = add(Status::online, "http://agent.example/");
  WorkspaceId peer = add(Status::online, "http://agent.example/");
  open(hub, std::nullopt, messages::State::leased);
  for (int round = 0; round < 100; ++round) {
    for (auto [from, to] : {std::pair(hub, peer), std::pair(peer, hub)}) {
      Admission admission = admitter.admit_from(from, to, hello);
      admitter.place(admission, std::nullopt);
      EXPECT_EQ(admission.hops, 0);
    }
  }
}

TEST_F(Admit, EveryWayOfWaitingHasAnEnd) {
  settings.mailbox_max = 2;
  settings.polled_max = 3;
  WorkspaceId asleep = add(Status::paused, "http://agent.example/");
  WorkspaceId polling = add(Status::online, "");
  town.change(polling, [](Entry& entry) { entry.delivery = Delivery::poll; });
  auto fill = [&](WorkspaceId to) {
    for (int i = 0;; ++i) {
      if (code_of([&] { admitter.admit_from(std::nullopt, to, hello); }) != "admitted") return i;
      open(to, std::nullopt, messages::State::open);
    }
  };
  EXPECT_EQ(fill(asleep), 2);
  EXPECT_EQ(fill(polling), 3);
}

TEST_F(Admit, WhatWaitsIsNotOvertakenByItsSender) {
  WorkspaceId one = add(Status::online, "http://agent.example/");
  WorkspaceId two = add(Status::online, "http://agent.example/");
  open(two, one, messages::State::open);
  EXPECT_EQ(admitter.admit_from(one, two, hello).target.way, Way::waits);
  EXPECT_EQ(admitter.admit_from(std::nullopt, two, hello).target.way, Way::carried);
}

}  // namespace
}  // namespace molecule::proxy
