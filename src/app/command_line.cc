#include "app/command_line.h"

#include <algorithm>
#include <iostream>

#include <unistd.h>

#include "app/backup.h"
#include "app/banner.h"
#include "app/canvas_assets.h"
#include "app/client_verbs.h"
#include "app/config.h"
#include "app/nearest.h"
#include "app/reference.h"
#include "app/serve.h"
#include "app/stderr_log.h"
#include "app/system.h"
#include "app/verbs.h"
#include "app/word_order.h"
#include "base/fault.h"
#include "join/join.h"
#include "manage/manage.h"
#include "mcp/doctor.h"
#include "mcp/mcp.h"
#include "platform/io/clock.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/log/stream.h"
#include "platform/process/environment.h"

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
    case Kind::gone:
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

// How this process speaks on standard error.
log::Format log_format(const Config& config) {
  const std::string& chosen = config.text("log-format");
  const bool text = chosen == "text" || (chosen == "auto" && process::is_terminal(STDERR_FILENO));
  if (!text) return log::Format::json;
  return process::shows_colours(STDERR_FILENO) ? log::Format::coloured : log::Format::text;
}

void tell_ready(const Config& config, const Ready& ready, log::Format format, Instant now) {
  Told told;
  told.url = ready.at.url;
  told.public_url = ready.at.public_url;
  told.claim_url = ready.claim_url;
  told.data = config.text("data");
  told.dev = config.flag("dev");
  told.demo = config.flag("demo");
  told.postgres = !config.text("database-url").empty();
  const Colours colours = format == log::Format::coloured ? Colours::yes : Colours::no;
  std::cerr << (format == log::Format::json ? ready_line(told, now) : banner(told, colours))
            << std::flush;
  std::cout << "ready " << ready.at.url << std::endl;
}

// While it lives, what is logged goes to `lines`.
class Speaking {
 public:
  Speaking(const Config& config, log::Sink& lines, log::Format format) {
    log::start(*enum_from<log::Level>(config.text("log-level")), &lines);
    log::set_format(format);
  }
  ~Speaking() { log::stop(); }
  Speaking(const Speaking&) = delete;
  Speaking& operator=(const Speaking&) = delete;
};

void run_serve(const Arguments& arguments) {
  Config config = Config::load(arguments.flags, arguments.file);
  const log::Format format = log_format(config);
  // Whoever reads the log may stop reading; the platform does not wait for it.
  log::Stream lines(STDERR_FILENO);
  Speaking speaking(config, lines, format);
  io::SystemClock clock;
  io::SystemRandom random;
  serve(config, {clock, random},
        [&](const Ready& ready) { tell_ready(config, ready, format, clock.now()); });
}

void run_join(const Arguments& arguments) {
  const StderrLog heard;
  io::SystemClock clock;
  io::SystemRandom random;
  join::run(arguments.join, clock, random);
}

int serve_mcp(const Arguments& arguments) {
  // Its client reads standard error as it is, if anybody does.
  log::Stream lines(STDERR_FILENO);
  const bool verbose = process::environment("MOLECULE_MCP_VERBOSE").has_value();
  log::start(verbose ? log::Level::info : log::Level::warn, &lines);
  log::set_format(log::Format::text);
  struct Stopped {
    ~Stopped() { log::stop(); }
  } const stopped;
  io::SystemClock clock;
  io::SystemRandom random;
  if (arguments.manage) return manage::run(clock, random);
  return arguments.channel ? mcp::run_channel(clock, random) : mcp::run(clock, random);
}

int examine_mcp() {
  io::SystemClock clock;
  io::SystemRandom random;
  return mcp::examine(std::cout, process::shows_colours(STDOUT_FILENO), clock, random) ? done
                                                                                       : failed;
}

// A verb that ends with a status of its own.
void add_mcp_verb(CLI::App& cli, Arguments& arguments) {
  CLI::App* verb =
      cli.add_subcommand("mcp", "Be a workspace for a client of the Model Context Protocol");
  verb->footer(
      "Speaks MCP over standard input and output; a client such as Claude Code starts it. What it\n"
      "needs comes from the environment: PLATFORM_URL, WORKSPACE_ID and MOLECULE_WORKSPACE_TOKEN\n"
      "(or MOLECULE_WORKSPACE_TOKEN_FILE). Called as molecule-mcp it is the same.\n"
      "Exit status: 2 the environment says too little, 3 the platform refuses the token.\n"
      "\nExamples:\n"
      "  molecule mcp doctor\n"
      "  claude mcp add molecule -s user -e PLATFORM_URL=URL -e WORKSPACE_ID=ID \\\n"
      "    -e MOLECULE_WORKSPACE_TOKEN=TOKEN -- molecule mcp");
  verb->add_flag("--channel", arguments.channel,
                 "Show every message to a session of Claude Code as a turn, as its plugin does; "
                 "set up in ~/.claude/channels/molecule/.env (or MOLECULE_STATE_DIR)");
  verb->add_flag("--manage", arguments.manage,
                 "Be the server of an operator's assistant instead: MOLECULE_API_URL and "
                 "MOLECULE_API_KEY (or ADMIN_TOKEN). Called as molecule-mcp-server it is this")
      ->excludes("--channel");
  CLI::App* doctor =
      verb->add_subcommand("doctor", "Look at the environment, the platform and the token");
  doctor->footer(
      "Takes the same environment as molecule mcp. Exit status: 1 when something is wrong.\n"
      "\nExample:\n"
      "  PLATFORM_URL=http://127.0.0.1:8080 WORKSPACE_ID=ID MOLECULE_WORKSPACE_TOKEN_FILE=token \\\n"
      "    molecule mcp doctor");
  doctor->callback([&arguments] { arguments.status = examine_mcp(); });
  verb->callback([&arguments, verb] {
    if (verb->get_subcommands().empty()) arguments.status = serve_mcp(arguments);
  });
}

void add_backup_directory(CLI::App& verb, Arguments& arguments) {
  verb.add_option("directory", arguments.admin.directory, "The backup")
      ->required()
      ->type_name("BACKUP");
  add_output(verb, arguments.admin.output);
}

void run_admin(const Arguments& arguments,
               void (*verb)(const Config& config, const AdminOptions& options)) {
  Config config = Config::load(arguments.flags, arguments.file);
  log::start(log::Level::warn);
  verb(config, arguments.admin);
}

void run_config_show(const Arguments& arguments) {
  Config config = Config::load(arguments.flags, arguments.file);
  std::string rows;
  for (const Setting& setting : settings) {
    const auto& value = config.value(setting.name);
    std::string shown = value.text;
    if (setting.form == Setting::Form::secret && !shown.empty()) shown = "(set)";
    std::optional<std::string> range;
    if (setting.form == Setting::Form::number) range = range_text(setting);
    if (arguments.output == "json") {
      if (!rows.empty()) rows += ',';
      rows += json::Object{}
                  .add("name", setting.name)
                  .add("value", shown)
                  .add("origin", origin_text(value.origin))
                  .add_some("range", range)
                  .text();
    } else {
      rows += fmt::format("{:<26}{:<36}{}{}\n", setting.name, shown, origin_text(value.origin),
                          range ? fmt::format("  ({})", *range) : "");
    }
  }
  if (arguments.output == "json") {
    std::cout << "[" << rows << "]\n";
  } else {
    std::cout << rows;
  }
}

// The verbs; what was parsed goes to `arguments` and the chosen one runs at once.
void add_verbs(CLI::App& cli, Arguments& arguments) {
  cli.set_version_flag("--version", version_text());
  cli.require_subcommand(1);
  cli.footer(
      "Examples:\n"
      "  molecule serve                    start on 127.0.0.1:8080\n"
      "  molecule admin claim              print a new sign-in link\n"
      "  molecule config show -o json      every setting and where it comes from\n"
      "\n"
      "molecule VERB --help says more. Exit status: 0 done, 1 failed, 2 wrong usage, 3 nobody to "
      "reach, 4 refused.");

  CLI::App* serve_verb = cli.add_subcommand("serve", "Run the platform and its canvas");
  add_settings(*serve_verb, arguments);
  serve_verb->footer(
      "Prints `ready URL` once it answers; SIGTERM stops it. Secrets (ADMIN_TOKEN, DATABASE_URL,\n"
      "SECRETS_ENCRYPTION_KEY) are read from the environment or the config file, never from flags.\n"
      "\nExamples:\n"
      "  molecule serve --listen 127.0.0.1:0 --data ./d    a free port, data in ./d\n"
      "  molecule serve --demo                             with a demo organisation\n"
      "  molecule serve --dial-allow 10.0.0.0/8            agents at inward addresses may be pushed to");
  serve_verb->callback([&] { run_serve(arguments); });

  CLI::App* join_verb =
      cli.add_subcommand("join", "Connect an agent of this machine to a platform");
  join::Options& join = arguments.join;
  join_verb
      ->add_option(
          "platform", join.platform,
          "A ticket, or where the platform answers; - reads the ticket from standard input")
      ->required()
      ->type_name("TICKET|URL");
  join_verb->add_option("--workspace", join.workspace, "Its workspace (MOLECULE_WORKSPACE_ID)")
      ->type_name("ID");
  join_verb->add_flag("--token-stdin", join.token_on_stdin,
                      "Read its token from standard input, as one line");
  join_verb->add_option("--agent", join.agent, "An A2A server of this machine")->type_name("URL");
  join_verb
      ->add_option(
          "--command", join.command,
          "What sh runs for each message: its text on stdin, its files in $MOLECULE_FILES, "
          "the answer on stdout and in $MOLECULE_ANSWER_FILES")
      ->type_name("COMMAND");
  join_verb->add_option("--jobs", join.jobs, "Commands side by side (default 1)")
      ->check(CLI::Range(1, 64).description(""))
      ->type_name("N");
  join_verb->add_option("--limit", join.limit, "Seconds that a command may take (default 86400)")
      ->check(CLI::Range(1, 604'800).description(""))
      ->type_name("SECONDS");
  join_verb
      ->add_option("--name", join.name,
                   "Name on the card of an agent that shows none (default: its workspace's)")
      ->type_name("NAME");
  join_verb
      ->add_option("--door", join.door,
                   "Loopback address at which the agent reaches the platform (default "
                   "127.0.0.1:0, a free port)")
      ->type_name("ADDRESS:PORT");
  join_verb
      ->add_option(
          "--state", join.state,
          "Where the token and keys are kept (MOLECULE_STATE_DIR; default: XDG state home)")
      ->type_name("DIR");
  join_verb->add_option("--ca", join.ca_file, "Certificates to trust besides the machine's")
      ->type_name("FILE");
  join_verb->footer(
      "One outbound connection is enough: no port is opened to others and no tunnel is needed.\n"
      "The token is read from MOLECULE_WORKSPACE_TOKEN or, with --token-stdin, from standard input the first\n"
      "time and kept, never from a flag.\n"
      "Prints `door URL`: what asks that address asks the platform, over the same connection.\n"
      "\nExamples:\n"
      "  molecule join mjt_... --command 'wc -w'\n"
      "  molecule join https://molecule.example --workspace ID --agent http://127.0.0.1:9000\n"
      "  molecule join https://molecule.example --workspace ID --command 'wc -w'\n"
      "  echo TOKEN | molecule join https://molecule.example --workspace ID --token-stdin --command 'wc -w'");
  join_verb->callback([&] { run_join(arguments); });

  add_runtime_verb(cli, arguments);
  add_mcp_verb(cli, arguments);

  CLI::App* admin_verb = cli.add_subcommand("admin", "Administer a platform of this machine");
  admin_verb->require_subcommand(1);
  admin_verb->footer("molecule admin VERB --help says more.");
  CLI::App* claim_verb = admin_verb->add_subcommand("claim", "Print a new single-use sign-in link");
  add_settings(*claim_verb, arguments, {"data", "listen", "platform-url"});
  add_url(*claim_verb, arguments.admin.url);
  add_output(*claim_verb, arguments.admin.output);
  claim_verb->footer(
      "Works whether the platform runs or not; the link is good once, for 30 minutes.\n"
      "\nExamples:\n"
      "  molecule admin claim --data ./d\n"
      "  molecule admin claim --url https://molecule.example    where platform-url says another");
  claim_verb->callback([&] { run_admin(arguments, print_claim_link); });
  CLI::App* rotate_verb = admin_verb->add_subcommand(
      "rotate-key", "Seal all secrets of the running platform with a new key");
  add_settings(*rotate_verb, arguments, {"data", "tls-cert"});
  add_url(*rotate_verb, arguments.admin.url);
  add_output(*rotate_verb, arguments.admin.output);
  rotate_verb->footer(
      "Asks the running platform, with ADMIN_TOKEN or the admin_token file of the data directory.\n"
      "Back up the key files of the data directory afterwards.\n"
      "\nExample:\n"
      "  molecule admin rotate-key --data ./d -o json");
  rotate_verb->callback([&] { run_admin(arguments, rotate_sealing_key); });

  CLI::App* backup_verb = admin_verb->add_subcommand(
      "backup", "Copy the database and the key files into a new directory");
  add_settings(*backup_verb, arguments, {"data"});
  add_backup_directory(*backup_verb, arguments);
  backup_verb->footer(
      "Works while the platform runs; the copy is of one moment. Whoever has it can open every\n"
      "secret: keep it as safe as the data directory.\n"
      "\nExample:\n"
      "  molecule admin backup /backups/molecule-monday --data ./d");
  backup_verb->callback([&] { run_admin(arguments, back_up); });
  CLI::App* restore_verb =
      admin_verb->add_subcommand("restore", "Put a backup into a data directory that has none");
  add_settings(*restore_verb, arguments, {"data"});
  add_backup_directory(*restore_verb, arguments);
  restore_verb->footer(
      "Overwrites nothing: move what is left of the old platform away first, and stop it.\n"
      "\nExample:\n"
      "  molecule admin restore /backups/molecule-monday --data ./d");
  restore_verb->callback([&] { run_admin(arguments, restore); });

  add_top_verb(cli, arguments);

  CLI::App* config_verb = cli.add_subcommand("config", "Look at the settings");
  config_verb->require_subcommand(1);
  config_verb->footer("molecule config VERB --help says more.");
  CLI::App* show_verb =
      config_verb->add_subcommand("show", "Every setting, its value and where it comes from");
  add_settings(*show_verb, arguments);
  add_output(*show_verb, arguments.output);
  show_verb->footer(
      "A flag wins over the environment, that over the config file, that over the default.\n"
      "\nExample:\n"
      "  RATE_LIMIT=100 molecule config show --data ./d");
  show_verb->callback([&] { run_config_show(arguments); });

  CLI::App* reference_verb =
      cli.add_subcommand("reference", "Write the reference pages into a directory");
  ReferenceFiles& files = arguments.reference;
  reference_verb->add_option("directory", files.directory, "Where to write them")
      ->required()
      ->type_name("DIR");
  reference_verb->add_option("--openapi", files.openapi, "The API as OpenAPI 3.1, into this file")
      ->type_name("FILE");
  reference_verb->add_option("--typescript", files.typescript, "Its types for TypeScript")
      ->type_name("FILE");
  reference_verb->add_option("--python", files.python, "Its types for Python")->type_name("FILE");
  reference_verb->footer(
      "Example:\n  molecule reference docs/reference --typescript web/src/api/wire.ts \\\n"
      "    --python sdk/python/src/molecule_agent/wire_types.py");
  reference_verb->callback([&] { write_reference(files, commands_page()); });

  add_client_verbs(cli, arguments);
}

std::string full_name(const CLI::App& verb) {
  return verb.get_parent() ? full_name(*verb.get_parent()) + " " + verb.get_name()
                           : verb.get_name();
}

std::string help_of(const CLI::App& verb) {
  return verb.help(verb.get_parent() ? full_name(*verb.get_parent()) : std::string());
}

std::vector<const CLI::App*> verbs_of(const CLI::App& verb) {
  return verb.get_subcommands([](const CLI::App*) { return true; });
}

// Where a verb stands that was asked for in the wrong place: `molecule claim`.
std::string verb_elsewhere(const CLI::App& verb, std::string_view name) {
  for (const CLI::App* each : verbs_of(verb)) {
    if (each->get_name() == name) return full_name(*each);
    if (auto below = verb_elsewhere(*each, name); !below.empty()) return below;
  }
  return {};
}

std::string flag_suggestion(const CLI::App& verb, std::string_view typed) {
  typed = typed.substr(0, typed.find('='));
  if (!typed.starts_with("--")) return {};
  typed.remove_prefix(2);
  std::vector<std::string> flags;
  for (const CLI::Option* option : verb.get_options())
    for (const std::string& name : option->get_lnames()) flags.push_back(name);
  return suggestion(typed, flags, "--");
}

// What was typed wrong, and what could be meant.
void explain(const CLI::App& cli, const CLI::ParseError& error) {
  const CLI::App* at = &cli;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  std::string name = full_name(*at);
  const auto typed = at->remaining();
  if (at->get_require_subcommand_min() == 0) {
    // A flag that is not known takes its value along; the flag is what was typed wrong.
    auto flag = std::find_if(typed.begin(), typed.end(),
                             [](const std::string& word) { return word.starts_with('-'); });
    std::string what = error.what();
    if (!typed.empty()) {
      const std::string& word = flag == typed.end() ? typed.front() : *flag;
      what = fmt::format("it takes no {}{}", word, flag_suggestion(*at, word));
    }
    std::cerr << fmt::format("{}: {}\n`{} --help` lists what it takes.\n", name, what, name);
    return;
  }
  if (typed.empty()) {
    std::cerr << help_of(*at);
    return;
  }
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs_of(*at)) names.push_back(verb->get_name());
  std::string verbs;
  for (const std::string& each : names) verbs += (verbs.empty() ? "" : ", ") + each;
  const bool option = typed.front().starts_with('-');
  std::string meant =
      option ? flag_suggestion(*at, typed.front()) : suggestion(typed.front(), names, name + " ");
  if (meant.empty()) {
    if (auto elsewhere = verb_elsewhere(cli, typed.front()); !elsewhere.empty())
      meant = fmt::format("; did you mean {}?", elsewhere);
  }
  std::cerr << fmt::format("{}: {} is not one of its {}: {}{}\n`{} --help` says what they do.\n",
                           name, typed.front(), option ? "options; its verbs are" : "verbs", verbs,
                           meant, name);
}

void add_page_section(std::string& page, const CLI::App& verb) {
  auto verbs = verbs_of(verb);
  if (verbs.empty() || !verb.get_parent() || verb.get_require_subcommand_min() == 0) {
    page += fmt::format("\n## {}\n\n```\n{}```\n", full_name(verb), help_of(verb));
  }
  for (const CLI::App* each : verbs) add_page_section(page, *each);
}

int run_verb(std::vector<std::string> words) {
  CLI::App cli{"The control plane for organisations of AI agents.", "molecule"};
  Arguments arguments;
  add_verbs(cli, arguments);
  try {
    words = in_order(cli, std::move(words));
    std::ranges::reverse(words);  // As the parser takes them.
    cli.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    // Help and the version come this way too.
    if (error.get_exit_code() == 0) {
      cli.exit(error, std::cout, std::cerr);
      return done;
    }
    explain(cli, error);
    return wrong_usage;
  }
  return arguments.status;
}

// What a program is called decides what it is, for clients that are configured with one name.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const std::string_view called = argc > 0 ? std::string_view(argv[0]) : std::string_view();
  const std::string_view name = called.substr(called.rfind('/') + 1);
  if (name == "molecule-mcp-server") {
    words.insert(words.begin(), {"mcp", "--manage"});
    return words;
  }
  // The dashboard, unless a verb is said.
  if (name == "molecli" && words.empty()) return {"top"};
  if (name == "molecule-runtime") {
    words.insert(words.begin(), "runtime");
    return words;
  }
  if (name != "molecule-mcp") return words;
  if (!words.empty() && words.front() == "--doctor") words.front() = "doctor";
  if (!words.empty() && words.front() == "help") words.front() = "--help";
  words.insert(words.begin(), "mcp");
  return words;
}

}  // namespace

std::string commands_page() {
  CLI::App cli{"The control plane for organisations of AI agents.", "molecule"};
  Arguments arguments;
  add_verbs(cli, arguments);
  std::string page =
      "# Commands\n\n<!-- Printed by `molecule reference`; do not edit. -->\n\n"
      "Data goes to standard output, everything else to standard error. Exit status: 0 done, 1 "
      "failed, 2 wrong usage, 3 nobody to reach, 4 refused.\n";
  add_page_section(page, cli);
  return page;
}

int run_command_line(int argc, char** argv) {
  try {
    return run_verb(words_of(argc, argv));
  } catch (const Fault& fault) {
    std::cerr << "molecule: " << fault.text() << "\n";
    return exit_code(fault);
  } catch (const std::exception& problem) {
    std::cerr << "molecule: " << problem.what() << "\n";
    return failed;
  }
}

}  // namespace molecule::app
