// What a platform answered, as a type of wire/api has it and yet of any version: a member that an
// older platform does not tell is absent, a word that only a newer one knows is passed on, and what
// nobody asks for does no harm. That the type has the member is checked when this is compiled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fields.h"
#include "platform/json/json.h"

namespace molecule::client {

// A member of T by its name on the wire.
template <Described T>
class Member {
 public:
  consteval Member(const char* name) : name_(name) {
    bool known = false;
    for_each_field<T>([&](std::string_view field, auto) { known = known || field == name_; });
    if (!known) throw "the type has no such member";
  }
  constexpr std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

// A value as people read it: texts bare, nothing for null and absent, JSON for the rest.
std::string told(json::Node value);

// Valid while the document lives that it was found in.
template <Described T>
class Record {
 public:
  explicit Record(json::Node node) : node_(node) {}

  json::Node node() const { return node_; }
  json::Node node(Member<T> member) const { return node_.find(member.name()); }
  std::string text(Member<T> member) const { return told(node(member)); }
  bool flag(Member<T> member) const {
    const json::Node value = node(member);
    return value.is(json::Type::boolean) && value.boolean();
  }
  std::optional<double> number(Member<T> member) const {
    const json::Node value = node(member);
    if (!value.is(json::Type::integer) && !value.is(json::Type::number)) return std::nullopt;
    return value.number();
  }
  // A member that is a record of its own.
  template <Described M>
  Record<M> record(Member<T> member) const {
    return Record<M>(node(member));
  }

 private:
  json::Node node_;
};

// The records of a list; none where it is no list.
template <Described T>
std::vector<Record<T>> records(json::Node list) {
  std::vector<Record<T>> all;
  if (!list.is(json::Type::array)) return all;
  all.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) all.emplace_back(list.at(i));
  return all;
}

}  // namespace molecule::client
