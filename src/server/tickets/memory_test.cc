// The keys in memory follow the log alone: whoever follows it knows the same, whatever happened and
// however often the store was lost over it.
#include <random>
#include <thread>

#include "server/tickets/tickets_fixture.h"
#include "testing/store_trouble.h"

namespace molecule::tickets {
namespace {

using namespace std::chrono_literals;
using http::Method;

template <class T>
concept ChangedFromOutside = requires(T& one, const facts::Fact& fact) { one.apply(fact); } ||
                             requires(T& one, sql::Read& read) { one.load(read); };
static_assert(!ChangedFromOutside<AgentKeys>);

struct Follower {
  Follower(sql::Database& db, const io::Clock& clock) : log(db, clock), keys(log) {
    log.join(keys);
  }
  events::Log log;
  AgentKeys keys;
};

class KeyMemory : public TicketOffice {
 protected:
  void SetUp() override {
    TicketOffice::SetUp();
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

  void change() {
    const auto all = directory->all();
    const WorkspaceId any = all.empty() ? WorkspaceId() : all[below(all.size())].id;
    switch (below(6)) {
      case 0:
      case 1: {
        workspaces::Answer made =
            post(admin, "/tickets", fmt::format(R"({{"name":"w{}"}})", ++named));
        if (made.status == 201) tickets.push_back(made.member("ticket"));
        return;
      }
      case 2:
      case 3:
        if (!tickets.empty()) redeem(tickets[below(tickets.size())], agents[below(agents.size())]);
        clock.advance(61s);  // So that refusals are not counted.
        return;
      case 4: ask(admin, Method::del, path(any, "/agent-key")); return;
      default:
        ask(admin, Method::del,
            path(any, below(3) == 0 ? "?confirm=true&purge=true" : "?confirm=true"));
    }
  }
  std::string known_by(const AgentKeys& known) {
    std::string text;
    for (const workspaces::Entry& each : directory->all()) {
      auto key = known.pinned_key(each.id);
      text += each.id.text() + " " + (key ? crypto::text_of(*key) : "none") + "\n";
    }
    return text;
  }

  io::SystemClock wall;
  std::shared_ptr<test::StoreTrouble> trouble;
  std::mt19937_64 chance{20260208};
  std::vector<std::string> tickets;
  std::vector<Agent> agents{new_agent(), new_agent(), new_agent()};
  int named = 0;
};

TEST_P(KeyMemory, FollowsTheLogAloneWhateverHappens) {
  Follower second(db(), clock);
  run(second.log.open());
  run(second.log.load());
  for (int step = 0; step < 200; ++step) {
    SCOPED_TRACE(step);
    const std::size_t fate = below(10);
    if (fate == 0) trouble->at_commit_done(1);
    if (fate == 1) trouble->at_commit_undone(1);
    change();
    if (trouble->happened()) wait_until_back();
    trouble->goes_through();
    if (fate < 2 && below(2) == 0) run(log->catch_up());
    if (below(10) == 0) run(second.log.catch_up());
  }
  run(log->catch_up());
  run(second.log.catch_up());
  Follower third(db(), clock);
  run(third.log.open());
  run(third.log.load());
  const std::string held = known_by(*keys);
  EXPECT_NE(held.find(crypto::text_of(agents[0].key.public_key())), std::string::npos);
  EXPECT_EQ(known_by(second.keys), held) << "who follows";
  EXPECT_EQ(known_by(third.keys), held) << "who starts";
}

EACH_DATABASE(KeyMemory);

}  // namespace
}  // namespace molecule::tickets
