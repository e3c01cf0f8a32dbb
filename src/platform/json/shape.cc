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

void Shapes::explain(TypeShape& type, const About& about) {
  auto field = std::ranges::find(type.fields, about.field, &FieldShape::name);
  if (field == type.fields.end())
    throw internal(fmt::format("something is said about {}, which is no field", about.field));
  field->about = about.text;
}

// Of "… [T = molecule::api::Workspace]", as compilers spell a function's template argument.
std::string Shapes::short_name(std::string_view function) {
  const std::size_t from = function.rfind("T = ") + 4;
  std::string_view name = function.substr(from, function.find_first_of(";]", from) - from);
  return std::string(name.substr(name.rfind(':') + 1));
}

}  // namespace molecule::json
