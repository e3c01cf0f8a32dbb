// What is open for each agent, in memory: a copy of the table deliveries, kept by the ledger's
// transactions after they are durable and read back at start. Answers, without the store, the two
// questions of the message path: may a new message go out at once, and which one is next.
//
// Order: a message of a sender does not go out before an earlier one of the same sender to the same
// target has gone out. Several may be carried at once: each asks for its turn when it could go, and
// goes when nothing before it waits or is still on its way out. After a wait the first goes alone,
// since it may come back; once it has arrived the others follow it without waiting for its end, and
// so they do once its agent says that it is at work on it. What is asked for every message costs no
// more when much waits: each sender's line is kept beside the messages. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "platform/io/guarded.h"
#include "server/messages/messages.h"

namespace molecule::messages {

// What carries messages in order and ends with all that is on it. What is given to the system to
// send, as to a socket, has gone out for good: that is none of these.
using Road = std::uint64_t;
inline constexpr Road sent_for_good = 0;

// One open delivery. Times are monotonic, so that a step of the wall clock delays nothing; the age
// is wall time, as the sender meant it.
struct Open {
  WorkspaceId target;
  std::optional<WorkspaceId> source;
  State state = State::open;
  bool waited = false;      // It went out of the mailbox, not straight away.
  bool unreached = false;   // It waits because the agent was not there, and for nothing else.
  bool at_work = false;     // Its agent has it and works on it: nothing waits behind it.
  bool fetched = false;     // Its agent fetched it, in this life of the process.
  std::optional<Road> out;  // By which it has gone out, under its present lease.
  std::int64_t epoch = 0;
  std::int64_t attempts = 0;
  std::int64_t tries = 0;  // Times it came back, seen or not, in this life of the process.
  std::int64_t hops = 0;
  std::chrono::nanoseconds not_before{0};
  std::chrono::nanoseconds lease_until{0};
};

class Mailboxes {
 public:
  void put(std::int64_t seq, const Open& open);
  // `arrived`: its agent had it, so what waits behind it may go.
  void take_out(WorkspaceId target, std::int64_t seq, bool arrived);
  template <class Fn>
  void change(WorkspaceId target, std::int64_t seq, Fn&& fn) {
    boxes_.write([&](auto& map) {
      auto box = map.find(target);
      if (box == map.end()) return;
      auto it = box->second.open.find(seq);
      if (it == box->second.open.end()) return;
      const std::optional<WorkspaceId> source = it->second.source;
      box->second.leave(it->first, it->second);
      fn(it->second);
      box->second.join(it->first, it->second);
      box->second.tidy(source);
    });
  }
  // Whether it is the turn of a carried message to go out by this road now.
  enum class Turn {
    now,
    later,   // What is before it is on its way out: `call` is called, once, when that has changed.
    behind,  // What is before it waits again: it has to come back, too.
    over,    // The lease is void.
  };
  // `call` is called on any thread and must not come back here.
  Turn turn(WorkspaceId target, Lease lease, Road road, std::function<void()> call);
  // It has gone out: what is behind it may.
  void gone(WorkspaceId target, Lease lease, Road road);

  // One of this sender's messages came back: the next goes alone again.
  void halt(WorkspaceId target, const std::optional<WorkspaceId>& source);
  // Everything anew, at once: meanwhile nobody sees a line without what waits in it.
  void replace(const std::vector<std::pair<std::int64_t, Open>>& all);

  // Those of these that wait for an agent which has not fetched them, as far as is known here.
  std::vector<std::int64_t> unfetched(WorkspaceId target,
                                      std::span<const std::int64_t> messages) const;
  std::int64_t waiting(WorkspaceId target) const;  // Open and not under way.
  std::int64_t under_way(WorkspaceId target) const;
  // Whether the lease still is the message's newest.
  bool is_leased(WorkspaceId target, Lease lease) const;
  // True when a new message of this sender may go to this target at once.
  bool may_pass(WorkspaceId target, const std::optional<WorkspaceId>& source) const;
  // Messages of this target that came back because the agent was not there are due at once.
  // `all`: whatever they came back for.
  void due_now(WorkspaceId target, bool all = false);
  // How often an open message came back.
  std::int64_t tries(WorkspaceId target, std::int64_t seq) const;
  // Hops of a message that is open for this agent, when it is.
  std::optional<std::int64_t> hops(WorkspaceId target, std::int64_t seq) const;

  // The oldest messages that may go out now: their time has come and nothing of their senders has
  // to go before them.
  struct Next {
    std::int64_t seq = 0;
    std::int64_t epoch = 0;
  };
  std::vector<Next> next(WorkspaceId target, std::chrono::nanoseconds now, std::size_t max) const;

  // Agents for whom something waits.
  std::vector<WorkspaceId> waiting_targets() const;
  // Agents for whom something is open: it waits or is being carried.
  std::vector<WorkspaceId> open_targets() const;
  // Leases that end before an instant; at most `max`.
  struct Held {
    WorkspaceId target;
    std::int64_t seq = 0;
    std::int64_t epoch = 0;
    std::chrono::nanoseconds lease_until{0};
  };
  std::vector<Held> ending_before(std::chrono::nanoseconds at, std::size_t max) const;
  std::size_t size() const;
  std::map<std::int64_t, Open> all() const;  // A copy, to compare with the store.

 private:
  // What one sender has open for an agent, by number; people are one sender. Forgotten when nothing
  // of it is left.
  struct Line {
    std::set<std::int64_t> waiting;
    std::set<std::int64_t> carried;                       // Under way after a wait.
    std::set<std::int64_t> leaving;                       // Under way, and not gone out yet.
    std::map<Road, std::set<std::int64_t>> out;           // Gone out by roads that may end.
    std::map<std::int64_t, std::function<void()>> calls;  // Of those leaving, for their turn.
    std::set<std::int64_t> begun;                         // Worked on, and to be asked for again.
    bool flowing = false;  // A message that had waited has arrived since one came back.

    bool empty() const;
    // Those from `from` on look again whether it is their turn; or only the first of all.
    void call_from(std::int64_t from);
    void call_first();
  };
  struct Box {
    std::map<std::int64_t, Open> open;  // Numbers ascend, so a new message goes to the end.
    std::set<std::int64_t> leased;      // Of them.
    std::unordered_map<WorkspaceId, Line> lines;

    void join(std::int64_t seq, const Open& what);
    void leave(std::int64_t seq, const Open& what);
    void tidy(const std::optional<WorkspaceId>& source);
  };
  using Boxes = std::unordered_map<WorkspaceId, Box>;
  static void put_in(Boxes& boxes, std::int64_t seq, const Open& open);

  io::Guarded<Boxes> boxes_;
};

}  // namespace molecule::messages
