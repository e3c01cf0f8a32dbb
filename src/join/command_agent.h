// An agent that is a command: each message runs it once, with the text on its standard input and
// its files in a folder; what it prints, and the files it leaves, are the answer, told as it comes
// to whoever asks for a stream.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "join/agent.h"
#include "join/desk.h"
#include "join/enclosures.h"
#include "platform/io/clock.h"
#include "platform/process/child.h"

namespace molecule::join {

struct Command {
  std::vector<std::string> arguments;  // The program first.
  std::vector<std::pair<std::string, std::string>> environment;
  std::size_t at_once = 1;  // Runs side by side; what comes beyond waits at the platform.
  std::chrono::seconds limit{86'400};  // Of one run.
  // As Desk::Settings has them.
  std::chrono::milliseconds hold{1'500'000};
  std::chrono::milliseconds hold_again{300'000};
  std::size_t output_max = 16u << 20;  // Bytes that it may print.
};

class CommandAgent final : public Agent, private Worker {
 public:
  // `name` is the card's; empty: it has none. `enclosures` outlive it; null: messages bring no
  // files.
  CommandAgent(io::Loop& loop, Command command, std::string name, Enclosures* enclosures,
               const io::Clock& clock, io::Random& random, metrics::Registry& registry);

  io::Task<void> serve(std::unique_ptr<net::Stream> stream) override {
    return desk_.serve(std::move(stream));
  }
  io::Task<std::optional<std::string>> card() override;
  io::Task<bool> is_there() override { co_return true; }
  std::size_t working() const override { return desk_.working(); }
  // Ends what runs. Before destruction.
  io::Task<void> stop() { return desk_.stop(); }

  // POST /
  io::Task<http::Response> answer(ByPlatform::Caller caller, const http::Request& request) {
    return desk_.answer(caller, request);
  }

 private:
  using Environment = std::vector<std::pair<std::string, std::string>>;
  io::Task<void> work(Run& run) override;
  void cancel(Run& run) override;
  io::Task<void> talk(Run& run, Environment environment);
  io::Task<void> read_all(net::Stream& output, Run& run);

  io::Loop& loop_;
  const Command command_;
  const std::string name_;
  Enclosures* const enclosures_;
  const io::Clock& clock_;
  std::unordered_map<const Run*, process::Child*> children_;  // Of runs that are at work.
  Desk desk_;
};

}  // namespace molecule::join
