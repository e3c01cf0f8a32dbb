#include "join/join.h"

#include <cctype>
#include <iostream>

#include "base/secret.h"
#include "join/attendance.h"
#include "join/belongings.h"
#include "join/command_agent.h"
#include "join/connection.h"
#include "join/door.h"
#include "join/http_agent.h"
#include "join/redeem.h"
#include "platform/io/stop.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"
#include "platform/net/resolve.h"
#include "wire/tickets/ticket_text.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;

WorkspaceId workspace_of(const Options& options) {
  std::string text = options.workspace;
  if (text.empty()) text = process::environment("MOLECULE_WORKSPACE_ID").value_or("");
  if (text.empty())
    throw bad_request("no_workspace",
                      "say which workspace to join: --workspace ID, or MOLECULE_WORKSPACE_ID");
  const auto id = WorkspaceId::parse(text);
  if (!id) throw bad_request("invalid_workspace_id", fmt::format("{} is no workspace id", text));
  return *id;
}

// One line, as any shell hands it over: some of them end it with a carriage return.
Secret token_on_stdin() {
  std::string line;
  std::getline(std::cin, line);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0)
    line.pop_back();
  if (line.empty())
    throw bad_request("no_token",
                      "there is no token on standard input: --token-stdin reads one line");
  return Secret(std::move(line));
}

// The one given counts and is kept once the platform has taken it.
Secret token_of(const Belongings& belongings, Secret given_on_stdin) {
  if (!given_on_stdin.empty()) return given_on_stdin;
  if (auto given = process::environment("MOLECULE_WORKSPACE_TOKEN"))
    return Secret(std::move(*given));
  if (auto kept = belongings.token()) return std::move(*kept);
  throw Fault(
      Kind::forbidden, "no_token",
      fmt::format(
          "there is no token for this workspace: set MOLECULE_WORKSPACE_TOKEN or use "
          "--token-stdin (the canvas shows a token when the workspace is made); it is kept in {}",
          belongings.directory().string()));
}

struct Place {
  std::string address;
  std::uint16_t port = 0;
};

Place door_of(const std::string& text) {
  if (text.empty()) return {"127.0.0.1", 0};
  const std::size_t colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  const std::string address = colon == std::string::npos ? "127.0.0.1" : text.substr(0, colon);
  const auto parsed = net::Address::parse(address);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoi(port) > 65535)
    throw bad_request("invalid_door", fmt::format("{} is no ADDRESS:PORT", text));
  if (!parsed || parsed->range() != net::Range::loopback)
    throw bad_request("invalid_door",
                      "the door opens on a loopback address only: whoever reaches it speaks to the "
                      "platform as from here");
  return {address, static_cast<std::uint16_t>(std::stoi(port))};
}

// All that runs, as locals in the order in which they need each other.
io::Task<void> joined(const Options& options, WorkspaceId workspace, Secret token,
                      Belongings& belongings, const io::Clock& clock, io::Random& random,
                      io::Stop& stop) {
  io::Context here = co_await io::context();
  io::Loop& loop = *here.loop;
  metrics::Registry registry;
  net::SystemResolver resolver(clock);
  net::DialSettings outwards;
  outwards.dev = true;  // The user names the platform, wherever it is.
  outwards.tls.ca_file = options.ca_file;
  net::Dialer dialer(outwards, resolver, registry);

  const Place place = door_of(options.door);
  Membership membership;
  membership.platform = net::Url::parse(options.platform);
  membership.workspace = workspace;
  membership.token = token_of(belongings, std::move(token));
  membership.platform_fingerprint = belongings.fingerprint();
  membership.key = belongings.key();
  if (!options.agent.empty()) membership.agent_url = net::Url::parse(options.agent).text();

  Agent* agent = nullptr;
  Connection connection(
      dialer, std::move(membership), clock, random, registry,
      [&agent](std::unique_ptr<net::Stream> stream) { return agent->serve(std::move(stream)); },
      [&belongings](const std::string& fingerprint) { belongings.keep_fingerprint(fingerprint); });
  Door door(loop, place.address, place.port, connection);
  client::Platform asked(connection.membership().platform.text(), connection, clock, random);
  client::Credential self(workspace, connection.membership().token);

  std::optional<Enclosures> enclosures;
  std::unique_ptr<HttpAgent> listening;
  std::unique_ptr<CommandAgent> commanded;
  if (!options.agent.empty()) {
    listening = std::make_unique<HttpAgent>(dialer, net::Url::parse(options.agent), registry);
    agent = listening.get();
  } else {
    Command command;
    command.arguments = {"/bin/sh", "-c", options.command};
    command.at_once = static_cast<std::size_t>(options.jobs);
    command.limit = std::chrono::seconds(options.limit);
    command.environment = {
        {"MOLECULE_PLATFORM_URL", door.url()},
        {"MOLECULE_WORKSPACE_ID", workspace.text()},
        {"MOLECULE_WORKSPACE_TOKEN", std::string(connection.membership().token.reveal())}};
    enclosures.emplace(asked, self, belongings.directory() / "files", random);
    commanded = std::make_unique<CommandAgent>(loop, std::move(command), options.name, &*enclosures,
                                               clock, random, registry);
    agent = commanded.get();
  }
  Attendance attendance(connection, asked, self, *agent, options.name);

  std::exception_ptr over;
  io::Scope running(loop, [&](std::string_view, std::exception_ptr failure) {
    if (over) return;
    over = failure;
    stop.request();
  });
  running.spawn("connection", connection.run());
  running.spawn("attendance", attendance.run());
  running.spawn("door", door.run());
  std::cout << "door " << door.url() << std::endl;
  auto keep_token = [](Connection& of, Belongings& in) -> io::Task<void> {
    while (of.sessions() == 0) co_await of.begun().wait(1h);
    in.keep_token(of.membership().token);
  };
  running.spawn("token", keep_token(connection, belongings));
  co_await stop.requested();
  const std::exception_ptr why = over;
  if (!why) {
    log::info("leaving");
    co_await connection.leave();
  }
  running.cancel();
  co_await running.join();
  if (commanded) co_await commanded->stop();
  if (why) std::rethrow_exception(why);
}

}  // namespace

void run(const Options& options, const io::Clock& clock, io::Random& random) {
  if (options.agent.empty() == options.command.empty())
    throw bad_request(
        "no_agent", "say what to join: --agent URL of an A2A server here, or --command 'program'");
  Options at = options;
  const std::filesystem::path state =
      options.state.empty() ? Belongings::default_state() : std::filesystem::path(options.state);
  if (at.platform == "-" && !std::getline(std::cin, at.platform))
    throw bad_request("ticket_invalid", "there is no ticket on standard input");
  if (at.platform.starts_with(tickets::ticket_prefix)) {
    const Joinable found = redeem(at.platform, state, options.name, options.ca_file, clock, random);
    at.platform = found.platform_url;
    at.workspace = found.workspace.text();
  }
  Secret token = at.token_on_stdin ? token_on_stdin() : Secret();
  // Until here a signal ends it at once.
  io::hold_stop_signals();
  const WorkspaceId workspace = workspace_of(at);
  Belongings belongings(state, workspace);
  io::Loop loop;
  io::Stop stop(loop);
  io::Reload reload(loop);
  const io::StopOnSignals signals(stop, reload);
  io::run(loop, joined(at, workspace, std::move(token), belongings, clock, random, stop));
}

}  // namespace molecule::join
