#include "wire/a2a/metadata.h"

#include <algorithm>

#include "platform/json/answer.h"
#include "wire/a2a/a2a.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

// Adds an object's members but `name`.
void add_others(json::Object& out, Node object, std::string_view name) {
  for (std::size_t i = 0; object.is(Type::object) && i < object.size(); ++i) {
    if (object.name_at(i) != name) out.add(object.name_at(i), RawJson(object.value_at(i).text()));
  }
}

std::string with_metadata(std::string_view request, std::string_view name, std::string_view text) {
  json::Document document = json::Document::parse(request);
  Node given = document.root().find("params");
  json::Object out, params, metadata;
  metadata.add(name, text);
  add_others(metadata, given.find("metadata"), name);
  add_others(params, given, "metadata");
  params.add("metadata", metadata.raw());
  add_others(out, document.root(), "params");
  return out.add("params", params.raw()).text();
}

}  // namespace

std::string named(std::string_view request, std::string_view activity_id) {
  return with_metadata(request, "activity_id", activity_id);
}

bool may_be_extensions(std::string_view value) {
  const auto fits = [](char c) { return c >= ' ' && c <= '~'; };
  return !value.empty() && value.size() <= extensions_max && std::ranges::all_of(value, fits);
}

std::string extended(std::string_view request, std::string_view extensions) {
  return with_metadata(request, extensions_member, extensions);
}

std::string extensions_in(std::string_view request) {
  if (request.find(extensions_member) == std::string_view::npos) return {};
  json::Document document = json::parse_answer(request);
  Node value = document.root().find("params").find("metadata").find(extensions_member);
  if (!value.is(Type::string) || !may_be_extensions(value.string())) return {};
  return std::string(value.string());
}

}  // namespace molecule::a2a
