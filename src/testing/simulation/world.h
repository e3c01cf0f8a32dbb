// A whole organisation in one thread: people, agents, one process of the platform or two, their
// store, and the time, which passes only when the test says so. The same seed and the same steps
// always do the same.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "platform/io/aside.h"
#include "platform/io/manual_timers.h"
#include "testing/manual_clock.h"
#include "testing/simulation/chance.h"
#include "testing/simulation/oracle.h"

namespace molecule::simulation {

class World {
 public:
  explicit World(Sharing sharing = Sharing::own);
  ~World();
  World(const World&) = delete;

  // Made by an operator and registered by its agent.
  Agent& hire(std::string name, bool polls = false);
  // The same for one that dials in by itself, over a network of its own.
  Agent& take_on(std::string name);
  Network& network_of(const Agent& agent);

  // Everybody who is there sends; what they are told is in the Sent.
  Sent& say(const Agent& to, std::string id, std::string text = "do");
  Sent& send(const Agent& from, const Agent& to, std::string id, std::string text = "do");
  Sent& send(Sent sent);
  void again(Sent& sent);  // The same message once more, to the newest process.
  void again(Sent& sent, Process& process);

  // Its sender asks to cancel it. Nothing happens before it is stored.
  std::shared_ptr<Answer> cancel(Sent& sent);

  // Requests of operators and agents; the status they came to is 0 until they are answered.
  std::shared_ptr<Answer> ask(As as, http::Method method, std::string path, std::string body = "");
  void enrol(Agent& agent, bool polls);
  void beat(Agent& agent);
  void fetch(Agent& agent);  // A polling agent takes what is open and answers it.
  std::string path(const Agent& agent, std::string_view rest = "") const;

  // A process begins; the newest is the one that is asked.
  Process& begin();
  Process& platform() { return *processes_.back(); }
  bool serving() const;  // The newest one is ready.
  void end_first();      // Kills the oldest; what the newer one remembers is not judged then.
  std::size_t processes() const { return processes_.size(); }
  // Kills what there is and begins anew. False when the store is away: then it ended again.
  bool crash_and_begin();

  // Half a turn each: what is ready runs; what was asked of the store is committed.
  bool run_ready();
  void commit();
  void run();  // Until nothing is ready. No time passes.
  // Time passes: waits end, agents beat, the processes do what they do every second.
  void pass(std::chrono::nanoseconds by);

  // Where it can be known, memory is compared with the store. At any time.
  void compare();
  // Everything comes to rest: store, agents and platform are there and time passes.
  void rest();
  void complain(std::string what) { problems_.push_back(std::move(what)); }
  std::vector<std::string> problems() const;

  test::ManualClock clock;
  test::CountingRandom random;
  io::Loop loop;
  io::ManualTimers timers{loop, clock};
  io::Aside aside;
  Store store;
  Agents agents;
  messages::Settings ledger_settings;
  proxy::Settings proxy_settings;
  Chance chance{1};  // Of the networks.
  Oracle oracle{store, agents, clock, ledger_settings};

 private:
  Agent& make(std::string name);
  void beat_all();
  void answer(Agent& agent, const std::string& feed);

  std::deque<std::unique_ptr<Process>> processes_;
  std::map<WorkspaceId, std::unique_ptr<Dialled>> dialled_;
  std::int64_t begun_ = 0;  // Processes so far.
  std::chrono::nanoseconds ticked_at_{0};
  std::vector<std::string> problems_;
};

}  // namespace molecule::simulation
