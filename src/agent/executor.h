// How an agent's program is driven, whichever protocol it speaks: sessions, and turns in them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/redactor.h"
#include "base/fields.h"
#include "platform/io/task.h"

namespace molecule::agent {

// Why a turn did not come to its end.
enum class Failure : std::uint8_t {
  auth,             // The key is missing or refused.
  rate_limit,       // Too many requests, or a budget is used up.
  overloaded,       // The model's service has no room.
  provider,         // Another error of that service.
  session_missing,  // The session that was to be brought back is not known.
  missing,          // The program, or a part that it needs, is not on this machine.
  process,          // The program died.
  protocol,         // It said what makes no sense.
  timeout,
};
BOOST_DESCRIBE_ENUM(Failure, auth, rate_limit, overloaded, provider, session_missing, missing,
                    process, protocol, timeout)

struct Outcome {
  enum class State : std::uint8_t { completed, canceled, failed };
  State state = State::completed;
  Failure failure = Failure::process;  // Where it failed.
  std::string why;                     // In a sentence, as the program says it.

  static Outcome completed() { return {}; }
  static Outcome canceled() { return {State::canceled, Failure::process, {}}; }
  static Outcome failed(Failure failure, std::string why) {
    return {State::failed, failure, std::move(why)};
  }
};

// Who is told while a turn goes on.
class Listener {
 public:
  virtual void text(std::string_view piece) = 0;
  virtual void tool(std::string_view name) = 0;     // It is used now.
  virtual void refused(std::string_view tool) = 0;  // To an agent that leads a team.

 protected:
  ~Listener() = default;
};

using Environment = std::vector<std::pair<std::string, std::string>>;

// What a session begins with.
struct Opening {
  std::string session;      // To bring back; empty: a new one.
  std::string context;      // Whose conversation it is.
  std::string system;       // The system text.
  Environment environment;  // All that its program gets.
  std::string directory;    // Where it works.
  std::shared_ptr<const Redactor> redactor = std::make_shared<const Redactor>();
  std::chrono::milliseconds turn_limit{3'600'000};
  bool leads = false;  // A team: it is refused what changes or runs something.
};

// Further variables of one turn, for programs that are started for each.
struct Turn {
  std::string text;
  Environment environment;
};

class Session {
 public:
  virtual ~Session() = default;
  // One at a time. When its wait is cancelled, the session is only good for stop().
  virtual io::Task<Outcome> turn(const Turn& turn, Listener& listener) = 0;
  // The turn that is under way shall end, as canceled.
  virtual void cancel() = 0;
  // By what it is brought back; empty as long as it has none.
  virtual std::string id() const = 0;
  // Before destruction: what it started has ended then.
  virtual io::Task<void> stop() = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  // At once; a program that cannot be started is told by the first turn.
  virtual std::unique_ptr<Session> start(Opening opening) = 0;
  // That session is never brought back; what is kept for it may go.
  virtual void forget(const std::string& session) { static_cast<void>(session); }
};

}  // namespace molecule::agent
