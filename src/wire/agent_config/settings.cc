#include "wire/agent_config/settings.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/yaml/yaml.h"
#include "wire/runtimes/runtimes.h"

namespace molecule::agent_config {
namespace {

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

Problem wrong_at(const Setting& setting, const yaml::Node& node, std::string_view what) {
  return {std::string(setting.key), std::string(what), node.line, node.column};
}

// Nothing: it is right, and in `value`.
std::optional<Problem> take(const Setting& setting, const yaml::Node& node, Value& value) {
  value.origin = "config.yaml";
  if (setting.form == Form::list) {
    if (node.is(yaml::Node::Kind::scalar)) {
      value.items = {node.text};
    } else if (node.is(yaml::Node::Kind::list)) {
      value.items.clear();
      for (const yaml::Node& item : node.items) {
        if (!item.is(yaml::Node::Kind::scalar)) return wrong_at(setting, item, "expected a text");
        value.items.push_back(item.text);
      }
    } else {
      return wrong_at(setting, node, "expected a list");
    }
    value.text = joined(value.items);
    return std::nullopt;
  }
  if (!node.is(yaml::Node::Kind::scalar)) return wrong_at(setting, node, "expected a text");
  if (setting.form == Form::number) {
    if (std::string wrong = wrong_number(setting, node.text); !wrong.empty())
      return wrong_at(setting, node, wrong);
  }
  value.text = node.text;
  return std::nullopt;
}

bool known(std::string_view key) {
  return std::ranges::find(others, key) != others.end() ||
         std::ranges::any_of(table, [&](const Setting& each) {
           return each.key == key || each.key.starts_with(std::string(key) + ".");
         });
}

// Of a refusal of the parser, which begins with its place.
Problem problem_of(std::string_view sentence) {
  Problem problem;
  const auto number = [&](std::string_view name) {
    if (!sentence.starts_with(name)) return 0;
    sentence.remove_prefix(name.size());
    int value = 0;
    const auto [end, error] =
        std::from_chars(sentence.data(), sentence.data() + sentence.size(), value);
    sentence.remove_prefix(static_cast<std::size_t>(end - sentence.data()));
    return value;
  };
  problem.line = number("line ");
  problem.column = number(", column ");
  if (sentence.starts_with(": ")) sentence.remove_prefix(2);
  problem.text = sentence;
  return problem;
}

}  // namespace

std::span<const Setting> settings() { return table; }

std::string Problem::sentence() const {
  std::string out = line > 0 ? fmt::format("line {}, column {}: ", line, column) : "";
  if (!key.empty()) out += key + ": ";
  return out + text;
}

Reading read(std::string_view text) {
  const yaml::Node root = yaml::parse(text);
  if (!root.is(yaml::Node::Kind::map) && !root.is(yaml::Node::Kind::nothing))
    throw bad_request("invalid_yaml", root.place() + ": expected names with values");
  Reading reading;
  for (const Setting& setting : table) {
    Value& value = reading.values[std::string(setting.key)];
    value.text = setting.fallback;
    if (setting.form == Form::list && !value.text.empty()) value.items = {value.text};
    const yaml::Node* node = at(root, setting.key);
    if (node == nullptr || node->is(yaml::Node::Kind::nothing)) continue;
    if (auto wrong = take(setting, *node, value)) reading.wrong.push_back(std::move(*wrong));
  }
  const auto look_below = [&](const yaml::Node& map, const std::string& prefix) {
    for (std::size_t i = 0; i < map.names.size(); ++i) {
      const std::string key = prefix + map.names[i];
      const yaml::Node& item = map.items[i];
      if (!known(key))
        reading.unknown.push_back({key, "nothing reads this key", item.line, item.column});
    }
  };
  look_below(root, "");
  for (const char* map : {"runtime_config", "observability"})
    if (const yaml::Node* below = root.find(map)) look_below(*below, std::string(map) + ".");
  return reading;
}

Verdict judge(std::string_view text) {
  Verdict verdict;
  if (text.size() > text_max) {
    verdict.wrong.push_back({"", fmt::format("it is longer than {} bytes", text_max)});
    return verdict;
  }
  yaml::Node root;
  Reading reading;
  try {
    root = yaml::parse(text);
    reading = read(text);
  } catch (const Fault& fault) {
    verdict.wrong.push_back(problem_of(fault.text()));
    return verdict;
  }
  verdict.wrong = std::move(reading.wrong);
  verdict.remarks = std::move(reading.unknown);
  const yaml::Node* node = root.find("runtime");
  const auto wrong = [&](std::string_view key, const yaml::Node* where, std::string what) {
    verdict.wrong.push_back(
        {std::string(key), std::move(what), where ? where->line : 0, where ? where->column : 0});
  };
  const std::string& name = reading.values.find("runtime")->second.text;
  const runtimes::Runtime* runtime = runtimes::find(name);
  if (runtime == nullptr) {
    wrong("runtime", node,
          fmt::format("{}; it is one of {}",
                      name.empty() ? "it names no runtime" : "there is no runtime " + name,
                      runtimes::names()));
  } else if (!runtime->there) {
    wrong("runtime", node,
          fmt::format("this version cannot drive {} yet; it drives {}", runtime->title,
                      runtimes::names_there()));
  } else if (runtime->executor == runtimes::Executor::exec &&
             reading.values.find("runtime_config.command")->second.text.empty()) {
    wrong("runtime_config.command", node,
          "it is empty: the line that a shell runs for each message");
  }
  return verdict;
}

std::string mark_of(std::string_view text) {
  // FNV-1a: it tells texts apart that nobody makes to be taken for each other.
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100'0000'01b3;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace molecule::agent_config
