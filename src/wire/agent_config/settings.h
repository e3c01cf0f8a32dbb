// What the configuration of an agent (config.yaml) may say, and what is wrong with a text that
// should be one: the same for the runtime that reads it and for whoever lets people write it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace molecule::agent_config {

inline constexpr std::size_t text_max = 256u << 10;  // Bytes of a configuration.

enum class Form : std::uint8_t { text, number, list };

struct Setting {
  std::string_view key;  // With dots where the file has maps.
  Form form = Form::text;
  std::string_view fallback;
  std::array<const char*, 2> variables{};  // The first that is set counts.
  std::int64_t least = 0, most = 0;        // Of a number.
};
// In the order in which they are shown.
std::span<const Setting> settings();

struct Value {
  std::string text;                // Of a list: its items, with commas between them.
  std::vector<std::string> items;  // Of a list.
  std::string origin = "default";  // "default", "config.yaml", or the variable.
};

struct Problem {
  std::string key;  // Empty: the text as a whole.
  std::string text;
  int line = 0, column = 0;  // From 1; 0: nowhere.

  // With its place in front, where it has one.
  std::string sentence() const;
};

struct Reading {
  std::map<std::string, Value, std::less<>> values;  // Of every setting.
  std::vector<Problem> wrong;                        // These keep the agent from starting.
  std::vector<Problem> unknown;                      // Keys that nobody reads.
};
// Throws Fault bad_request `invalid_yaml`, whose sentence begins with the place.
Reading read(std::string_view text);

struct Verdict {
  std::vector<Problem> wrong, remarks;
};
// All that can be said of a text without the machine that it is for: no YAML, wrong forms, a
// runtime that there is not, or one that lacks its command.
Verdict judge(std::string_view text);

// By which an agent says which text it goes by.
std::string mark_of(std::string_view text);

}  // namespace molecule::agent_config
