#include <unistd.h>

#include "app/client_verbs.h"
#include "cli/target.h"
#include "platform/io/clock.h"
#include "platform/process/environment.h"
#include "tui/top.h"

namespace molecule::app {
namespace {

void run_top(const Arguments& arguments) {
  const cli::Given given = arguments.given;
  cli::Target target = cli::find_target(given);
  // A profile or a data directory may have another token by the time this one is refused. What the
  // words mean by then may be another platform, too: its token is not for the one that is asked.
  auto again = [given, url = target.url]() -> std::optional<Secret> {
    cli::Target now = cli::find_target(given);
    if (now.url != url) return std::nullopt;
    return std::move(now.token);
  };
  auto look = target.look();
  tui::Options options{.url = std::move(target.url),
                       .ca_file = std::move(target.ca_file),
                       .as = client::Credential(WorkspaceId(), std::move(target.token), again),
                       .look = std::move(look),
                       .mouse = arguments.mouse,
                       .colours = process::shows_colours(STDOUT_FILENO)};
  io::SystemClock clock;
  io::SystemRandom random;
  tui::run(std::move(options), clock, random);
}

}  // namespace

void add_top_verb(CLI::App& cli, Arguments& arguments) {
  CLI::App* verb = cli.add_subcommand("top", "Watch and steer the organisation in a terminal");
  add_platform_options(*verb, arguments);
  verb->add_flag("--mouse", arguments.mouse,
                 "Take clicks and the wheel; the terminal's own selection then needs Shift");
  verb->footer(
      "Shows agents, events, delegations and health, live; ? says which keys there are, q quits.\n"
      "\nExamples:\n"
      "  molecule top --data ./d\n"
      "  molecule top --profile work");
  verb->callback([&arguments] { run_top(arguments); });
}

}  // namespace molecule::app
