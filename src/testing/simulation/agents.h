// Agents that do what the test says, and the link by which a process reaches them instead of a
// socket. They live outside every process: one that is gone takes nothing of theirs along.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platform/io/clock.h"
#include "server/proxy/link.h"

namespace molecule::simulation {

// What an agent does with a message that is brought to it.
enum class Manner {
  answers,
  fails,   // With an error of its own: an end.
  busy,    // Asks to be left alone for a while.
  away,    // Nobody listens where it was.
  resets,  // Does its work, and the connection ends before the answer.
  silent,  // Takes the message and says nothing.
};
BOOST_DESCRIBE_ENUM(Manner, answers, fails, busy, away, resets, silent)

struct Agent {
  WorkspaceId id;
  std::string name;
  Manner manner = Manner::answers;
  bool polls = false;                 // As it last registered.
  bool dials = false;                 // It is reached by its own connection.
  bool beats = true;                  // Its process is there.
  std::chrono::nanoseconds door{0};   // Until every other connection to it is made.
  std::int64_t knocks = 0;            // Connections to it so far.
  std::chrono::nanoseconds takes{0};  // For an answer.
  bool stops = false;                 // What it is at, when it is asked to.
  std::chrono::nanoseconds stop_takes{0};
  std::multiset<ActivityId> at;             // It is working on these,
  std::set<ActivityId> stopped;             // and has stopped working on these.
  std::chrono::nanoseconds beat_at{0};      // Last, by the monotonic clock.
  std::vector<std::string> got;             // Message ids, as they were brought.
  std::map<std::string, std::string> says;  // Its answers to what it fetched, by activity.
};

// Who watches what is brought to agents. The test's own account of what happens.
class Watch {
 public:
  virtual ~Watch() = default;
  // A carrier begins; which one it is of this message's.
  virtual int goes_out(const proxy::Parcel& parcel) = 0;
  virtual void meets(const proxy::Parcel& parcel) = 0;    // The agent hears of it,
  virtual void arrives(const proxy::Parcel& parcel) = 0;  // and has it.
  // The carrier brings this answer back.
  virtual void comes_back(const proxy::Parcel& parcel, int carrier, std::string_view answer) = 0;
};

class Agents {
 public:
  Agent& add(std::string name);
  Agent& of(WorkspaceId id);
  std::deque<Agent>& all() { return all_; }
  // A new answer, unlike every other.
  std::string answer(const Agent& agent);

 private:
  std::deque<Agent> all_;
  std::int64_t answers_ = 0;
};

class ScriptedLink final : public proxy::Link {
 public:
  ScriptedLink(Agents& agents, Watch& watch, const bool& process_gone)
      : agents_(agents), watch_(watch), process_gone_(process_gone) {}

  bool reachable(const workspaces::Entry& agent) const override { return !agent.url.empty(); }
  io::Task<proxy::Carried> deliver(const proxy::Lane& lane, const proxy::Parcel& parcel,
                                   proxy::Sink& sink) override;
  io::Task<proxy::Carried> ask(const proxy::Lane& lane, const proxy::Question& question) override;

 private:
  io::Task<proxy::Carried> bring(const proxy::Parcel& parcel, proxy::Sink& sink, bool& arrived);

  Agents& agents_;
  Watch& watch_;
  const bool& process_gone_;
};

}  // namespace molecule::simulation
