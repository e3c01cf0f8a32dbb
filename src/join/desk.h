// Where the platform's A2A requests become runs: messages that come once or again, their answers
// whole or in pieces, and what is asked about the tasks that they are. What a run does is its
// worker's business. A message that comes again, because its answer was lost on the way, finds the
// run that there was.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/http/route.h"
#include "platform/http/server.h"
#include "platform/io/clock.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/net/stream.h"
#include "wire/a2a/a2a.h"

namespace molecule::join {

// The platform comes over a connection that was proven; nobody else can.
struct ByPlatform {
  static constexpr http::Access access{"platform", 0};
  struct Caller {};
  static Caller prove(const http::Principal&) { return {}; }
};

// One message and what its worker makes of it.
struct Run {
  std::string id;       // The platform's for the message, else its sender's.
  std::string context;  // Whose conversation it belongs to.
  std::string text;
  std::string request;     // The whole JSON-RPC request.
  std::string message_id;  // Its sender's.
  std::string activity;    // The platform's id; may be empty, as the following.
  std::string source;      // The workspace that it comes from.
  std::string task;        // The task that it goes on with, as its sender names it.

  std::string output;
  std::string files;   // For its answer, as parts of a message, each behind a comma.
  std::string error;   // Why it failed; empty: it did not.
  bool waits = false;  // Its worker has not begun with it.
  bool over = false;
  bool canceled = false;
  io::Signal grown;  // Whenever one of these has changed.

  // More of the answer.
  void say(std::string_view more) {
    output.append(more);
    grown.notify();
  }
};

class Worker {
 public:
  virtual ~Worker() = default;
  // To its end. Throws Fault with why it failed; what was said before stays said.
  virtual io::Task<void> work(Run& run) = 0;
  // `run` shall end soon; work() is under way.
  virtual void cancel(Run& run) = 0;
};

class Desk {
 public:
  static constexpr std::size_t kept_max = 256;          // Runs that are over, for who asks again.
  static constexpr std::size_t kept_bytes = 64u << 20;  // Their output.

  struct Settings {
    std::string who = "the agent";  // As sentences name the worker.
    std::size_t at_once = 1;        // Runs side by side; what comes beyond waits at the platform.
    // Of those, for a worker that lets them wait: of one conversation, and the bytes of them all.
    std::size_t of_one_context = static_cast<std::size_t>(-1);
    std::size_t bytes_at_once = static_cast<std::size_t>(-1);
    std::chrono::seconds limit{86'400};  // Of one run.
    // A message is answered "at work" after this, before the platform gives the request up, and
    // then comes again. Shorter where it has come again: whoever waits for nothing holds little.
    std::chrono::milliseconds hold{1'500'000};
    std::chrono::milliseconds hold_again{300'000};
    std::function<void()> changed = {};  // A run has begun or ended.
  };

  Desk(io::Loop& loop, Settings settings, Worker& worker, const io::Clock& clock,
       io::Random& random, metrics::Registry& registry);
  ~Desk();

  io::Task<void> serve(std::unique_ptr<net::Stream> stream);
  // From now on in sentences.
  void call(std::string_view who) { who_ = who; }
  std::size_t working() const { return working_; }
  // The text of a run that is under way; empty when there is none.
  std::string at() const;
  // Ends what runs. Before destruction.
  io::Task<void> stop();

  // POST /
  io::Task<http::Response> answer(ByPlatform::Caller caller, const http::Request& request);

 private:
  class OpenGate;
  io::Task<http::Response> answer_task(const http::Request& request);
  http::Response at_work() const;
  bool has_room(const std::string& context, std::size_t bytes) const;
  std::shared_ptr<Run> run_of(const a2a::Incoming& message, const http::Request& request);
  io::Task<void> work(std::shared_ptr<Run> run);
  http::Response stream_of(std::shared_ptr<Run> run, std::string rpc_id, bool from_now);
  void tell_change();
  void forget_old();

  const Settings settings_;
  std::string who_;
  Worker& worker_;
  const io::Clock& clock_;
  io::Random& random_;
  std::unique_ptr<OpenGate> gate_;
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<http::Server> server_;
  io::Scope runs_;
  std::unordered_map<std::string, std::shared_ptr<Run>> by_id_;  // By the message's id.
  std::vector<std::string> over_;  // Ids of those that are over, oldest first.
  std::size_t over_bytes_ = 0;
  std::size_t working_ = 0;
};

}  // namespace molecule::join
