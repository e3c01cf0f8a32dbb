// The agent as the connection has it: its card, how it does, and the desk where its messages come
// in.
#pragma once

#include "agent/conversations.h"
#include "join/agent.h"
#include "join/desk.h"

namespace molecule::agent {

class Resident final : public join::Agent {
 public:
  // `changed` is called when a turn has begun or ended.
  Resident(io::Loop& loop, Setup& setup, Conversations& conversations, const io::Clock& clock,
           io::Random& random, metrics::Registry& registry, std::function<void()> changed);

  io::Task<void> serve(std::unique_ptr<net::Stream> stream) override {
    return desk_.serve(std::move(stream));
  }
  io::Task<std::optional<std::string>> card() override;
  io::Task<bool> is_there() override { co_return true; }
  std::size_t working() const override { return desk_.working(); }
  join::Health health() override;
  void health_told() override { untold_ = {}; }
  std::uint64_t edition() const override { return edition_; }
  void setup_changed() {
    ++edition_;
    conversations_.setup_changed();
    desk_.call(setup_.runtime().title);
  }
  io::Task<void> stop() { return desk_.stop(); }

 private:
  Setup& setup_;
  Conversations& conversations_;
  join::Desk desk_;
  Conversations::Tally untold_;
  std::uint64_t edition_ = 1;
};

}  // namespace molecule::agent
