#include "app/client_verbs.h"

#include <algorithm>
#include <sstream>

#include "app/system.h"
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

void add_option(CLI::App& verb, Arguments& arguments, const cli::Option& option) {
  cli::Given& given = arguments.given;
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
  arguments.known[made] = &option;
  if (option.form == cli::Option::Form::number)
    made->check(CLI::Range(option.least, option.most).description(""));
  if (option.form == cli::Option::Form::words)
    made->check(CLI::IsMember(words_in(option.words)).description(""));
}

void add_options(CLI::App& app, Arguments& arguments, const cli::Verb& verb) {
  for (const cli::Option& each : verb.takes) add_option(app, arguments, each);
  if (verb.watches) add_option(app, arguments, cli::watch_option);
  if (verb.destroys) add_option(app, arguments, cli::yes_option);
  for (const cli::Option& each : cli::output_options) add_option(app, arguments, each);
  if (verb.needs_platform) add_platform_options(app, arguments);
}

// The words of a value whose shape names them: "table|json|yaml".
std::vector<std::string> words_of_shape(const std::string& shape) {
  const bool words = shape.find('|') != shape.npos && std::ranges::all_of(shape, [](char c) {
                       return c == '|' || (c >= 'a' && c <= 'z');
                     });
  std::string parted = shape;
  std::ranges::replace(parted, '|', ' ');
  return words ? words_in(parted) : std::vector<std::string>();
}

cli::Words::Choice choice_of(const CLI::Option& option, const Arguments& arguments) {
  cli::Words::Choice choice;
  for (const std::string& name : option.get_snames()) choice.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) choice.names.push_back("--" + name);
  choice.does = option.get_description();
  choice.takes_value = option.get_items_expected_max() > 0;
  const auto known = arguments.known.find(&option);
  if (known != arguments.known.end()) {
    choice.kind = known->second->names;
    choice.values = words_in(known->second->words);
    return choice;
  }
  const std::string shape = option.get_type_name();
  choice.values = words_of_shape(shape);
  if (shape == "FILE" || shape == "DIR" || shape == "BACKUP")
    choice.kind = cli::Option::Names::files;
  return choice;
}

// All that may be typed, for completions.
cli::Words words_of(const CLI::App& app, const Arguments& arguments) {
  cli::Words words;
  words.name = app.get_name();
  words.aliases = app.get_aliases();
  words.does = app.get_description();
  for (const CLI::Option* each : app.get_options())
    words.choices.push_back(choice_of(*each, arguments));
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; }))
    words.below.push_back(words_of(*each, arguments));
  return words;
}

CLI::App& verb_of(CLI::App& above, const cli::Verb& verb) {
  for (CLI::App* each : above.get_subcommands([](CLI::App*) { return true; }))
    if (each->get_name() == verb.name) return *each;
  CLI::App* made = above.add_subcommand(std::string(verb.name), std::string(verb.does));
  if (above.get_parent() == nullptr) made->group("At a running platform");
  return *made;
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
  if (!verb.passes_on.empty()) app.prefix_command();
  const CLI::App& root = *arguments.root;
  app.callback([&arguments, &verb, &root, &app] {
    std::vector<std::string> rest = app.remaining();
    // Not the first of them: an option that there is none of is a mistake.
    const bool marked = !rest.empty() && rest.front() == "--";
    if (marked) rest.erase(rest.begin());
    if (!marked && !rest.empty() && rest.front().starts_with('-'))
      throw CLI::ExtrasError(app.get_name(), rest);
    for (const std::string& each : rest) arguments.given.add(verb.passes_on, each);
    log::start(log::Level::error);
    io::SystemClock clock;
    io::SystemRandom random;
    cli::Program program;
    program.version = version;
    program.words = [&root, &arguments] { return words_of(root, arguments); };
    arguments.status = cli::run(verb, arguments.given, program, clock, random);
  });
}

}  // namespace

void add_platform_options(CLI::App& verb, Arguments& arguments) {
  for (const cli::Option& each : cli::platform_options) add_option(verb, arguments, each);
}

void add_client_verbs(CLI::App& cli, Arguments& arguments) {
  arguments.root = &cli;
  for (const cli::Verb& noun : cli::nouns()) add_verb(cli, arguments, noun);
}

}  // namespace molecule::app
