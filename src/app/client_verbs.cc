#include "app/client_verbs.h"

#include <sstream>

#include "cli/nouns.h"
#include "cli/run.h"
#include "platform/io/clock.h"
#include "platform/log/log.h"

namespace molecule::app {
namespace {

std::vector<std::string> words_in(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

void add_option(CLI::App& verb, cli::Given& given, const cli::Option& option) {
  const std::string key(option.key());
  const std::string name(option.name);
  const std::string help(option.help);
  if (option.shape.empty()) {
    verb.add_flag_callback(name, [&given, key] { given.add(key, "true"); }, help);
    return;
  }
  CLI::Option* made = nullptr;
  if (option.many) {
    made = verb.add_option_function<std::vector<std::string>>(
        name,
        [&given, key](const std::vector<std::string>& values) {
          for (const std::string& each : values) given.add(key, each);
        },
        help);
    if (!option.is_argument())
      made->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  } else {
    made = verb.add_option_function<std::string>(
        name, [&given, key](const std::string& value) { given.add(key, value); }, help);
  }
  made->type_name(std::string(option.shape))->required(option.required);
  if (option.form == cli::Option::Form::number)
    made->check(CLI::Range(option.least, option.most).description(""));
  if (option.form == cli::Option::Form::words)
    made->check(CLI::IsMember(words_in(option.words)).description(""));
}

void add_options(CLI::App& app, Arguments& arguments, const cli::Verb& verb) {
  for (const cli::Option& each : verb.takes) add_option(app, arguments.given, each);
  if (verb.watches) add_option(app, arguments.given, cli::watch_option);
  if (verb.destroys) add_option(app, arguments.given, cli::yes_option);
  for (const cli::Option& each : cli::output_options) add_option(app, arguments.given, each);
  if (verb.needs_platform) add_platform_options(app, arguments);
}

CLI::App& verb_of(CLI::App& above, const cli::Verb& verb) {
  for (CLI::App* each : above.get_subcommands([](CLI::App*) { return true; }))
    if (each->get_name() == verb.name) return *each;
  return *above.add_subcommand(std::string(verb.name), std::string(verb.does));
}

void add_verb(CLI::App& above, Arguments& arguments, const cli::Verb& verb) {
  CLI::App& app = verb_of(above, verb);
  for (const std::string& alias : words_in(verb.aliases)) app.alias(alias);
  if (!verb.footer.empty()) app.footer(std::string(verb.footer));
  for (const cli::Verb& below : verb.verbs) add_verb(app, arguments, below);
  if (verb.run == nullptr) {
    app.require_subcommand(1);
    if (verb.footer.empty()) app.footer("`--help` of each says more.");
    return;
  }
  add_options(app, arguments, verb);
  app.callback([&arguments, &verb] {
    log::start(log::Level::error);
    io::SystemClock clock;
    io::SystemRandom random;
    arguments.status = cli::run(verb, arguments.given, clock, random);
  });
}

}  // namespace

void add_platform_options(CLI::App& verb, Arguments& arguments) {
  for (const cli::Option& each : cli::platform_options) add_option(verb, arguments.given, each);
}

void add_client_verbs(CLI::App& cli, Arguments& arguments) {
  for (const cli::Verb& noun : cli::nouns()) add_verb(cli, arguments, noun);
}

}  // namespace molecule::app
