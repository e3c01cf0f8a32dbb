#include "agent/config.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/process/environment.h"
#include "platform/yaml/yaml.h"

namespace molecule::agent {
namespace {

namespace fs = std::filesystem;

enum class Form : std::uint8_t { text, number, list };

struct Setting {
  std::string_view key;  // With dots where the file has maps.
  Form form = Form::text;
  std::string_view fallback;
  std::array<const char*, 2> variables{};  // The first that is set counts.
  std::int64_t least = 0, most = 0;        // Of a number.
};

constexpr std::array table{
    Setting{"workspace_id", Form::text, "", {"WORKSPACE_ID", "MOLECULE_WORKSPACE_ID"}},
    Setting{"platform_url", Form::text, "", {"PLATFORM_URL", "MOLECULE_PLATFORM_URL"}},
    Setting{"name", Form::text, "", {}},
    Setting{"role", Form::text, "", {}},
    Setting{"description", Form::text, "", {}},
    Setting{"version", Form::text, "1.0.0", {}},
    Setting{"runtime", Form::text, "", {}},
    Setting{"model", Form::text, "", {"MOLECULE_MODEL", "MODEL"}},
    Setting{"prompt_files", Form::list, "system-prompt.md", {}},
    Setting{"skills", Form::list, "", {}},
    Setting{"coordinator", Form::text, "auto", {}},
    Setting{"initial_prompt", Form::text, "", {}},
    Setting{"initial_prompt_file", Form::text, "", {}},
    Setting{"runtime_config.command", Form::text, "", {}},
    Setting{"runtime_config.args", Form::list, "", {}},
    Setting{"runtime_config.required_env", Form::list, "", {}},
    Setting{"runtime_config.timeout", Form::number, "3600", {}, 1, 604'800},
    Setting{"runtime_config.turns_at_once", Form::number, "4", {}, 1, 64},
    Setting{"observability.log_level", Form::text, "info", {"LOG_LEVEL"}},
};

// Keys of others, which the file may have, too.
constexpr std::array<std::string_view, 24> others{"tier",
                                                  "provider",
                                                  "plugins",
                                                  "tools",
                                                  "idle_prompt",
                                                  "delegation",
                                                  "sandbox",
                                                  "rbac",
                                                  "hitl",
                                                  "idle_prompt_file",
                                                  "governance",
                                                  "compliance",
                                                  "security_scan",
                                                  "a2a",
                                                  "idle_interval_seconds",
                                                  "models",
                                                  "providers",
                                                  "env",
                                                  "memory",
                                                  "template_schema_version",
                                                  "bridge",
                                                  "schedules",
                                                  "sub_workspaces",
                                                  "category_routing"};

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& each : items) out.append(out.empty() ? "" : ",").append(each);
  return out;
}

const yaml::Node* at(const yaml::Node& root, std::string_view key) {
  const yaml::Node* node = &root;
  while (node != nullptr) {
    const std::size_t dot = key.find('.');
    node = node->find(key.substr(0, dot));
    if (dot == std::string_view::npos) break;
    key.remove_prefix(dot + 1);
  }
  return node;
}

std::string wrong_number(const Setting& setting, std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= setting.least &&
      value <= setting.most)
    return {};
  return fmt::format("expected a whole number from {} to {}", setting.least, setting.most);
}

// Empty: it is right, and in `value`.
std::string take(const Setting& setting, const yaml::Node& node, Value& value) {
  value.origin = "config.yaml";
  if (setting.form == Form::list) {
    if (node.is(yaml::Node::Kind::scalar)) {
      value.items = {node.text};
    } else if (node.is(yaml::Node::Kind::list)) {
      value.items.clear();
      for (const yaml::Node& item : node.items) {
        if (!item.is(yaml::Node::Kind::scalar)) return item.place() + ": expected a text";
        value.items.push_back(item.text);
      }
    } else {
      return node.place() + ": expected a list";
    }
    value.text = joined(value.items);
    return {};
  }
  if (!node.is(yaml::Node::Kind::scalar)) return node.place() + ": expected a text";
  if (setting.form == Form::number) {
    if (std::string wrong = wrong_number(setting, node.text); !wrong.empty())
      return node.place() + ": " + wrong;
  }
  value.text = node.text;
  return {};
}

bool known(std::string_view key) {
  return std::ranges::find(others, key) != others.end() ||
         std::ranges::any_of(table, [&](const Setting& each) {
           return each.key == key || each.key.starts_with(std::string(key) + ".");
         });
}

}  // namespace

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
  yaml::Node root;
  try {
    root = yaml::parse(*text);
  } catch (const Fault& fault) {
    throw bad_request(fault.code(), fmt::format("{}: {}", file.string(), fault.text()));
  }
  if (!root.is(yaml::Node::Kind::map) && !root.is(yaml::Node::Kind::nothing))
    throw bad_request("invalid_yaml", fmt::format("{}: {}: expected names with values",
                                                  file.string(), root.place()));
  for (const Setting& setting : table) {
    Value& value = config.values_[std::string(setting.key)];
    value.text = setting.fallback;
    if (setting.form == Form::list && !value.text.empty()) value.items = {value.text};
    const yaml::Node* node = at(root, setting.key);
    if (node != nullptr && !node->is(yaml::Node::Kind::nothing)) {
      if (std::string wrong = take(setting, *node, value); !wrong.empty())
        config.wrong_.push_back({std::string(setting.key), std::move(wrong)});
    }
    for (const char* variable : setting.variables) {
      const auto set = variable ? process::environment(variable) : std::nullopt;
      if (!set) continue;
      value.text = *set;
      value.origin = variable;
      break;
    }
  }
  const auto look_below = [&](const yaml::Node& map, const std::string& prefix) {
    for (std::size_t i = 0; i < map.names.size(); ++i) {
      const std::string key = prefix + map.names[i];
      if (!known(key)) config.unknown_.push_back({key, map.items[i].place()});
    }
  };
  look_below(root, "");
  for (const char* map : {"runtime_config", "observability"})
    if (const yaml::Node* below = root.find(map)) look_below(*below, std::string(map) + ".");
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
  for (const Setting& setting : table) out.emplace_back(setting.key, &value(setting.key));
  return out;
}

std::string Config::prompt(std::string_view key) const {
  if (const std::string& inline_text = text(key); !inline_text.empty()) return inline_text;
  const std::string& name = text(std::string(key) + "_file");
  if (name.empty()) return {};
  return files::read(directory_ / name).value_or("");
}

}  // namespace molecule::agent
