// An agent that is a command: each message runs it once, with the text on its standard input and
// its files in a folder; what it prints, and the files it leaves, are the answer, told as it comes
// to whoever asks for a stream. A message that comes again, because its answer was lost on the way,
// finds the run that there was.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "join/agent.h"
#include "join/enclosures.h"
#include "platform/http/route.h"
#include "platform/http/server.h"
#include "platform/io/clock.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "wire/a2a/a2a.h"

namespace molecule::join {

struct Command {
  std::vector<std::string> arguments;  // The program first.
  std::vector<std::pair<std::string, std::string>> environment;
  std::size_t at_once = 1;  // Runs side by side; what comes beyond waits at the platform.
  std::chrono::seconds limit{86'400};  // Of one run.
  // A message is answered "at work" after this, before the platform gives the request up, and then
  // comes again. Shorter where it has come again: whoever waits for nothing holds little.
  std::chrono::milliseconds hold{1'500'000};
  std::chrono::milliseconds hold_again{300'000};
  std::size_t output_max = 16u << 20;  // Bytes that it may print.
};

// The platform comes over a connection that was proven; nobody else can.
struct ByPlatform {
  static constexpr http::Access access{"platform", 0};
  struct Caller {};
  static Caller prove(const http::Principal&) { return {}; }
};

class CommandAgent final : public Agent {
 public:
  static constexpr std::size_t kept_max = 256;          // Runs that are over, for who asks again.
  static constexpr std::size_t kept_bytes = 64u << 20;  // Their output.

  // `name` is the card's; empty: it has none. `enclosures` outlive it; null: messages bring no
  // files.
  CommandAgent(io::Loop& loop, Command command, std::string name, Enclosures* enclosures,
               const io::Clock& clock, io::Random& random, metrics::Registry& registry);
  ~CommandAgent() override;

  io::Task<void> serve(std::unique_ptr<net::Stream> stream) override;
  io::Task<std::optional<std::string>> card() override;
  io::Task<bool> is_there() override { co_return true; }
  std::size_t working() const override { return working_; }
  // Ends what runs. Before destruction.
  io::Task<void> stop();

  // POST /
  io::Task<http::Response> answer(ByPlatform::Caller caller, const http::Request& request);

 private:
  class OpenGate;
  struct Run;
  io::Task<http::Response> answer_task(const http::Request& request);
  std::shared_ptr<Run> run_of(const a2a::Incoming& message, const http::Request& request);
  using Environment = std::vector<std::pair<std::string, std::string>>;
  io::Task<void> work(std::shared_ptr<Run> run, std::string request, std::string text,
                      Environment environment);
  io::Task<void> work_with_files(Run& run, std::string request, std::string text,
                                 Environment environment);
  io::Task<void> talk(Run& run, std::string text, Environment environment);
  io::Task<void> read_all(net::Stream& output, Run& run);
  http::Response stream_of(std::shared_ptr<Run> run, std::string rpc_id, bool from_now);
  void forget_old();

  io::Loop& loop_;
  const Command command_;
  const std::string name_;
  Enclosures* const enclosures_;
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
