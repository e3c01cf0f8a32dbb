// The directory follows the log alone: whoever follows it holds the same organisation, whatever
// happened to it and however often the store was lost over it.
#include <random>
#include <thread>

#include "server/workspaces/org_fixture.h"
#include "testing/store_trouble.h"

namespace molecule::workspaces {
namespace {

using namespace std::chrono_literals;
using http::Method;

template <class T>
concept ChangedFromOutside = requires(T& one, const facts::Fact& fact) { one.apply(fact); } ||
                             requires(T& one, sql::Read& read) { one.load(read); } ||
                             requires(T& one, Entry entry) { one.put(entry); };
static_assert(!ChangedFromOutside<Directory>);

std::string text_of(const Directory& directory) {
  std::string text;
  for (const Entry& each : directory.all()) {
    text += fmt::format("{} {} '{}' '{}' {} {} {} {} {} '{}' '{}' {} {} {} {} {}\n", each.id.text(),
                        each.parent ? each.parent->text() : "none", each.name, each.role, each.tier,
                        each.runtime, enum_text(each.status), enum_text(each.delivery),
                        each.chosen.has_value(), each.url, each.agent_card.text,
                        each.speaks == a2a::Generation::v03, each.max_concurrent_tasks,
                        each.budget_limit.value_or(-1),
                        each.removed_at ? each.removed_at->micros() : 0, each.created_at.micros());
  }
  return text;
}

struct Follower {
  Follower(sql::Database& db, const io::Clock& clock) : record(db, clock) {
    record.join(directory);
  }
  facts::Record record;
  Directory directory;
};

class OrgMemory : public Org {
 protected:
  struct Silent final : VitalSigns {
    Vitals of(WorkspaceId) const override { return {}; }
    void expect(WorkspaceId, Instant) override {}
  };
  VitalSigns& vitals() override { return silent; }

  void SetUp() override {
    Org::SetUp();
    trouble = std::make_shared<test::StoreTrouble>();
    place->settings.interference = trouble;
    restart();
  }
  void wait_until_back() {
    trouble->give_back();
    const auto give_up = wall.monotonic() + 20s;
    while (!db().healthy() && wall.monotonic() < give_up) std::this_thread::yield();
    ASSERT_TRUE(db().healthy());
  }
  std::size_t below(std::size_t end) { return chance() % end; }
  WorkspaceId any() { return known.empty() ? WorkspaceId() : known[below(known.size())]; }

  void tried(std::function<void(sql::Tx&)> work) {
    try {
      write([&](sql::Tx& tx) {
        work(tx);
        return 0;
      });
    } catch (const Fault&) {}
  }
  void change() {
    const WorkspaceId id = any();
    Table& table = service->table();
    const RawJson card(
        below(2) == 0
            ? R"({"name":"old"})"
            : R"({"name":"new","supportedInterfaces":[{"url":"http://a","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]})");
    switch (below(14)) {
      case 0:
      case 1:
      case 2: {
        static constexpr std::array<std::string_view, 4> more{
            R"("runtime":"external")", R"("runtime":"langgraph","tier":2)",
            R"("runtime":"external","url":"http://agent.example","max_concurrent_tasks":3)",
            R"("runtime":"external","delivery_mode":"poll","budget_limit":7)"};
        const std::string above =
            below(2) == 0 && !known.empty() ? fmt::format(R"("parent_id":"{}",)", id.text()) : "";
        Answer answer =
            post(admin, "/workspaces",
                 fmt::format(R"({{"name":"w{}",{}{}}})", ++named, above, more[below(4)]));
        if (answer.status == 201) known.push_back(*WorkspaceId::parse(answer.member("id")));
        return;
      }
      case 3: {
        const std::string parent = below(2) == 0 ? "null" : fmt::format("\"{}\"", any().text());
        ask(admin, Method::patch, path(id), fmt::format(R"({{"parent_id":{}}})", parent));
        return;
      }
      case 4:
        ask(admin, Method::patch, path(id),
            fmt::format(R"({{"name":"n{}","role":"r{}","tier":{}}})", ++named, named,
                        below(4) + 1));
        return;
      case 5:
        ask(admin, Method::patch, path(id),
            fmt::format(R"({{"runtime":"{}","x":{}}})", below(2) == 0 ? "external" : "langgraph",
                        below(100)));
        return;
      case 6: post(admin, path(id, "/pause")); return;
      case 7: post(admin, path(id, "/resume")); return;
      case 8:
        if (below(2) == 0) ask(admin, Method::del, path(id, "?confirm=true"));
        return;
      case 9:
        if (below(3) == 0) ask(admin, Method::del, path(id, "?confirm=true&purge=true"));
        return;
      case 10:
        tried([&](sql::Tx& tx) {
          table.live(tx, id);
          table.enrol(tx, id, "http://a.example", card,
                      below(2) == 0 ? Delivery::push : Delivery::poll);
          table.move(tx, id, Trigger::registered);
        });
        return;
      case 11:
        tried([&](sql::Tx& tx) {
          table.live(tx, id);
          table.set_card(tx, id, card);
        });
        return;
      case 12:
        tried([&](sql::Tx& tx) {
          table.live(tx, id);
          table.set_url(tx, id, below(2) == 0 ? "" : "http://b.example");
        });
        return;
      default:
        tried([&](sql::Tx& tx) {
          table.move(tx, id, static_cast<Trigger>(below(12)));
          if (below(4) == 0) throw bad_request("undone");
        });
    }
  }

  io::SystemClock wall;
  Silent silent;
  std::shared_ptr<test::StoreTrouble> trouble;
  std::mt19937_64 chance{20260104};
  std::vector<WorkspaceId> known;
  int named = 0;
};

TEST_P(OrgMemory, FollowsTheLogAloneWhateverHappens) {
  Follower second(db(), clock);
  run(second.record.load());
  for (int step = 0; step < 300; ++step) {
    SCOPED_TRACE(step);
    clock.advance(1s);
    const std::size_t fate = below(10);
    if (fate == 0) trouble->at_commit_done(1);
    if (fate == 1) trouble->at_commit_undone(1);
    change();
    if (trouble->happened()) wait_until_back();
    trouble->goes_through();
    if (fate < 2 && below(2) == 0) run(log->catch_up());
    if (below(10) == 0) run(second.record.follow());
  }
  run(log->catch_up());
  run(second.record.follow());
  Follower third(db(), clock);
  run(third.record.load());
  const std::string held = text_of(*directory);
  EXPECT_GT(directory->all().size(), 20U);
  EXPECT_EQ(text_of(second.directory), held) << "who follows";
  EXPECT_EQ(text_of(third.directory), held) << "who starts";
}

TEST_P(OrgMemory, WhatAgentsSayTheySpentOutlivesWhatHappens) {
  WorkspaceId id = make("a");
  directory->note_spend(id, 7);
  ask(admin, Method::patch, path(id), R"({"name":"b"})");
  EXPECT_EQ(directory->find(id)->monthly_spend, 7);
}

TEST_P(OrgMemory, ARuntimeOfAnotherKindIsReachedAnotherWayAtOnce) {
  WorkspaceId id = make("a");
  EXPECT_EQ(directory->delivery(id), Delivery::poll);
  ask(admin, Method::patch, path(id), R"({"runtime":"langgraph"})");
  EXPECT_EQ(directory->delivery(id), Delivery::push) << "as after a restart";
}

EACH_DATABASE(OrgMemory);

}  // namespace
}  // namespace molecule::workspaces
