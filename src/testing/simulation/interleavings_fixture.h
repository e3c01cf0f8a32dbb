// Two agents and a platform, for one named interleaving a test; at the end everything comes to rest
// and the oracle judges.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "testing/simulation/world.h"

namespace molecule::simulation {

using namespace std::chrono_literals;

struct Scene {
  explicit Scene(Sharing sharing = Sharing::own) : world(sharing) {}
  ~Scene() {
    world.rest();
    for (const std::string& problem : world.problems()) ADD_FAILURE() << problem;
  }
  Scene(const Scene&) = delete;

  using Ids = std::vector<std::string>;

  // "open" or "leased" while it is, then its end; "(none)" when nothing is stored.
  std::string stands(const Sent& sent) {
    static constexpr sql::Query<std::string(std::string)> one{"scene.stands", R"(
      SELECT COALESCE(d.state, o."end", 'lost')
        FROM messages m LEFT JOIN deliveries d ON d.seq = m.seq LEFT JOIN outcomes o ON o.seq = m.seq
       WHERE m.message_id = $1)"};
    auto found = world.store.look([&](sql::Read& read) { return read.all(one, sent.id); });
    if (found.size() > 1) return "stored twice";
    return found.empty() ? "(none)" : found.front();
  }
  // What its sender is told now.
  Answer told_again(Sent& sent) {
    world.again(sent);
    world.pass(1s);
    return sent.answers.empty() ? Answer() : sent.answers.back();
  }
  bool answers(Sent& sent, std::string_view words) {
    const Answer answer = told_again(sent);
    return answer.status == 200 && answer.body.find(words) != std::string::npos;
  }
  // The message waits for an agent that was not there.
  Sent& waiting(Agent& agent, std::string id) {
    agent.manner = Manner::away;
    Sent& sent = world.say(agent, std::move(id));
    world.pass(11s);
    EXPECT_EQ(stands(sent), "open");
    return sent;
  }
  // The store is lost at the n-th commit from now on, which it keeps or undoes.
  void lose_at_commit(int n, bool kept) {
    if (kept) {
      world.store.trouble().at_commit_done(n);
    } else {
      world.store.trouble().at_commit_undone(n);
    }
  }

  World world;
  Agent& ada = world.hire("ada");
  Agent& bob = world.hire("bob");
};

}  // namespace molecule::simulation
