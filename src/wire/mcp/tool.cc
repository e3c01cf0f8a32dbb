#include "wire/mcp/tool.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "wire/mcp/revisions.h"

namespace molecule::mcp {
namespace {

using Form = Argument::Form;
using json::Node;
using json::Type;

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

RawJson schema_of(const Words& tool, std::string_view revision) {
  json::Object properties;
  std::vector<std::string> required;
  for (const Argument& argument : tool.arguments) {
    json::Object property;
    switch (argument.form) {
      case Form::text: property.add("type", "string"); break;
      case Form::number: property.add("type", "number"); break;
      case Form::whole: property.add("type", "integer"); break;
      case Form::flag: property.add("type", "boolean"); break;
      case Form::choice:
        property.add("type", "string").add("enum", words_in(argument.choices));
        break;
      case Form::texts:
        property.add("type", "array").add("items", RawJson(R"({"type":"string"})"));
        break;
      case Form::object: property.add("type", "object"); break;
      case Form::text_or_null: property.add("type", RawJson(R"(["string","null"])")); break;
    }
    if (!argument.about.empty()) property.add("description", argument.about);
    if (!argument.header.empty() && revision == stateless_revision)
      property.add("x-mcp-header", argument.header);
    properties.add(argument.name, property.raw());
    if (argument.required) required.emplace_back(argument.name);
  }
  json::Object schema;
  schema.add("type", "object").add("properties", properties.raw());
  if (!required.empty()) schema.add("required", required);
  return schema.raw();
}

std::string expected(const Argument& argument) {
  switch (argument.form) {
    case Form::text: return "a string";
    case Form::number: return "a number";
    case Form::whole: return "a whole number";
    case Form::flag: return "true or false";
    case Form::choice: return fmt::format("one of {}", argument.choices);
    case Form::texts: return "a list of strings";
    case Form::object: return "an object";
    case Form::text_or_null: return "a string or null";
  }
  return "";
}

bool fits(Node value, const Argument& argument) {
  switch (argument.form) {
    case Form::text:
    case Form::text_or_null: return value.is(Type::string);
    case Form::number: return value.is(Type::integer) || value.is(Type::number);
    case Form::whole:
      return value.is(Type::integer) ||
             (value.is(Type::number) && std::nearbyint(value.number()) == value.number());
    case Form::flag: return value.is(Type::boolean);
    case Form::choice:
      return value.is(Type::string) &&
             std::ranges::count(words_in(argument.choices), value.string()) > 0;
    case Form::object: return value.is(Type::object);
    case Form::texts:
      if (!value.is(Type::array)) return false;
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (!value.at(i).is(Type::string)) return false;
      }
      return true;
  }
  return false;
}

}  // namespace

std::string listed(const Words& tool, std::string_view revision) {
  json::Object each;
  each.add("name", tool.name);
  if (knows_titles(revision)) each.add("title", tool.title);
  each.add("description", tool.about).add("inputSchema", schema_of(tool, revision));
  if (knows_annotations(revision)) {
    json::Object hints;
    hints.add("title", tool.title).add("readOnlyHint", tool.reads);
    hints.add("destructiveHint", tool.destroys).add("idempotentHint", tool.again);
    hints.add("openWorldHint", tool.outward);
    each.add("annotations", hints.raw());
  }
  return each.text();
}

std::string complaints(const Words& tool, Node arguments) {
  std::string out;
  const auto complain = [&](std::string_view name, std::string_view what) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : "\n", name, what);
  };
  if (arguments && !arguments.is(Type::object) && !arguments.is(Type::null))
    return "arguments: expected an object";
  for (const Argument& argument : tool.arguments) {
    const Node value = arguments.find(argument.name);
    if (!value || value.is(Type::null)) {
      if (argument.required) complain(argument.name, "is required");
    } else if (!fits(value, argument)) {
      complain(argument.name, fmt::format("expected {}", expected(argument)));
    }
  }
  return out;
}

std::string text_of(Node object, std::string_view name) {
  const Node found = object.find(name);
  return found.is(Type::string) ? std::string(found.string()) : std::string();
}

std::optional<std::int64_t> whole_of(Node arguments, std::string_view name) {
  const Node found = arguments.find(name);
  if (found.is(Type::integer)) return found.integer();
  if (!found.is(Type::number)) return std::nullopt;
  return static_cast<std::int64_t>(std::clamp(found.number(), -1e15, 1e15));
}

std::size_t from_of(json::Node arguments) {
  const auto from = whole_of(arguments, "from");
  return from && *from > 0 ? static_cast<std::size_t>(*from) : 0;
}

}  // namespace molecule::mcp
