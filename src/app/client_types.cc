#include "app/client_types.h"

#include <functional>
#include <set>

#include <fmt/core.h>

#include "wire/events/payloads.h"

namespace molecule::app {
namespace {

using json::FieldShape;
using json::Shape;
using Kind = json::Shape::Kind;

// Calls fn(event, payload) with the names of every event's and of its payload's type.
void for_each_event(const std::function<void(std::string_view, const std::string&)>& fn) {
  events::for_each_type([&]<events::Type type>() {
    fn(enum_text(type), json::Shapes::name_of<typename events::PayloadOf<type>::Payload>());
  });
}

// The types of one value, one of which it is of.
std::string joined(const std::vector<Shape>& shapes, std::string (*of)(const Shape&)) {
  std::string text;
  for (const Shape& shape : shapes) text.append(text.empty() ? "" : " | ").append(of(shape));
  return text;
}

std::string typescript(const Shape& shape) {
  std::string text;
  switch (shape.kind) {
    case Kind::any: return "unknown";
    case Kind::object: text = "Record<string, unknown>"; break;
    case Kind::boolean: text = "boolean"; break;
    case Kind::integer:
    case Kind::number: text = "number"; break;
    case Kind::text:
    case Kind::id:
    case Kind::time: text = "string"; break;
    case Kind::named: text = shape.name; break;
    case Kind::list: {
      const Shape& item = shape.of.front();
      const bool several = item.nullable || item.kind == Kind::either;
      text = several ? fmt::format("({})[]", typescript(item)) : typescript(item) + "[]";
      break;
    }
    case Kind::map: text = fmt::format("Record<string, {}>", typescript(shape.of.front())); break;
    case Kind::either: text = joined(shape.of, typescript); break;
  }
  if (shape.or_empty && shape.kind == Kind::named) text += " | \"\"";
  return shape.nullable ? text + " | null" : text;
}

std::string python(const Shape& shape) {
  std::string text;
  switch (shape.kind) {
    case Kind::any: return "Any";
    case Kind::object: text = "dict[str, Any]"; break;
    case Kind::boolean: text = "bool"; break;
    case Kind::integer: text = "int"; break;
    case Kind::number: text = "float"; break;
    case Kind::text:
    case Kind::id:
    case Kind::time: text = "str"; break;
    case Kind::named: text = shape.name; break;
    case Kind::list: text = fmt::format("list[{}]", python(shape.of.front())); break;
    case Kind::map: text = fmt::format("dict[str, {}]", python(shape.of.front())); break;
    case Kind::either: text = joined(shape.of, python); break;
  }
  if (shape.or_empty && shape.kind == Kind::named) text += " | Literal[\"\"]";
  return shape.nullable ? text + " | None" : text;
}

void add_interface(std::string& out, const std::string& name, const json::TypeShape& type) {
  if (!type.values.empty()) {
    std::string values;
    for (std::string_view value : type.values)
      values += fmt::format("{}\"{}\"", values.empty() ? "" : ", ", value);
    out += fmt::format(
        "\nexport const all{0} = [{1}] as const;\nexport type {0} = (typeof all{0})[number];\n",
        name, values);
    return;
  }
  if (type.fields.empty()) {
    out += fmt::format("\nexport type {} = Record<string, never>;\n", name);
    return;
  }
  out += fmt::format("\nexport interface {} {{\n", name);
  for (const FieldShape& field : type.fields) {
    if (const std::string words = field.words(); !words.empty())
      out += fmt::format("  /** {} */\n", words);
    out +=
        fmt::format("  {}{}: {};\n", field.name, field.always ? "" : "?", typescript(field.shape));
  }
  out += "}\n";
}

void add_dictionary(std::string& out, const std::string& name, const json::TypeShape& type) {
  if (!type.values.empty()) {
    std::string values;
    for (std::string_view value : type.values)
      values += fmt::format("{}\"{}\"", values.empty() ? "" : ", ", value);
    out += fmt::format("\n\n{} = Literal[{}]\n", name, values);
    return;
  }
  out += fmt::format("\n\nclass {}(TypedDict):\n", name);
  if (type.fields.empty()) out += "    pass\n";
  for (const FieldShape& field : type.fields) {
    std::string shape = python(field.shape);
    if (!field.always) shape = fmt::format("NotRequired[{}]", shape);
    if (const std::string words = field.words(); !words.empty())
      out += fmt::format("    # {}\n", words);
    out += fmt::format("    {}: {}\n", field.name, shape);
  }
}

// A type after the types that it names.
void add_in_order(const json::Shapes& shapes, const std::string& name, std::set<std::string>& done,
                  const std::function<void(const std::string&)>& add) {
  if (!done.insert(name).second) return;
  std::function<void(const Shape&)> visit = [&](const Shape& shape) {
    if (shape.kind == Kind::named) add_in_order(shapes, shape.name, done, add);
    for (const Shape& inner : shape.of) visit(inner);
  };
  for (const FieldShape& field : shapes.all().at(name).fields) visit(field.shape);
  add(name);
}

}  // namespace

std::string typescript_text(const json::Shapes& shapes) {
  std::string out =
      "/**\n * What the API takes and gives, and what events bring along.\n"
      " * Printed by `molecule reference --typescript`; do not edit.\n */\n";
  for (const auto& [name, type] : shapes.all()) add_interface(out, name, type);
  out +=
      "\n/** The payload of each kind of event, by its name. */\nexport interface EventPayloads {\n";
  for_each_event([&](std::string_view event, const std::string& payload) {
    out += fmt::format("  {}: {};\n", event, payload);
  });
  return out + "}\n";
}

std::string python_text(const json::Shapes& shapes) {
  std::string out =
      "\"\"\"What the API takes and gives, and what events bring along.\n\n"
      "Printed by `molecule reference --python`; do not edit.\n\"\"\"\n\n"
      "from __future__ import annotations\n\nfrom typing import Any, Literal, NotRequired, TypedDict\n";
  std::set<std::string> done;
  for (const auto& [name, type] : shapes.all()) {
    add_in_order(shapes, name, done, [&](const std::string& next) {
      add_dictionary(out, next, shapes.all().at(next));
    });
  }
  out += "\n\nEventType = Literal[\n";
  for_each_event([&](std::string_view event, const std::string&) {
    out += fmt::format("    \"{}\",\n", event);
  });
  return out + "]\n";
}

}  // namespace molecule::app
