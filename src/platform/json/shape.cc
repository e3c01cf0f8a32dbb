#include "platform/json/shape.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/fault.h"

namespace molecule::json {

bool Shapes::begin(const std::string& name, std::type_index type) {
  auto [it, fresh] = met_.try_emplace(name, type);
  if (it->second != type) throw internal(fmt::format("two types are called {}", name));
  if (fresh) types_[name];
  return fresh;
}

void Shapes::bind(FieldShape& field, const Rule& rule) {
  Shape& shape = field.shape;
  // The size of an enumeration's text tells apart two codes and is no bound to keep.
  const bool named = shape.kind == Shape::Kind::named;
  if (!named) shape.bounds = rule.bounds;
  if (!shape.of.empty() && rule.each.bounded()) shape.of.front().bounds = rule.each;
  shape.or_empty = named && rule.empty_is_absent;
  field.unless = rule.unless;
  field.beside = rule.beside;
}

void Shapes::explain(TypeShape& type, const About& about) {
  auto field = std::ranges::find(type.fields, about.field, &FieldShape::name);
  if (field == type.fields.end())
    throw internal(fmt::format("something is said about {}, which is no field", about.field));
  field->about = about.text;
}

std::string FieldShape::words() const {
  const auto unit_of = [](const Shape& of) -> std::string_view {
    switch (of.kind) {
      case Shape::Kind::text: return "bytes";
      case Shape::Kind::list: return "items";
      case Shape::Kind::map: return "members";
      default: return "";
    }
  };
  std::string out;
  const auto say = [&out](std::string_view more) {
    if (!more.empty()) out.append(out.empty() ? "" : "; ").append(more);
  };
  say(words_of(shape.bounds, unit_of(shape)));
  if (!shape.of.empty() && shape.of.front().bounds.bounded())
    say(fmt::format("each {}", words_of(shape.of.front().bounds, unit_of(shape.of.front()))));
  if (!unless.empty()) say(fmt::format("counts where {} is absent", unless));
  if (!beside.empty()) say(fmt::format("goes together with {}", beside));
  say(about);
  return out;
}

namespace detail {

void add_code(std::vector<std::string_view>& codes, std::string_view code) {
  if (!code.empty() && std::ranges::find(codes, code) == codes.end()) codes.push_back(code);
}

}  // namespace detail

// Of "… [T = molecule::api::Workspace]", as compilers spell a function's template argument.
std::string Shapes::short_name(std::string_view function) {
  const std::size_t from = function.rfind("T = ") + 4;
  std::string_view name = function.substr(from, function.find_first_of(";]", from) - from);
  return std::string(name.substr(name.rfind(':') + 1));
}

}  // namespace molecule::json
