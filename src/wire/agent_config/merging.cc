#include "wire/agent_config/merging.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/yaml/yaml.h"

namespace molecule::agent_config {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// A number as JSON writes it; what YAML has besides (0x1F, .inf, 1_000) stays a text.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t whole = std::min(text.find_first_of(".eE"), text.size());
  if (!is_digits(text.substr(0, whole)) || (text.front() == '0' && whole > 1)) return false;
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    const std::size_t part = std::min(text.find_first_of("eE"), text.size());
    if (!is_digits(text.substr(1, part - 1))) return false;
    text.remove_prefix(part);
  }
  if (text.empty()) return true;
  text.remove_prefix(1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return is_digits(text);
}

void append(std::string& out, const yaml::Node& node) {
  using Kind = yaml::Node::Kind;
  switch (node.kind) {
    case Kind::nothing: out += "null"; return;
    case Kind::scalar:
      if (!node.quoted && (node.text == "true" || node.text == "false" || is_number(node.text))) {
        out += node.text;
      } else {
        json::quote(out, node.text);
      }
      return;
    case Kind::list:
      out += '[';
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out += ',';
        append(out, node.items[i]);
      }
      out += ']';
      return;
    case Kind::map:
      out += '{';
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out += ',';
        json::quote(out, node.names[i]);
        out += ':';
        append(out, node.items[i]);
      }
      out += '}';
      return;
  }
}

struct Member {
  std::string name, value;  // A value of JSON is one of YAML.
};

std::vector<Member> members_of(const yaml::Node& root) {
  std::vector<Member> members;
  for (std::size_t i = 0; i < root.names.size(); ++i) {
    members.push_back({root.names[i], {}});
    append(members.back().value, root.items[i]);
  }
  return members;
}

// A plain name needs no quotes.
std::string line_of(const Member& member) {
  const bool plain = !member.name.empty() && !is_digits(member.name.substr(0, 1)) &&
                     std::ranges::all_of(member.name, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '_';
                     });
  std::string out;
  if (plain) {
    out = member.name;
  } else {
    json::quote(out, member.name);
  }
  return out + ": " + member.value + "\n";
}

// A text as lines with their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

bool begins_member(std::string_view line) {
  return !line.empty() &&
         std::string_view(" \t\r\n#-.%").find(line.front()) == std::string_view::npos;
}

// Nothing: its form does not let single members be told apart.
std::optional<std::string> edited(std::string_view text, const yaml::Node& root,
                                  const std::vector<Member>& changes) {
  const std::vector<std::string_view> lines = lines_of(text);
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (begins_member(lines[i])) starts.push_back(i);
  if (starts.size() != root.names.size()) return std::nullopt;
  std::string out;
  std::size_t next = 0;
  const auto keep = [&](std::size_t until) {
    for (; next < until; ++next) out += lines[next];
  };
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto change = std::ranges::find(changes, root.names[i], &Member::name);
    if (change == changes.end()) continue;
    keep(starts[i]);
    std::size_t end = i + 1 < starts.size() ? starts[i + 1] : lines.size();
    // What stands right before the next one is about that.
    while (end > starts[i] + 1 && (lines[end - 1].front() == '#' || lines[end - 1] == "\n")) --end;
    if (change->value != "null") out += line_of(*change);
    next = end;
  }
  keep(lines.size());
  if (!out.empty() && out.back() != '\n') out += '\n';
  for (const Member& change : changes) {
    if (root.find(change.name) == nullptr && change.value != "null") out += line_of(change);
  }
  return out;
}

std::string json_of(const yaml::Node& root) {
  if (root.is(yaml::Node::Kind::nothing)) return "{}";
  if (!root.is(yaml::Node::Kind::map))
    throw bad_request("invalid_yaml", root.place() + ": expected names with values");
  std::string out;
  append(out, root);
  return out;
}

}  // namespace

std::string json_of(std::string_view text) { return json_of(yaml::parse(text)); }

std::string merged(std::string_view text, json::Node changes) {
  const yaml::Node root = yaml::parse(text);
  json_of(root);
  std::vector<Member> wanted;
  for (std::size_t i = 0; i < changes.size(); ++i)
    wanted.push_back({std::string(changes.name_at(i)), changes.value_at(i).text()});
  std::vector<Member> whole = members_of(root);
  for (const Member& change : wanted) {
    const auto there = std::ranges::find(whole, change.name, &Member::name);
    if (there != whole.end() && change.value == "null") {
      whole.erase(there);
    } else if (there != whole.end()) {
      there->value = change.value;
    } else if (change.value != "null") {
      whole.push_back(change);
    }
  }
  std::string plain;
  for (const Member& member : whole) plain += line_of(member);
  // Whatever it was written like, it has to say the same.
  try {
    const auto out = edited(text, root, wanted);
    if (out && json_of(yaml::parse(*out)) == json_of(yaml::parse(plain))) return *out;
  } catch (const Fault&) {}
  return plain;
}

}  // namespace molecule::agent_config
