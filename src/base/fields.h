// Field lists: one list per type drives JSON both ways, SQL rows, query strings and the reference
// pages. A type declares its list with BOOST_DESCRIBE_STRUCT, an enum its names with
// BOOST_DESCRIBE_ENUM; names are spelled on the wire as in C++, but for the underscore at the end
// of a field whose name is a word of C++ itself.
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

namespace molecule {

template <class T>
using FieldList = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class T>
concept Described = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

template <class E>
concept DescribedEnum = std::is_enum_v<E> && boost::describe::has_describe_enumerators<E>::value;

constexpr std::string_view wire_name(std::string_view field) {
  if (field.ends_with('_')) field.remove_suffix(1);
  return field;
}

// Calls fn(name, member pointer) for each field in declared order.
template <Described T, class Fn>
constexpr void for_each_field(Fn&& fn) {
  boost::mp11::mp_for_each<FieldList<T>>(
      [&](auto field) { fn(wire_name(field.name), field.pointer); });
}

template <Described T>
constexpr std::size_t field_count = boost::mp11::mp_size<FieldList<T>>::value;

template <DescribedEnum E>
constexpr std::string_view enum_text(E value) {
  std::string_view text;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto entry) {
    if (entry.value == value) text = entry.name;
  });
  return text;
}

template <DescribedEnum E>
constexpr std::optional<E> enum_from(std::string_view text) {
  std::optional<E> value;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto entry) {
    if (text == entry.name) value = entry.value;
  });
  return value;
}

// Calls fn(name) for each enumerator, for messages that list what is allowed.
template <DescribedEnum E, class Fn>
constexpr void for_each_enumerator(Fn&& fn) {
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
      [&](auto entry) { fn(std::string_view(entry.name)); });
}

}  // namespace molecule
