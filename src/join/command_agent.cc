#include "join/command_agent.h"

#include <algorithm>

#include "platform/json/json.h"
#include "platform/net/socket.h"
#include "platform/net/wheel.h"
#include "platform/process/child.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;

constexpr auto exit_within = 5s;      // From the end of its output.
constexpr auto look_every = 20ms;     // Whether it has ended.
constexpr auto output_grace = 300ms;  // For output that comes behind its end.
constexpr int not_ended = -1;
constexpr const char* text_alone = R"(["text/plain"])";
constexpr const char* files_too = R"(["text/plain","application/octet-stream"])";

Desk::Settings settings_of(const Command& command) {
  Desk::Settings settings;
  settings.who = "the command";
  settings.at_once = command.at_once;
  settings.limit = command.limit;
  settings.hold = command.hold;
  settings.hold_again = command.hold_again;
  return settings;
}

}  // namespace

CommandAgent::CommandAgent(io::Loop& loop, Command command, std::string name,
                           Enclosures* enclosures, const io::Clock& clock, io::Random& random,
                           metrics::Registry& registry)
    : loop_(loop),
      command_(std::move(command)),
      name_(std::move(name)),
      enclosures_(enclosures),
      clock_(clock),
      desk_(loop, settings_of(command_), *this, clock, random, registry) {}

io::Task<std::optional<std::string>> CommandAgent::card() {
  json::Object card;
  if (!name_.empty()) card.add("name", name_);
  card.add("description", "Runs a command for each message")
      .add("version", "1")
      .add("protocolVersion", "0.3.0")
      .add("capabilities", json::Object{}.add("streaming", true).raw())
      .add("defaultInputModes", RawJson(enclosures_ ? files_too : text_alone))
      .add("defaultOutputModes", RawJson(enclosures_ ? files_too : text_alone))
      .add("skills", RawJson("[]"));
  co_return card.text();
}

io::Task<void> CommandAgent::work(Run& run) {
  std::vector<std::pair<std::string, std::string>> environment = command_.environment;
  environment.emplace_back("MOLECULE_ACTIVITY_ID", run.activity);
  environment.emplace_back("MOLECULE_MESSAGE_ID", run.message_id);
  environment.emplace_back("MOLECULE_CONTEXT_ID", run.context);
  environment.emplace_back("MOLECULE_TASK_ID", run.task);
  environment.emplace_back("MOLECULE_SOURCE_WORKSPACE_ID", run.source);
  std::unique_ptr<Enclosures::Kit> kit;
  if (enclosures_) kit = co_await enclosures_->unpack(run.request);
  if (run.canceled) co_return;
  if (kit) std::ranges::move(kit->environment(), std::back_inserter(environment));
  co_await talk(run, std::move(environment));
  if (!kit || run.canceled) co_return;
  std::string files = co_await enclosures_->send(*kit);
  run.files = std::move(files);
}

void CommandAgent::cancel(Run& run) {
  if (auto found = children_.find(&run); found != children_.end()) found->second->kill();
}

io::Task<void> CommandAgent::talk(Run& run, Environment environment) {
  process::Child child(command_.arguments, environment, run.text);
  struct Named {
    std::unordered_map<const Run*, process::Child*>& all;
    const Run* of;
    ~Named() { all.erase(of); }
  };
  children_.emplace(&run, &child);
  const Named named{children_, &run};
  auto output = net::Socket::adopt(loop_, child.take_output(), "command");
  // What the command leaves behind may hold its output open; it is not waited for.
  auto watch = [](const process::Child& of, net::Stream& out) -> io::Task<void> {
    while (!of.ended()) co_await io::sleep(look_every);
    out.set_deadline(net::Direction::read, net::Wheel::now() + output_grace);
  };
  io::Context here = co_await io::context();
  io::Scope watching(loop_, [](std::string_view, std::exception_ptr) {}, here.cancellation);
  watching.spawn("exit", watch(child, *output));
  std::exception_ptr failure;
  try {
    co_await read_all(*output, run);
  } catch (...) {
    failure = std::current_exception();
  }
  watching.cancel();
  co_await watching.join();
  if (failure) std::rethrow_exception(failure);
  const auto by = clock_.monotonic() + exit_within;
  while (!child.ended() && clock_.monotonic() < by) co_await io::sleep(5ms);
  const int status = child.ended().value_or(not_ended);
  if (run.canceled) co_return;
  if (status != 0) {
    const std::string_view said(run.output);
    if (status == not_ended)
      throw Fault(Kind::bad_gateway, "command_failed",
                  "the command closed its output and did not end");
    throw Fault(Kind::bad_gateway, "command_failed",
                said.empty() ? fmt::format("the command ended with status {}", status)
                             : fmt::format("the command ended with status {} after it had said: {}",
                                           status, json::storable(said, 2000)));
  }
}

// To the end of the output, or for a moment longer than the command lives.
io::Task<void> CommandAgent::read_all(net::Stream& output, Run& run) {
  io::Context here = co_await io::context();
  std::vector<char> part(16u << 10);
  for (;;) {
    const net::Attempt came = output.try_read(part);
    if (came.state == net::Attempt::State::wait) {
      const net::Wake why = co_await output.wait(net::Direction::read);
      if (why == net::Wake::deadline) co_return;
      net::require_ready(why, here);
      continue;
    }
    if (came.state != net::Attempt::State::moved) co_return;
    if (run.output.size() + came.bytes > command_.output_max) {
      throw Fault(Kind::too_large, "output_too_large",
                  fmt::format("the command printed more than {} bytes", command_.output_max));
    }
    run.say(std::string_view(part.data(), came.bytes));
  }
}

}  // namespace molecule::join
