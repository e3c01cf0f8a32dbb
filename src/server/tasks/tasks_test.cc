#include "server/tasks/tasks.h"

#include <algorithm>
#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "server/tasks/listing.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::tasks {
namespace {

using namespace std::chrono_literals;
using messages::AgentTask;
using messages::End;
using messages::State;

// What the feed does behind the writer.
constexpr sql::Query<void()> fill{"test.fill", R"(
    INSERT INTO feed (workspace_id, seq) SELECT target_id, seq FROM messages)"};
constexpr sql::Query<void()> filled{"test.filled", R"(
    UPDATE feed_position SET seq = (SELECT MAX(seq) FROM messages) WHERE name = 'activity')"};

class TaskStore : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    ledger = std::make_unique<messages::Ledger>(clock, random, mailboxes);
    ledger->join(tasks);
    agent = random.id<WorkspaceId>();
  }
  void TearDown() override {
    ledger.reset();
    EachDatabase::TearDown();
  }
  messages::Message accept(std::optional<WorkspaceId> source = {},
                           std::optional<std::string> context = {}, std::string body = "{}") {
    clock.advance(1s);
    const std::string id = random.id<RequestId>().text();
    messages::NewMessage what;
    what.target = agent;
    what.source = source;
    what.method = "message/send";
    what.message_id = id;
    what.key = random.id<RequestId>().bytes();
    what.rpc_id = "1";
    what.body = std::move(body);
    what.context_id = std::move(context);
    auto accepted = write([&](sql::Tx& tx) { return ledger->accept(tx, what, State::open); });
    return read([&](sql::Read& r) { return ledger->find(r, accepted.place.seq); })->message;
  }
  void end(const messages::Message& message, End how, std::optional<AgentTask> task = {}) {
    clock.advance(1s);
    messages::Outcome outcome;
    outcome.end = how;
    outcome.task = std::move(task);
    write([&](sql::Tx& tx) { return ledger->call_off(tx, message, outcome); });
  }
  std::optional<Row> by_id(std::string_view id, std::optional<WorkspaceId> sender = {}) {
    return read([&](sql::Read& r) { return tasks.by_id(r, id, agent, sender); });
  }
  // Page after page, as who asks goes on.
  std::vector<std::int64_t> list(Wanted wanted) {
    wanted.agent = agent;
    return read([&](sql::Read& r) {
      std::vector<std::int64_t> out;
      pages = 0;
      std::optional<std::string> token;
      do {
        const Listing page = listed(r, wanted, place_of(token));
        for (const auto& each : page.entries) out.push_back(each.what.seq);
        token.reset();
        if (page.next) token = token_of(*page.next);
        if (++pages == 1 && !token) {
          EXPECT_EQ(page.total, static_cast<std::int64_t>(out.size()));
        }
      } while (token && pages < 100);
      return out;
    });
  }
  std::vector<std::int64_t> all() { return list({}); }
  std::vector<std::int64_t> in_state(std::string state) {
    Wanted asked;
    asked.state = std::move(state);
    return list(asked);
  }
  using Seqs = std::vector<std::int64_t>;

  test::ManualClock clock;
  io::SystemRandom random;
  messages::Mailboxes mailboxes;
  std::unique_ptr<messages::Ledger> ledger;
  Tasks tasks{clock};
  WorkspaceId agent;
  int pages = 0;  // Of the last list.
};

TEST_P(TaskStore, AnAgentsTaskIsFoundByItsIdAndItsSender) {
  const auto ada = random.id<WorkspaceId>(), bob = random.id<WorkspaceId>();
  auto one = accept(ada), two = accept(bob);
  end(one, End::answered, AgentTask{"t", "c", "working"});
  end(two, End::answered, AgentTask{"t", "c", "completed"});
  EXPECT_EQ(by_id("t")->message, two.seq);
  EXPECT_EQ(by_id("t", ada)->message, one.seq);
  EXPECT_EQ(by_id("t", ada)->state, "working");
  EXPECT_FALSE(by_id("t", random.id<WorkspaceId>()));
  EXPECT_FALSE(by_id("u"));
  EXPECT_FALSE(read(
      [&](sql::Read& r) { return tasks.by_id(r, "t", random.id<WorkspaceId>(), std::nullopt); }));
}

TEST_P(TaskStore, ItsStateIsTheLastThatWasHeard) {
  auto one = accept();
  for (const char* state : {"submitted", "working"}) {
    write([&](sql::Tx& tx) { ledger->note(tx, one.seq, {"t", "c", state}); });
    EXPECT_EQ(by_id("t")->state, state);
    EXPECT_EQ(in_state(state), Seqs{one.seq});
  }
  end(one, End::answered, AgentTask{"t", "c", "completed"});
  EXPECT_EQ(by_id("t")->state, "completed");
  EXPECT_EQ(by_id("t")->changed_at, clock.now());
}

TEST_P(TaskStore, ListsAreNewestChangeFirst) {
  auto one = accept(), two = accept(), three = accept();
  EXPECT_EQ(all(), (Seqs{three.seq, two.seq, one.seq}));
  end(one, End::answered);
  EXPECT_EQ(all(), (Seqs{one.seq, three.seq, two.seq}));
  clock.advance(1s);
  write([&](sql::Tx& tx) { ledger->note(tx, two.seq, {"t", "c", "working"}); });
  EXPECT_EQ(all(), (Seqs{two.seq, one.seq, three.seq}));
  Wanted asked;
  asked.since = clock.now();
  EXPECT_EQ(list(asked), Seqs{two.seq});
}

TEST_P(TaskStore, NobodyLosesTheirOwnBehindTheMessagesOfOthers) {
  const auto ada = random.id<WorkspaceId>(), bob = random.id<WorkspaceId>();
  Seqs ended, open;
  for (int i = 0; i < 3; ++i) {
    auto over = accept(ada);
    end(over, End::answered);
    ended.push_back(over.seq);
    open.push_back(accept(ada).seq);
    auto worked_on = accept(ada);
    end(worked_on, End::answered, AgentTask{"w" + std::to_string(i), "c", "working"});
    open.push_back(worked_on.seq);
  }
  Seqs others;
  for (int i = 0; i < 40; ++i) others.push_back(accept(bob).seq);
  write([](sql::Tx& tx) { tx.run(fill); });
  write([](sql::Tx& tx) { tx.run(filled); });
  others.push_back(accept(bob).seq);  // Of the tail.
  Wanted wanted;
  wanted.slice_size = 5;
  wanted.sender = ada;
  wanted.agent = agent;
  const Listing first = read([&](sql::Read& r) { return listed(r, wanted, {}); });
  Seqs at_once;
  for (const auto& each : first.entries) at_once.push_back(each.what.seq);
  EXPECT_EQ(at_once, (Seqs{open.rbegin(), open.rend()})) << "what is open comes first";
  EXPECT_TRUE(first.next) << "and it is said that there may be more";
  for (const std::int64_t page_size : {1, 2, 50}) {
    wanted.page_size = page_size;
    Seqs all = list(wanted);
    EXPECT_EQ(all.size(), 9U) << "each once";
    std::ranges::sort(all);
    Seqs hers = open;
    hers.insert(hers.end(), ended.begin(), ended.end());
    std::ranges::sort(hers);
    EXPECT_EQ(all, hers) << page_size;
  }
  wanted.sender = bob;
  EXPECT_EQ(list(wanted), (Seqs{others.rbegin(), others.rend()}));
  wanted.sender.reset();
  EXPECT_EQ(list(wanted).size(), 50U) << "everybody's";
  wanted.sender = random.id<WorkspaceId>();
  EXPECT_EQ(list(wanted), Seqs{});
  EXPECT_GT(pages, 1) << "an empty page may go on";
}

TEST_P(TaskStore, EachEndHasItsState) {
  const std::vector<std::pair<End, std::string>> ends{
      {End::answered, "completed"}, {End::failed, "failed"}, {End::expired, "failed"},
      {End::removed, "failed"},     {End::dead, "failed"},   {End::canceled, "canceled"}};
  std::map<std::string, std::size_t> expected{{"submitted", 1}, {"rejected", 1}};
  accept();
  for (const auto& [how, state] : ends) {
    end(accept(), how);
    ++expected[state];
  }
  end(accept(), End::failed, AgentTask{"t", "c", "rejected"});
  for (const auto& [state, count] : expected) EXPECT_EQ(in_state(state).size(), count) << state;
}

TEST_P(TaskStore, ListsAreOfOneConversationOrSender) {
  const auto ada = random.id<WorkspaceId>();
  auto one = accept(ada, "c-1"), two = accept({}, "c-2"), three = accept(ada), four = accept({});
  end(four, End::answered, AgentTask{"t", "c-1", "completed"});
  Wanted asked;
  asked.context = "c-1";
  EXPECT_EQ(list(asked), (Seqs{four.seq, one.seq}));
  asked.context = three.id().text();
  asked.named = three.seq;
  EXPECT_EQ(list(asked), Seqs{three.seq});
  Wanted hers;
  hers.sender = ada;
  EXPECT_EQ(list(hers), (Seqs{three.seq, one.seq}));
  EXPECT_EQ(all().size(), 4u) << two.seq;
}

TEST_P(TaskStore, ATaskOfManyMessagesIsListedOnce) {
  const auto ada = random.id<WorkspaceId>();
  auto one = accept(ada), two = accept(ada), other = accept();
  end(one, End::answered, AgentTask{"t", "c", "input-required"});
  end(two, End::answered, AgentTask{"t", "c", "completed"});
  end(other, End::answered, AgentTask{"t", "c", "working"});
  EXPECT_EQ(all(), (Seqs{other.seq, two.seq}));
}

TEST_P(TaskStore, WhatAgentsAskPeopleIsFoundInTheNewestMessageOfItsTask) {
  auto asking = [&](std::int64_t before = 1'000'000, std::int64_t limit = 10) {
    std::vector<std::string> states;
    for (const store::Asked& each :
         read([&](sql::Read& r) { return r.all(store::asking, before, limit); }))
      states.push_back(each.task_id + " " + each.state);
    return states;
  };
  end(accept(), End::answered, AgentTask{"a", "c", "input-required"});
  end(accept(random.id<WorkspaceId>()), End::answered, AgentTask{"b", "c", "input-required"});
  const messages::Message access = accept();
  end(access, End::answered, AgentTask{"d", "c", "auth-required"});
  end(accept(), End::canceled, AgentTask{"e", "c", "input-required"});
  end(accept(), End::answered, AgentTask{"f", "c", "completed"});
  EXPECT_EQ(asking(), (std::vector<std::string>{"d auth-required", "a input-required"}));
  EXPECT_EQ(asking(access.seq), (std::vector<std::string>{"a input-required"}));
  EXPECT_EQ(asking(1'000'000, 1), (std::vector<std::string>{"d auth-required"}));
  end(accept(), End::answered, AgentTask{"a", "c", "input-required"});
  EXPECT_EQ(asking(), (std::vector<std::string>{"a input-required", "d auth-required"}));
  end(accept(), End::answered, AgentTask{"a", "c", "completed"});
  EXPECT_EQ(asking(), (std::vector<std::string>{"d auth-required"}));
  accept({}, "another");
  accept({}, "another", R"({"taskId":"d"})");
  accept(random.id<WorkspaceId>(), "c", R"({"taskId":"d"})");
  accept({}, "c", R"({"taskId":"a"})");
  EXPECT_EQ(asking(), (std::vector<std::string>{"d auth-required"}));
  accept({}, "c", R"({"taskId":"d"})");
  EXPECT_EQ(asking(), std::vector<std::string>{});
}

TEST_P(TaskStore, WhatIsErasedOrPrunedIsForgotten) {
  auto one = accept(), two = accept();
  end(one, End::answered, AgentTask{"t", "c", "completed"});
  end(two, End::answered, AgentTask{"u", "c", "completed"});
  write([&](sql::Tx& tx) { ledger->erase(tx, agent, one.seq); });
  EXPECT_FALSE(by_id("t"));
  write([&](sql::Tx& tx) { ledger->prune(tx, 0, two.seq, clock.now() + 1h); });
  EXPECT_FALSE(by_id("u"));
}

EACH_DATABASE(TaskStore);

}  // namespace
}  // namespace molecule::tasks
