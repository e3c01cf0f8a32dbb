// The conversations of one agent: each has a session of the agent's program, which is started,
// brought back, and ended when nobody has spoken for a while. Messages of one conversation are
// worked on one after the other, as they came, those of several side by side, as many as the
// configuration says.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "agent/kept_sessions.h"
#include "agent/setup.h"
#include "join/desk.h"
#include "join/enclosures.h"
#include "platform/io/clock.h"
#include "platform/io/scope.h"

namespace molecule::agent {

class Conversations final : public join::Worker {
 public:
  static constexpr std::size_t open_max = 8;            // Sessions that stay open between messages,
  static constexpr std::chrono::seconds idle{600};      // and for so long.
  static constexpr std::size_t output_max = 16u << 20;  // Bytes of an answer.

  // `enclosures` is null where messages bring no files. `refused` is called with what an agent that
  // leads a team may not use. All outlive this.
  Conversations(io::Loop& loop, Setup& setup, KeptSessions& kept, join::Enclosures* enclosures,
                const io::Clock& clock, std::function<void(std::string_view)> refused);
  ~Conversations() override;

  io::Task<void> work(join::Run& run) override;
  void cancel(join::Run& run) override;

  // The configuration may say another number of turns.
  void setup_changed() { room_.notify(); }
  // Ends sessions that nobody uses, until cancelled.
  io::Task<void> tend();
  // Ends them all. No run may be under way. Before destruction.
  io::Task<void> stop();

  // Of the turns since the last call: how many failed, and why the last did.
  struct Tally {
    std::size_t turns = 0;
    std::size_t failed = 0;
    std::string trouble;
  };
  Tally take_tally() { return std::exchange(tally_, {}); }

 private:
  struct Place;
  class Line;
  io::Task<void> work_on(Place& place, join::Run& run);
  io::Task<void> take_turn(Place& place, join::Run& run, const Turn& turn);
  io::Task<Outcome> turn_in(Place& place, join::Run& run, const Turn& turn);
  io::Task<void> open(Place& place, const std::string& context, bool anew);
  void keep(const std::string& context, const std::string& runtime, const std::string& session,
            Executor& executor);
  void end(Place& place);
  void settle(join::Run& run, const Outcome& outcome);

  io::Loop& loop_;
  Setup& setup_;
  KeptSessions& kept_;
  join::Enclosures* const enclosures_;
  const io::Clock& clock_;
  const std::function<void(std::string_view)> refused_;
  std::unordered_map<std::string, std::unique_ptr<Place>> places_;  // By context.
  std::deque<const join::Run*> at_work_;  // And, behind those, whoever waits for room.
  io::Signal room_;
  io::Scope closing_;
  Tally tally_;
};

}  // namespace molecule::agent
