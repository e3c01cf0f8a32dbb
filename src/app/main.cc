// molecule: one executable, many verbs.
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>

#include "app/admin.h"
#include "app/canvas_assets.h"
#include "app/config.h"
#include "app/reference.h"
#include "app/serve.h"
#include "app/system.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/process/environment.h"
#include "server/auth/sessions.h"

namespace molecule::app {
namespace {

// Exit codes that scripts rely on.
constexpr int done = 0;
constexpr int failed = 1;
constexpr int wrong_usage = 2;
constexpr int not_reachable = 3;
constexpr int refused = 4;

int exit_code(const Fault& fault) {
  switch (fault.kind()) {
    case Kind::bad_request: return wrong_usage;
    case Kind::conflict:
    case Kind::forbidden:
    case Kind::unauthenticated: return refused;
    case Kind::bad_gateway:
    case Kind::unavailable: return not_reachable;
    default: return failed;
  }
}

std::string version_text() {
  return fmt::format("molecule {} (canvas {} KiB, SQLite and PostgreSQL stores)", version,
                     canvas_size() / 1024);
}

struct Arguments {
  std::map<std::string, std::string> flags;
  std::optional<std::string> file;
  std::string output;
  std::string directory;
  AdminOptions admin;
};

// Adds the flags of every setting that may stand on a command line; secrets may not.
void add_settings(CLI::App& verb, Arguments& arguments) {
  for (const Setting& setting : settings) {
    if (setting.form == Setting::Form::secret) continue;
    std::string name(setting.name);
    std::string help(setting.help);
    if (!setting.environment.empty()) help += fmt::format(" [{}]", setting.environment);
    if (setting.form == Setting::Form::flag) {
      verb.add_flag_callback(
          "--" + name, [&arguments, name] { arguments.flags[name] = "true"; }, help);
    } else if (setting.form == Setting::Form::list) {
      verb.add_option_function<std::vector<std::string>>(
          "--" + name,
          [&arguments, name](const std::vector<std::string>& items) {
            auto& all = arguments.flags[name];
            for (const auto& item : items) all += (all.empty() ? "" : ",") + item;
          },
          help);
    } else {
      verb.add_option_function<std::string>(
          "--" + name,
          [&arguments, name](const std::string& value) { arguments.flags[name] = value; }, help);
    }
  }
  verb.add_option_function<std::string>(
      "--config", [&arguments](const std::string& path) { arguments.file = path; },
      "Config file with key = value lines (default: molecule.conf in the data directory)");
}

int run_serve(const Arguments& arguments) {
  Config config = Config::load(arguments.flags, arguments.file);
  auto level = enum_from<log::Level>(config.text("log-level"));
  if (!level) throw bad_request("invalid_config", "log-level: expected debug, info, warn or error");
  log::start(*level);
  io::SystemClock clock;
  io::SystemRandom random;
  serve(config, {clock, random}, [&](const Ready& ready) {
    if (config.flag("dev")) {
      std::cerr
          << "\n  DEV PROFILE: every request from this machine may do everything, without a credential.\n"
             "  Never use it with real data.\n\n";
    }
    if (!ready.claim_url.empty()) {
      std::cerr
          << "\n  Open this link in a browser to sign in as the first admin (once, within 30 minutes):\n\n    "
          << ready.claim_url << "\n\n  Another link: molecule admin claim --data "
          << config.text("data") << "\n\n";
    }
    std::cout << "ready " << ready.url << std::endl;
  });
  return done;
}

void add_admin_options(CLI::App& verb, Arguments& arguments) {
  add_settings(verb, arguments);
  verb.add_option("--url", arguments.admin.url,
                  "Where the platform answers (default: where the one that runs on --data says)");
  verb.add_option("-o,--output", arguments.admin.output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
}

void run_admin(const Arguments& arguments,
               void (*verb)(const Config& config, const AdminOptions& options)) {
  Config config = Config::load(arguments.flags, arguments.file);
  log::start(log::Level::warn);
  verb(config, arguments.admin);
}

int run_config_show(const Arguments& arguments) {
  Config config = Config::load(arguments.flags, arguments.file);
  std::string rows;
  for (const Setting& setting : settings) {
    const auto& value = config.value(setting.name);
    std::string shown = value.text;
    if (setting.form == Setting::Form::secret && !shown.empty()) shown = "(set)";
    if (arguments.output == "json") {
      if (!rows.empty()) rows += ',';
      rows += json::Object{}
                  .add("name", setting.name)
                  .add("value", shown)
                  .add("origin", origin_text(value.origin))
                  .text();
    } else {
      rows += fmt::format("{:<26}{:<36}{}\n", setting.name, shown, origin_text(value.origin));
    }
  }
  if (arguments.output == "json") {
    std::cout << "[" << rows << "]\n";
  } else {
    std::cout << rows;
  }
  return done;
}

int run(int argc, char** argv) {
  CLI::App cli{"The control plane for organisations of AI agents.", "molecule"};
  cli.set_version_flag("--version", version_text());
  cli.require_subcommand(1);
  cli.footer(
      "Examples:\n  molecule serve                                  start on 127.0.0.1:8080\n"
      "  molecule serve --listen 127.0.0.1:0 --data ./d  start on a free port\n"
      "  molecule admin claim --data ./d                 print a new sign-in link\n"
      "  molecule config show -o json                    every setting and where it comes from");
  Arguments arguments;
  int code = done;

  CLI::App* serve_verb = cli.add_subcommand("serve", "Run the platform and its canvas");
  add_settings(*serve_verb, arguments);
  serve_verb->callback([&] { code = run_serve(arguments); });

  CLI::App* admin_verb = cli.add_subcommand("admin", "Administer a data directory");
  admin_verb->require_subcommand(1);
  CLI::App* claim_verb = admin_verb->add_subcommand("claim", "Print a new single-use sign-in link");
  add_admin_options(*claim_verb, arguments);
  claim_verb->callback([&] { run_admin(arguments, print_claim_link); });
  CLI::App* rotate_verb = admin_verb->add_subcommand(
      "rotate-key", "Seal all secrets of the running platform with a new key");
  add_admin_options(*rotate_verb, arguments);
  rotate_verb->callback([&] { run_admin(arguments, rotate_sealing_key); });

  CLI::App* config_verb = cli.add_subcommand("config", "Look at the settings");
  config_verb->require_subcommand(1);
  CLI::App* show_verb =
      config_verb->add_subcommand("show", "Every setting, its value and where it comes from");
  add_settings(*show_verb, arguments);
  show_verb->add_option("-o,--output", arguments.output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  show_verb->callback([&] { code = run_config_show(arguments); });

  CLI::App* reference_verb =
      cli.add_subcommand("reference", "Write the reference pages into a directory");
  reference_verb->add_option("directory", arguments.directory, "Where to write them")->required();
  reference_verb->callback([&] { write_reference(arguments.directory); });

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int parsed = cli.exit(error, std::cout, std::cerr);
    return parsed == 0 ? done : wrong_usage;
  }
  return code;
}

}  // namespace
}  // namespace molecule::app

// Read by jemalloc before main(): as many arenas as a small machine has threads that allocate, and
// freed pages back to the system within a second or so.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

int main(int argc, char** argv) {
  try {
    return molecule::app::run(argc, argv);
  } catch (const molecule::Fault& fault) {
    std::fprintf(stderr, "molecule: %s\n", fault.text().c_str());
    return molecule::app::exit_code(fault);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "molecule: %s\n", problem.what());
    return molecule::app::failed;
  }
}
