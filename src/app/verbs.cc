#include "app/verbs.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/config.h"

namespace molecule::app {
namespace {

void add_setting(CLI::App& verb, Arguments& arguments, const Setting& setting) {
  std::string name(setting.name);
  std::string help(setting.help);
  bool flag = setting.form == Setting::Form::flag;
  if (std::string range = range_text(setting); !range.empty()) help += fmt::format(", {}", range);
  if (!flag && !setting.fallback.empty()) help += fmt::format(" (default {})", setting.fallback);
  if (!setting.environment.empty()) help += fmt::format(" [{}]", setting.environment);
  if (flag) {
    verb.add_flag_callback(
        "--" + name, [&arguments, name] { arguments.flags[name] = "true"; }, help);
    return;
  }
  std::string shape(setting.shape);
  if (setting.is_list()) {
    verb.add_option_function<std::vector<std::string>>(
            "--" + name,
            [&arguments, name](const std::vector<std::string>& items) {
              auto& all = arguments.flags[name];
              for (const auto& item : items) all += (all.empty() ? "" : ",") + item;
            },
            help)
        ->type_name(shape);
    return;
  }
  verb.add_option_function<std::string>(
          "--" + name,
          [&arguments, name](const std::string& value) { arguments.flags[name] = value; }, help)
      ->type_name(shape);
}

}  // namespace

void add_settings(CLI::App& verb, Arguments& arguments,
                  std::initializer_list<std::string_view> only) {
  for (const Setting& setting : settings) {
    if (setting.form == Setting::Form::secret) continue;
    bool named = std::find(only.begin(), only.end(), setting.name) != only.end();
    if (only.size() == 0 || named) add_setting(verb, arguments, setting);
  }
  verb.add_option_function<std::string>(
          "--config", [&arguments](const std::string& path) { arguments.file = path; },
          "Config file with key = value lines (default: molecule.conf in the data directory)")
      ->type_name("FILE");
}

void add_output(CLI::App& verb, std::string& output) {
  verb.add_option("-o,--output", output, "json for programs (default text)")
      ->check(CLI::IsMember({"text", "json"}).description(""))
      ->type_name("text|json");
}

void add_url(CLI::App& verb, std::string& url) {
  verb.add_option("--url", url,
                  "Where the platform answers (default: where the one that runs on --data says)")
      ->type_name("URL");
}

}  // namespace molecule::app
