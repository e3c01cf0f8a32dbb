#include "app/config.h"

#include <algorithm>
#include <charconv>

#include "app/config_check.h"
#include "app/nearest.h"
#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/process/environment.h"

namespace molecule::app {
namespace {

const Setting* find_setting(std::string_view name) {
  auto found = std::find_if(settings.begin(), settings.end(),
                            [&](const Setting& s) { return s.name == name; });
  return found == settings.end() ? nullptr : &*found;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return std::string(text);
}

// Strictly: digits, and nothing before or behind them.
std::optional<long long> whole_number(std::string_view text) {
  long long value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view origin_text(Origin origin) {
  switch (origin) {
    case Origin::flag: return "flag";
    case Origin::environment: return "environment";
    case Origin::file: return "file";
    case Origin::fallback: return "default";
  }
  return "default";
}

std::map<std::string, std::string> parse_config_file(std::string_view text,
                                                     std::vector<std::string>& errors) {
  std::map<std::string, std::string> values;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    std::size_t end = text.find('\n');
    std::string line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    std::size_t equals = line.find('=');
    std::string key = trimmed(std::string_view(line).substr(0, equals));
    if (equals == std::string::npos) {
      errors.push_back(fmt::format("config file line {}: expected key = value", number));
    } else if (!find_setting(key)) {
      std::vector<std::string> names;
      for (const Setting& setting : settings) names.emplace_back(setting.name);
      errors.push_back(fmt::format("config file line {}: unknown key {}{}", number, key,
                                   suggestion(key, names)));
    } else {
      values[key] = trimmed(std::string_view(line).substr(equals + 1));
    }
  }
  return values;
}

Config Config::load(const std::map<std::string, std::string>& flags,
                    const std::optional<std::string>& file) {
  Config config;
  std::vector<std::string> errors;
  for (const Setting& setting : settings) {
    config.values_[std::string(setting.name)] = {std::string(setting.fallback), Origin::fallback};
  }
  auto from_environment = [&](const Setting& setting) -> std::optional<std::string> {
    if (setting.environment.empty()) return std::nullopt;
    return process::environment(std::string(setting.environment).c_str());
  };
  auto data_flag = flags.find("data");
  std::string data =
      data_flag != flags.end() ? data_flag->second : process::default_data_directory().string();
  std::optional<std::string> text;
  if (file) {
    text = files::read_to_end(*file);
    if (!text) errors.push_back(fmt::format("{} does not exist", *file));
  } else {
    text = files::read(std::filesystem::path(data) / "molecule.conf");
  }
  if (text) {
    for (auto& [key, value] : parse_config_file(*text, errors))
      config.values_[key] = {value, Origin::file};
  }
  for (const Setting& setting : settings) {
    auto& value = config.values_[std::string(setting.name)];
    if (auto found = from_environment(setting)) value = {*found, Origin::environment};
    if (auto found = flags.find(std::string(setting.name)); found != flags.end())
      value = {found->second, Origin::flag};
  }
  // PORT alone moves the port of the default address, as such services expect.
  auto& listen = config.values_["listen"];
  if (listen.origin == Origin::fallback) {
    if (auto port = process::environment("PORT"))
      listen = {"127.0.0.1:" + *port, Origin::environment};
  }
  auto& dir = config.values_["data"];
  if (dir.text.empty()) dir.text = data;
  auto& dev = config.values_["dev"];
  if (dev.origin == Origin::fallback && config.text("admin-token").empty()) {
    auto profile = process::environment("MOLECULE_ENV");
    if (profile == "development" || profile == "dev") dev = {"true", Origin::environment};
  }
  // Kept in a file it would hide every later loss.
  if (config.values_["begin-anew"].origin == Origin::file)
    errors.emplace_back(
        "begin-anew: is for one start, so it is given as the flag --begin-anew alone");
  for (const Setting& setting : settings) {
    auto wrong = what_is_wrong(setting, config.text(setting.name));
    if (wrong) errors.push_back(fmt::format("{}: {}", setting.name, *wrong));
  }
  if (!errors.empty()) {
    std::string all;
    for (const auto& error : errors) all.append(all.empty() ? "" : "\n").append(error);
    throw bad_request("invalid_config", all);
  }
  return config;
}

const Config::Value& Config::value(std::string_view name) const {
  auto found = values_.find(name);
  if (found == values_.end()) throw internal(fmt::format("no setting is called {}", name));
  return found->second;
}

long long Config::number(std::string_view name) const {
  const std::string& text = value(name).text;
  auto parsed = whole_number(text);
  if (!parsed) throw internal(fmt::format("{} is no number", name));
  return *parsed;
}

std::vector<std::string> Config::list(std::string_view name) const {
  std::vector<std::string> items;
  std::string_view rest = value(name).text;
  while (!rest.empty()) {
    std::size_t comma = rest.find(',');
    std::string item = trimmed(rest.substr(0, comma));
    if (!item.empty()) items.push_back(std::move(item));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return items;
}

}  // namespace molecule::app
