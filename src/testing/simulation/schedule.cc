#include "testing/simulation/schedule.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "testing/simulation/world.h"

namespace molecule::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t steps_min = 10;
constexpr std::uint64_t steps_more = 40;
constexpr std::uint64_t shared_one_in =
    5;  // Of the schedules: on a store that others may write to.

class Schedule {
 public:
  enum class Reach { scripted, dialled };
  Schedule(std::uint64_t seed, Reach reach)
      : chance_(seed),
        dialled_(reach == Reach::dialled),
        shared_(!dialled_ && chance_.one_in(shared_one_in)),
        world_(shared_ ? Sharing::shared : Sharing::own) {
    world_.chance = Chance(seed);
    for (const char* name : {"ada", "bob", "cyd"}) {
      if (dialled_ && !chance_.one_in(3)) {
        world_.take_on(name);
      } else {
        world_.hire(name, chance_.one_in(4));
      }
    }
  }

  Played play() {
    const std::uint64_t count = steps_min + chance_.below(steps_more);
    for (std::uint64_t i = 0; i < count; ++i) {
      step();
      breathe();
      world_.compare();
    }
    world_.rest();
    played_.problems = world_.problems();
    return std::move(played_);
  }

 private:
  struct Kind {
    std::uint64_t weight;
    void (Schedule::*act)();
  };

  void step();
  // Things go on for a while, or not at all before the next step.
  void breathe();

  void note(std::string what) {
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
        world_.clock.monotonic() - std::chrono::nanoseconds(test::ManualClock::start_monotonic));
    played_.steps.push_back(
        fmt::format("{:>10.3f}s {}", static_cast<double>(at.count()) / 1000.0, what));
  }
  Agent& anybody() {
    auto& all = world_.agents.all();
    return all[chance_.below(all.size())];
  }

  void person_says() {
    Agent& to = anybody();
    speak_often({}, to);
  }
  void agent_sends() {
    Agent& from = anybody();
    Agent& to = anybody();
    if (&from != &to) speak_often(&from, to);
  }
  // One sender's messages to one agent, close upon each other.
  void speak_often(const Agent* from, const Agent& to) {
    const std::uint64_t more = chance_.one_in(4) ? 1 + chance_.below(4) : 0;
    speak(from, to);
    for (std::uint64_t i = 0; i < more; ++i) {
      if (chance_.one_in(2)) world_.pass(std::chrono::milliseconds(chance_.below(4000)));
      speak(from, to);
    }
  }
  void speak(const Agent* from, const Agent& to) {
    Sent sent;
    if (from) sent.source = from->id;
    sent.target = to.id;
    sent.id = fmt::format("m{}", ++messages_);
    sent.text = "do";
    if (chance_.one_in(6)) sent.expires_in = 1 + static_cast<std::int64_t>(chance_.below(300));
    note(fmt::format("{} sends {} to {}{}", from ? from->name : "a person", sent.id, to.name,
                     sent.expires_in ? fmt::format(", good for {} s", *sent.expires_in) : ""));
    world_.send(std::move(sent));
  }
  void repeat() {
    auto& sent = world_.oracle.sent();
    if (sent.empty()) return;
    Sent& one = sent[chance_.below(sent.size())];
    note(one.id + " is sent again");
    world_.again(one);
    if (world_.processes() > 1 && chance_.one_in(2)) world_.again(one);
  }
  void cancel() {
    auto& sent = world_.oracle.sent();
    if (sent.empty()) return;
    Sent& one = sent[chance_.below(sent.size())];
    note(one.id + " is called off");
    world_.cancel(one);
    if (chance_.one_in(4)) world_.cancel(one);
  }
  void manners() {
    static constexpr std::array kinds{Manner::answers, Manner::answers, Manner::answers,
                                      Manner::fails,   Manner::busy,    Manner::away,
                                      Manner::resets,  Manner::silent};
    static constexpr std::array<std::chrono::nanoseconds, 6> takes{0ns,   20s, 1ms,
                                                                   300ms, 20s, 40min};
    Agent& agent = anybody();
    agent.manner = chance_.of(kinds);
    agent.takes = chance_.of(takes);
    agent.door = chance_.one_in(3) ? 3s : 0s;
    agent.stops = chance_.one_in(2);
    agent.stop_takes = chance_.of(takes);
    note(fmt::format("{} {}, in {} ms{}{}", agent.name, enum_text(agent.manner), agent.takes / 1ms,
                     agent.door > 0ns ? ", with a slow door" : "",
                     agent.stops ? fmt::format(", stops in {} ms", agent.stop_takes / 1ms) : ""));
  }
  void presence() {
    Agent& agent = anybody();
    if (agent.dials) return;
    agent.beats = !agent.beats;
    note(agent.name + (agent.beats ? " is back" : " is gone"));
    if (agent.beats) world_.enrol(agent, agent.polls);
  }
  void mode() {
    Agent& agent = anybody();
    if (agent.dials) return;
    const bool polls = !agent.polls;
    note(agent.name + (polls ? " polls from now on" : " is pushed to from now on"));
    world_.enrol(agent, polls);
  }
  // What lies between an agent that dials in and the platform.
  void network() {
    Agent& agent = anybody();
    if (!agent.dials) return;
    Network& network = world_.network_of(agent);
    switch (chance_.below(5)) {
      case 0: {
        const std::uint64_t bytes = 1 + chance_.below(4'000);
        note(fmt::format("the connection of {} breaks after {} bytes", agent.name, bytes));
        network.cut_after(bytes);
        break;
      }
      case 1:
        note("the connection of " + agent.name + " breaks");
        network.reset();
        break;
      case 2:
        note("the connection of " + agent.name + " falls silent");
        network.silence();
        break;
      case 3: {
        static constexpr std::array<std::chrono::milliseconds, 3> late{0ms, 50ms, 3s};
        network.weather.late_max = chance_.of(late);
        network.weather.piece_max = std::size_t{1} << (5 + chance_.below(9));
        note(fmt::format("the network of {} takes up to {} ms, in pieces of up to {}", agent.name,
                         network.weather.late_max.count(), network.weather.piece_max));
        break;
      }
      default:
        network.weather.reachable = !network.weather.reachable;
        note(fmt::format("the platform can{} be reached by {}",
                         network.weather.reachable ? "" : "not", agent.name));
        if (!network.weather.reachable) network.reset();
    }
  }
  void fetch() {
    Agent& agent = anybody();
    if (!agent.polls) return;
    note(agent.name + " fetches");
    world_.fetch(agent);
  }
  void beat() {
    Agent& agent = anybody();
    if (agent.dials) return;
    note(agent.name + " beats");
    world_.beat(agent);
  }
  void pause() {
    Agent& agent = anybody();
    const bool now = chance_.one_in(2);
    note(agent.name + (now ? " is paused" : " is resumed"));
    world_.ask({}, http::Method::post, world_.path(agent, now ? "/pause" : "/resume"));
  }
  void remove() {
    if (removed_ || dialled_) return;
    removed_ = true;
    Agent& agent = anybody();
    note(agent.name + " is removed");
    world_.ask({}, http::Method::del, world_.path(agent, "?confirm=true"));
  }
  void trouble() {
    auto& trouble = world_.store.trouble();
    const int n = 1 + static_cast<int>(chance_.below(3));
    switch (chance_.below(4)) {
      case 0:
        note(fmt::format("the store is lost at commit {}, which it keeps", n));
        trouble.at_commit_done(n);
        break;
      case 1:
        note(fmt::format("the store is lost at commit {}, which it undoes", n));
        trouble.at_commit_undone(n);
        break;
      case 2: {
        const int at = 1 + static_cast<int>(chance_.below(30));
        note(fmt::format("the store is lost at statement {}", at));
        trouble.at_statement(at);
        break;
      }
      default: note("the store is away"); trouble.take_away();
    }
  }
  void give_back() {
    note("the store is back");
    world_.store.trouble().give_back();
  }
  void crash() {
    note("the platform crashes and begins again");
    world_.crash_and_begin();
  }
  void stop() {
    if (!world_.serving() || world_.processes() > 1) return;
    note("the platform stops and begins again");
    Process& process = world_.platform();
    process.stop();
    const auto began = world_.clock.monotonic();
    while (process.stage() == Process::Stage::stopping &&
           world_.clock.monotonic() - began <= Process::drain_for)
      world_.pass(1s);
    if (process.stage() != Process::Stage::stopped)
      world_.complain("the platform did not stop in time");
    world_.crash_and_begin();
  }
  // Which the platform refuses; the ledger holds even so.
  void take_place() {
    if (!shared_) return;
    if (world_.processes() > 1) {
      if (!chance_.one_in(3)) return;
      note("the first platform ends");
      world_.end_first();
    } else {
      note("a second platform begins on the same store");
      world_.begin();
    }
  }
  void wall() {
    const auto by = std::chrono::seconds(static_cast<std::int64_t>(chance_.below(1200)) - 600);
    note(fmt::format("the wall clock steps by {} s", by.count()));
    world_.run();  // Nothing is between two of its looks at the clock.
    world_.clock.step(by);
  }
  void begin_if_down() {
    if (!world_.serving() && world_.processes() < 2) world_.crash_and_begin();
  }

  Chance chance_;
  const bool dialled_;
  const bool shared_;
  World world_;
  Played played_;
  int messages_ = 0;
  bool removed_ = false;
};

void Schedule::step() {
  static constexpr std::array kinds{
      Kind{30, &Schedule::person_says}, Kind{30, &Schedule::agent_sends},
      Kind{12, &Schedule::repeat},      Kind{16, &Schedule::manners},
      Kind{12, &Schedule::cancel},      Kind{5, &Schedule::presence},
      Kind{5, &Schedule::mode},         Kind{6, &Schedule::fetch},
      Kind{6, &Schedule::beat},         Kind{4, &Schedule::pause},
      Kind{2, &Schedule::remove},       Kind{10, &Schedule::trouble},
      Kind{12, &Schedule::give_back},   Kind{6, &Schedule::crash},
      Kind{3, &Schedule::stop},         Kind{6, &Schedule::take_place},
      Kind{3, &Schedule::wall}};
  static const std::uint64_t whole = [] {
    std::uint64_t sum = 0;
    for (const Kind& kind : kinds) sum += kind.weight;
    return sum;
  }();
  begin_if_down();
  if (dialled_ && chance_.one_in(4)) {
    network();
    return;
  }
  std::uint64_t drawn = chance_.below(whole);
  for (const Kind& kind : kinds) {
    if (drawn < kind.weight) {
      (this->*kind.act)();
      return;
    }
    drawn -= kind.weight;
  }
}

void Schedule::breathe() {
  switch (chance_.below(10)) {
    case 0: break;
    case 1: world_.run_ready(); break;
    case 2:
      world_.run_ready();
      world_.commit();
      break;
    case 3:
    case 4:
    case 5: world_.run(); break;
    case 6: world_.pass(std::chrono::milliseconds(chance_.below(1500))); break;
    case 7: world_.pass(std::chrono::seconds(chance_.below(8))); break;
    case 8: world_.pass(std::chrono::seconds(chance_.below(150))); break;
    default:
      world_.pass(!dialled_ && chance_.one_in(20) ? std::chrono::hours(24)
                                                  : std::chrono::minutes(1));
  }
}

}  // namespace

Played play(std::uint64_t seed) { return Schedule(seed, Schedule::Reach::scripted).play(); }

Played play_dialled(std::uint64_t seed) { return Schedule(seed, Schedule::Reach::dialled).play(); }

}  // namespace molecule::simulation
