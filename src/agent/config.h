// The configuration of one workspace's agent: config.yaml and the environment, merged. A variable
// wins over the file, the file over the default, and every value knows where it comes from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/agent_config/settings.h"

namespace molecule::agent {

using agent_config::Value;

// What is wrong in the file, or not known; for the report.
struct Remark {
  std::string key;
  std::string text;
};

class Config {
 public:
  // From `directory`/config.yaml and the environment. A file that is no YAML throws Fault
  // bad_request `invalid_yaml` with the line and the column; one that is not there `no_config`.
  static Config load(const std::filesystem::path& directory);

  const std::string& text(std::string_view key) const { return value(key).text; }
  const std::vector<std::string>& list(std::string_view key) const { return value(key).items; }
  std::int64_t number(std::string_view key) const;
  const Value& value(std::string_view key) const;
  // In the order of the table.
  std::vector<std::pair<std::string_view, const Value*>> all() const;

  const std::filesystem::path& directory() const { return directory_; }
  // Values of a wrong form, with their place: these keep it from starting.
  const std::vector<Remark>& wrong() const { return wrong_; }
  // Keys that nobody knows.
  const std::vector<Remark>& unknown() const { return unknown_; }

  // Of the file's text, as whoever wrote it reckons it.
  const std::string& mark() const { return mark_; }

  // A text that the file says, or that stands in a file which it names: initial_prompt.
  std::string prompt(std::string_view key) const;

 private:
  std::filesystem::path directory_;
  std::string mark_;
  std::map<std::string, Value, std::less<>> values_;
  std::vector<Remark> wrong_, unknown_;
};

// Where the configuration is when nobody says: WORKSPACE_CONFIG_PATH, else /configs.
std::filesystem::path default_directory();

}  // namespace molecule::agent
