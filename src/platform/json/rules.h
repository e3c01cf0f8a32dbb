// What a described type demands of its fields beyond their types, and by which codes a body of it
// is refused. The reader keeps to it and the schemas of the API are written from it, so what a
// client is told is what it meets.
//
//   static constexpr json::Reading reading = json::refused_by({"invalid_beat", "invalid beat"});
//   static constexpr std::array rules{json::Rule("rate").from(0, 1),
//                                     json::Rule("id").only_without("workspace_id")};
//   static constexpr std::array needs{json::OneOf("workspace_id", "id")};
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "base/fields.h"

namespace molecule::json {

// The code of a refusal, and the words that its sentence begins with.
struct Refusal {
  std::string_view code = {};
  std::string_view words = {};
};

// How bodies of a type are refused. Types without one keep to invalid_json, invalid_field and
// missing_field; types inside of it keep to its. In a type that has one, null counts as absent for
// every member, but for one of type Omit<std::optional<T>>, to which it means none.
struct Reading {
  Refusal form;           // A member is not of its type.
  Refusal bounds;         // A member is out of its bounds.
  Refusal missing;        // A member that is needed is absent.
  Refusal object;         // It is no object.
  bool any_text = false;  // `object` is for what is no JSON, too; else that is invalid_json.
};

// One code for all of it.
constexpr Reading refused_by(Refusal refusal) { return {refusal, refusal, refusal, refusal}; }

struct Bounds {
  static constexpr double endless = std::numeric_limits<double>::infinity();
  static constexpr std::size_t any_size = std::numeric_limits<std::size_t>::max();

  double least = -endless;  // Of a number.
  double most = endless;
  std::size_t shortest = 0;  // Bytes of a text, items of a list, members of a map.
  std::size_t longest = any_size;

  constexpr bool bounded() const {
    return least != -endless || most != endless || shortest != 0 || longest != any_size;
  }
};

// "0 to 1", "at most 255 bytes": bounds in words, of numbers where the unit is empty; nothing where
// there are none.
std::string words_of(const Bounds& bounds, std::string_view unit);

// About one field, by its name on the wire. A rule about no field does not compile.
struct Rule {
  std::string_view field;
  Bounds bounds;
  Bounds each;                   // Of a list's items or a map's values.
  std::string_view unless;       // Where this member is present, this one is not looked at.
  std::string_view beside;       // Either both members are present, or none.
  bool empty_is_absent = false;  // The text "" counts as absent.
  Refusal refusal;               // In place of what Reading says.
  Refusal value;                 // The same, where only the type is right.

  constexpr explicit Rule(std::string_view name) : field(name) {}

  constexpr Rule from(double least, double most = Bounds::endless) const {
    Rule copy = *this;
    copy.bounds.least = least;
    copy.bounds.most = most;
    return copy;
  }
  constexpr Rule up_to(double most) const { return from(-Bounds::endless, most); }
  constexpr Rule size(std::size_t shortest, std::size_t longest) const {
    Rule copy = *this;
    copy.bounds.shortest = shortest;
    copy.bounds.longest = longest;
    return copy;
  }
  constexpr Rule each_size(std::size_t shortest, std::size_t longest) const {
    Rule copy = *this;
    copy.each.shortest = shortest;
    copy.each.longest = longest;
    return copy;
  }
  constexpr Rule only_without(std::string_view other) const {
    Rule copy = *this;
    copy.unless = other;
    return copy;
  }
  constexpr Rule together_with(std::string_view other) const {
    Rule copy = *this;
    copy.beside = other;
    return copy;
  }
  constexpr Rule or_empty() const {
    Rule copy = *this;
    copy.empty_is_absent = true;
    return copy;
  }
  constexpr Rule refused_by(Refusal with) const {
    Rule copy = *this;
    copy.refusal = with;
    return copy;
  }
  constexpr Rule value_refused_by(Refusal with) const {
    Rule copy = *this;
    copy.value = with;
    return copy;
  }
};

// Members of which one has to be present.
struct OneOf {
  static constexpr std::size_t most = 6;
  std::array<std::string_view, most> names = {};

  template <class... Names>
  constexpr explicit OneOf(Names... of) : names{std::string_view(of)...} {}
};

namespace detail {
template <class T>
concept HasReading = requires { T::reading; };
template <class T>
concept HasRules = requires { T::rules; };
template <class T>
concept HasNeeds = requires { T::needs; };

inline constexpr std::size_t nowhere = std::size_t(-1);

// A field's rule, and the places of the fields that it names.
struct RuleAt {
  const Rule* rule = nullptr;  // Null: there is none.
  std::size_t unless = nowhere;
  std::size_t beside = nowhere;
};
using PlacesOf = std::array<std::size_t, OneOf::most>;

template <Described T>
consteval auto names_in_place() {
  std::array<std::string_view, field_count<T>> names{};
  std::size_t next = 0;
  for_each_field<T>([&](std::string_view name, auto) { names[next++] = name; });
  return names;
}

template <Described T>
inline constexpr auto names_of = names_in_place<T>();

template <Described T>
consteval std::size_t place_of(std::string_view wanted) {
  if (wanted.empty()) return nowhere;
  for (std::size_t place = 0; place < names_of<T>.size(); ++place) {
    if (names_of<T>[place] == wanted) return place;
  }
  throw "a rule names no field of its type";
}

template <Described T>
consteval auto rules_in_place() {
  std::array<RuleAt, field_count<T>> placed{};
  if constexpr (HasRules<T>) {
    for (const Rule& rule : T::rules)
      placed[place_of<T>(rule.field)] = {&rule, place_of<T>(rule.unless), place_of<T>(rule.beside)};
  }
  return placed;
}

template <Described T>
consteval auto needs_in_place() {
  if constexpr (HasNeeds<T>) {
    std::array<PlacesOf, T::needs.size()> placed{};
    for (std::size_t i = 0; i < placed.size(); ++i) {
      for (std::size_t k = 0; k < OneOf::most; ++k)
        placed[i][k] = place_of<T>(T::needs[i].names[k]);
    }
    return placed;
  } else {
    return std::array<PlacesOf, 0>{};
  }
}
}  // namespace detail

// The rule of each field of T, in their order.
template <Described T>
inline constexpr auto rules_of = detail::rules_in_place<T>();
// The places of what T needs, in the order of T::needs.
template <Described T>
inline constexpr auto needs_of = detail::needs_in_place<T>();

}  // namespace molecule::json
