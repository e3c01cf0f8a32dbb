#include <iostream>

#include "app/stderr_log.h"
#include "app/verbs.h"
#include "platform/io/clock.h"

namespace molecule::app {
namespace {

void run_runtime(Arguments& arguments) {
  const StderrLog heard;
  io::SystemClock clock;
  io::SystemRandom random;
  arguments.status = agent::run(arguments.runtime, clock, random);
}

void add_directory(CLI::App& verb, Arguments& arguments) {
  verb.add_option("--config", arguments.runtime.config,
                  "Directory with config.yaml, prompts and skills [WORKSPACE_CONFIG_PATH] (default "
                  "/configs)")
      ->type_name("DIR");
}

}  // namespace

void add_runtime_verb(CLI::App& cli, Arguments& arguments) {
  CLI::App* verb =
      cli.add_subcommand("runtime", "Be one workspace's agent, as its configuration says");
  add_directory(*verb, arguments);
  verb->add_flag("--smoke", arguments.runtime.smoke,
                 "One turn without a platform, to see whether all is there [MOLECULE_SMOKE_MODE]");
  verb->footer(
      "Drives the agent program that config.yaml names, over one outbound connection to the platform\n"
      "(PLATFORM_URL, WORKSPACE_ID; the token is in .auth_token of the directory). Keys come from the\n"
      "workspace's secrets. SIGHUP reads the directory again. Called as molecule-runtime it is the same.\n"
      "Exit status: 0 stopped, 2 the configuration cannot work, 4 the platform refuses it, 5 another\n"
      "runtime is at work in the directory.\n"
      "\nExamples:\n"
      "  molecule runtime --config ./pm\n"
      "  molecule runtime --config ./pm --smoke\n"
      "  molecule runtime config show --config ./pm");
  CLI::App* config = verb->add_subcommand("config", "Look at its configuration");
  config->require_subcommand(1);
  config->footer("molecule runtime config VERB --help says more.");
  CLI::App* show = config->add_subcommand("show", "Every value and where it comes from");
  add_directory(*show, arguments);
  add_output(*show, arguments.output);
  show->footer("Example:\n  MODEL=opus molecule runtime config show --config ./pm -o json");
  show->callback([&arguments] {
    agent::show_config(std::cout, arguments.runtime, arguments.output == "json");
  });
  verb->callback([&arguments, verb] {
    if (verb->get_subcommands().empty()) run_runtime(arguments);
  });
}

}  // namespace molecule::app
