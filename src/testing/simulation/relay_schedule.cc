#include "testing/simulation/relay_schedule.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "testing/simulation/relay_world.h"

namespace molecule::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t steps_min = 10;
constexpr std::uint64_t steps_more = 30;
constexpr std::size_t diallers_max = 4;

// Small enough that a few streams meet all of them.
mux::Bounds bounds_of(Chance& chance) {
  static constexpr std::array<std::size_t, 3> windows{500, 5'000, 30'000};
  static constexpr std::array<std::size_t, 3> kept{2'000, 12'000, 60'000};
  mux::Bounds bounds;
  bounds.window = chance.of(windows);
  bounds.kept_max = chance.of(kept);
  bounds.message_max = chance.one_in(2) ? 48u << 10 : 700;
  return bounds;
}

class RelaySchedule {
 public:
  explicit RelaySchedule(std::uint64_t seed)
      : chance_(seed), bounds_(bounds_of(chance_)), world_(chance_.below(~0ULL), bounds_) {
    for (std::uint64_t i = 0; i <= chance_.below(2); ++i) world_.dial(world_.new_workspace());
    world_.pass(1s);
  }

  Played play() {
    const std::uint64_t count = steps_min + chance_.below(steps_more);
    for (std::uint64_t i = 0; i < count; ++i) {
      step();
      breathe();
    }
    note("everything comes to rest");
    world_.rest();
    played_.problems = world_.problems();
    return std::move(played_);
  }

 private:
  using Dialler = RelayWorld::Dialler;
  struct Kind {
    std::uint64_t weight;
    void (RelaySchedule::*act)();
  };

  void step();
  void breathe();

  void note(std::string what) {
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
        world_.clock.monotonic() - std::chrono::nanoseconds(test::ManualClock::start_monotonic));
    played_.steps.push_back(
        fmt::format("{:>10.3f}s {}", static_cast<double>(at.count()) / 1000.0, what));
  }
  Dialler& anybody() {
    auto& all = world_.diallers();
    return all[chance_.below(all.size())];
  }

  Part part() {
    static constexpr std::array<std::uint64_t, 6> amounts{0, 1, 100, 3'000, 20'000, 90'000};
    static constexpr std::array<std::chrono::nanoseconds, 5> paces{0ns, 0ns, 1ms, 20ms, 700ms};
    Part part;
    part.says = chance_.of(amounts);
    if (part.says > 1) part.says -= chance_.below(part.says / 2);
    // Neither too many pieces nor too long.
    part.at_once = 1 + static_cast<std::size_t>(part.says / (1 + chance_.below(30)));
    part.pauses = chance_.of(paces);
    part.hears_at_once = std::size_t{1} << (6 + chance_.below(9));
    part.dawdles = part.hears_at_once >= 1024 ? chance_.of(paces) : 0ns;
    if (chance_.one_in(8)) part.leaves_after = chance_.below(5'000);
    part.holds_back = chance_.one_in(10);
    return part;
  }
  std::string told(const Talk& talk) {
    const auto side = [](const Part& part) {
      return fmt::format(
          "says {} in pieces of {} every {} ms, hears {} every {} ms{}{}", part.says, part.at_once,
          part.pauses / 1ms, part.hears_at_once, part.dawdles / 1ms,
          part.holds_back ? ", when let go" : "",
          part.leaves_after == ~0ULL ? "" : fmt::format(", leaves after {}", part.leaves_after));
    };
    return fmt::format("{}: one {}; the other {}", talk.name, side(talk.sides[0].part),
                       side(talk.sides[1].part));
  }
  void platform_opens() {
    Dialler& to = anybody();
    const std::array<Part, 2> parts{part(), part()};
    if (const Talk* talk = world_.from_platform(to.workspace, parts))
      note("the platform opens to " + to.name + ", " + told(*talk));
  }
  void agent_opens() {
    Dialler& from = anybody();
    const std::array<Part, 2> parts{part(), part()};
    if (const Talk* talk = world_.from_agent(from, parts))
      note(from.name + " opens " + told(*talk));
  }
  void weather() {
    static constexpr std::array<std::chrono::milliseconds, 4> late{0ms, 5ms, 300ms, 4s};
    static constexpr std::array<std::size_t, 4> pieces{1, 40, 1400, 20'000};
    Dialler& of = anybody();
    of.network->weather.late_max = chance_.of(late);
    of.network->weather.piece_max = chance_.of(pieces);
    if (of.network->weather.piece_max == 1)
      of.network->weather.piece_max = 1 + bounds_.window / 100;
    note(fmt::format("the network of {} takes up to {} ms, in pieces of up to {}", of.name,
                     of.network->weather.late_max.count(), of.network->weather.piece_max));
  }
  void reach() {
    Dialler& of = anybody();
    bool& there = of.network->weather.reachable;
    there = !there;
    note(fmt::format("the platform can{} be reached by {}", there ? "" : "not", of.name));
    if (!there && chance_.one_in(2)) of.network->reset();
  }
  void cut() {
    Dialler& of = anybody();
    const std::uint64_t bytes = 1 + chance_.below(chance_.one_in(2) ? 1'500 : 40'000);
    note(fmt::format("the connections of {} break after {} bytes", of.name, bytes));
    of.network->cut_after(bytes);
  }
  void reset() {
    Dialler& of = anybody();
    note("the connections of " + of.name + " break");
    of.network->reset();
  }
  void silence() {
    Dialler& of = anybody();
    note("the connections of " + of.name + " fall silent");
    of.network->silence();
  }
  void away() {
    Dialler& of = anybody();
    note(of.name + " is away for long");
    of.network->weather.reachable = false;
    of.network->reset();
    world_.pass(std::chrono::seconds(90 + chance_.below(90)));
    of.network->weather.reachable = true;
  }
  void take_over() {
    if (world_.diallers().size() >= diallers_max) return;
    Dialler& before = anybody();
    const Dialler& after = world_.dial(before.workspace);
    note(fmt::format("{} comes for the workspace of {}", after.name, before.name));
  }
  void leave() {
    Dialler& who = anybody();
    if (world_.diallers().size() >= diallers_max) return;
    note(who.name + " leaves, and another comes");
    world_.leave(who);
    world_.pass(std::chrono::milliseconds(chance_.below(3'000)));
    world_.dial(who.workspace);
  }

  Chance chance_;
  const mux::Bounds bounds_;
  RelayWorld world_;
  Played played_;
};

void RelaySchedule::step() {
  static constexpr std::array kinds{Kind{30, &RelaySchedule::platform_opens},
                                    Kind{30, &RelaySchedule::agent_opens},
                                    Kind{10, &RelaySchedule::weather},
                                    Kind{8, &RelaySchedule::reach},
                                    Kind{20, &RelaySchedule::cut},
                                    Kind{10, &RelaySchedule::reset},
                                    Kind{6, &RelaySchedule::silence},
                                    Kind{3, &RelaySchedule::away},
                                    Kind{2, &RelaySchedule::take_over},
                                    Kind{2, &RelaySchedule::leave}};
  static const std::uint64_t whole = [] {
    std::uint64_t sum = 0;
    for (const Kind& kind : kinds) sum += kind.weight;
    return sum;
  }();
  std::uint64_t drawn = chance_.below(whole);
  for (const Kind& kind : kinds) {
    if (drawn < kind.weight) {
      (this->*kind.act)();
      return;
    }
    drawn -= kind.weight;
  }
}

void RelaySchedule::breathe() {
  switch (chance_.below(8)) {
    case 0: break;
    case 1: world_.run(); break;
    case 2:
    case 3: world_.pass(std::chrono::milliseconds(chance_.below(60))); break;
    case 4:
    case 5: world_.pass(std::chrono::milliseconds(chance_.below(1500))); break;
    case 6: world_.pass(std::chrono::seconds(chance_.below(8))); break;
    default: world_.pass(std::chrono::seconds(chance_.below(50)));
  }
}

}  // namespace

Played play_relays(std::uint64_t seed) { return RelaySchedule(seed).play(); }

}  // namespace molecule::simulation
