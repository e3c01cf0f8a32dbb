#include "agent/config.h"

#include <algorithm>
#include <charconv>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/process/environment.h"

namespace molecule::agent {

namespace fs = std::filesystem;

fs::path default_directory() {
  return process::environment("WORKSPACE_CONFIG_PATH").value_or("/configs");
}

Config Config::load(const fs::path& directory) {
  Config config;
  config.directory_ = directory;
  const fs::path file = directory / "config.yaml";
  const auto text = files::read(file);
  if (!text)
    throw bad_request("no_config",
                      fmt::format("{} is not there: it says which runtime this is", file.string()));
  config.mark_ = agent_config::mark_of(*text);
  agent_config::Reading reading;
  try {
    reading = agent_config::read(*text);
  } catch (const Fault& fault) {
    throw bad_request(fault.code(), fmt::format("{}: {}", file.string(), fault.text()));
  }
  config.values_ = std::move(reading.values);
  for (const agent_config::Setting& setting : agent_config::settings()) {
    Value& value = config.values_.find(setting.key)->second;
    for (const char* variable : setting.variables) {
      const auto set = variable ? process::environment(variable) : std::nullopt;
      if (!set) continue;
      value.text = *set;
      value.origin = variable;
      break;
    }
  }
  const auto remark = [](const agent_config::Problem& each) {
    return Remark{each.key,
                  fmt::format("line {}, column {}: {}", each.line, each.column, each.text)};
  };
  for (const auto& each : reading.wrong) config.wrong_.push_back(remark(each));
  for (const auto& each : reading.unknown) config.unknown_.push_back(remark(each));
  return config;
}

const Value& Config::value(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) throw internal(fmt::format("there is no setting {}", key));
  return found->second;
}

std::int64_t Config::number(std::string_view key) const {
  const std::string& digits = text(key);
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::vector<std::pair<std::string_view, const Value*>> Config::all() const {
  std::vector<std::pair<std::string_view, const Value*>> out;
  for (const agent_config::Setting& setting : agent_config::settings())
    out.emplace_back(setting.key, &value(setting.key));
  return out;
}

std::string Config::prompt(std::string_view key) const {
  if (const std::string& inline_text = text(key); !inline_text.empty()) return inline_text;
  const std::string& name = text(std::string(key) + "_file");
  if (name.empty()) return {};
  return files::read(directory_ / name).value_or("");
}

}  // namespace molecule::agent
