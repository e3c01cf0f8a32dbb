// JSON by field list. Reading is strict about types and forgiving about unknown members; a fault
// names the path ("skills[2].id: expected a string"). Writing is compact: integers without a
// fraction, lists never null; a number that was read keeps its digits. Boost.JSON does the parsing,
// behind this header.
//
// In a described type: std::optional<T> is written as null when empty and accepts null or absence;
// Omit<T> is left out when empty, and of Omit<std::optional<T>> null is a value, that means none. A
// member without optional must be present. RawJson takes any value and keeps its compact text,
// RawObject an object. What else a type demands, and how its bodies are refused, it says in
// rules.h.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/fault.h"
#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "base/secret.h"
#include "platform/json/rules.h"

namespace molecule::json {

// An optional member that is left out of the output when empty.
template <class T>
struct Omit : std::optional<T> {
  using std::optional<T>::optional;
};

// An optional member to read that counts as absent when it is not of its type: of what others say
// in the same place, too.
template <class T>
struct Loose : std::optional<T> {
  using std::optional<T>::optional;
};

// A value of any type, of which nothing is kept.
struct Unread {};

// U+0000 is JSON, but no text column of either store can hold it. So requests may not bring it;
// what answers bring is read with `kept`, and whoever takes text out of it makes it storable.
enum class Nul { refused, kept };

struct Limits {
  std::size_t bytes = 16u << 20;  // Beyond: Fault too_large.
  std::size_t depth = 64;         // Nested objects and lists; beyond: Fault bad_request.
  std::size_t members = 100'000;  // Object members and list elements in all.
  Nul nul = Nul::refused;         // Escaped NULs in strings and names; refused: Fault bad_request.
};

enum class Type { null, boolean, integer, number, string, array, object };

class Document;

// A value inside a Document; valid while the Document lives.
class Node {
 public:
  Node() = default;
  explicit operator bool() const { return value_ != nullptr; }  // False: no such member.
  Type type() const { return *static_cast<const Type*>(value_); }
  bool is(Type t) const { return value_ && type() == t; }
  bool boolean() const;
  std::int64_t integer() const;  // For Type::integer.
  double number() const;         // For Type::integer and Type::number.
  std::string_view string() const;
  std::size_t size() const;  // Of an array or object.
  Node at(std::size_t index) const;
  Node find(std::string_view name) const;  // Empty Node when absent or not an object.
  // The members of these names, each at its name's place; empty where absent.
  void find_all(std::span<const std::string_view> names, Node* found) const;
  std::string_view name_at(std::size_t index) const;  // Member name of an object.
  Node value_at(std::size_t index) const;             // Member value of an object.
  std::string text() const;                           // Compact JSON; numbers as they were read.

 private:
  friend class Document;
  explicit Node(const void* value) : value_(value) {}
  const void* value_ = nullptr;
};

class Document {
 public:
  // Throws Fault bad_request "invalid JSON: …" with the place, or too_large. Two members of one
  // name are no JSON here.
  static Document parse(std::string_view text, const Limits& limits = {});
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();
  Node root() const;

 private:
  struct Impl;
  explicit Document(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Where in the document a fault is; links live on the stack.
struct Path {
  const Path* parent = nullptr;
  std::string_view member;
  std::size_t index = 0;
  bool is_index = false;
  const Rule* rule = nullptr;        // Of this member.
  const Reading* reading = nullptr;  // Of this object.
  const Bounds* bounds = nullptr;    // Of this value.
};
// Refusals as the rules say. `expected` ends the sentence "expected …".
[[noreturn]] void mismatch(const Path& path, std::string_view expected);
[[noreturn]] void out_of_bounds(const Path& path, std::string_view expected);
[[noreturn]] void missing(const Path& path, std::string_view members);
// For values within bounds nothing happens.
void check_number(const Path& path, double value);
void check_size(const Path& path, std::size_t size, std::string_view unit);

// Appends `text` as a JSON string with quotes. Invalid UTF-8 is replaced; `<`, `>`, `&` stay as
// they are.
void quote(std::string& out, std::string_view text);
// `text` at most `max` bytes long, cut between characters, and with ? for NULs: for a text column.
std::string storable(std::string_view text, std::size_t max);
void append_number(std::string& out, double value);  // 1 for 1.0; null for not-a-number.
std::string compact(std::string_view text,
                    const Limits& limits = {});  // Parse and write compactly.

namespace detail {
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsOmit : std::false_type {};
template <class T>
struct IsOmit<Omit<T>> : std::true_type {};
template <class T>
struct IsLoose : std::false_type {};
template <class T>
struct IsLoose<Loose<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... T>
struct IsVariant<std::variant<T...>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
// Null is a value of such a member.
template <class T>
constexpr bool takes_null() {
  if constexpr (IsOmit<T>::value) return IsOptional<typename T::value_type>::value;
  return false;
}
template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<Id<Tag>> : std::true_type {};

// Whether the type of a value is T's.
template <class T>
bool is_of(Node node) {
  if constexpr (std::is_same_v<T, bool>) return node.is(Type::boolean);
  if constexpr (std::is_same_v<T, std::string>) return node.is(Type::string);
  if constexpr (std::is_same_v<T, RawObject>) return node.is(Type::object);
}
template <class T>
constexpr std::string_view words_for() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_same_v<T, std::string>) return "a string";
  if constexpr (std::is_same_v<T, RawObject>) return "an object";
}
}  // namespace detail

template <class T>
void read_into(Node node, T& out, const Path& path);

namespace detail {

template <class... T>
void read_one_of(Node node, std::variant<T...>& out, const Path& path) {
  const auto take = [&]<class One>() {
    if (!is_of<One>(node)) return false;
    read_into(node, out.template emplace<One>(), path);
    return true;
  };
  if ((take.template operator()<T>() || ...)) return;
  std::string expected;
  ((expected.append(expected.empty() ? "" : " or ").append(words_for<T>())), ...);
  mismatch(path, expected);
}

// The members of an object by the places of a type's fields.
struct Found {
  std::span<const Node> values;
  const Node& operator[](std::size_t place) const { return values[place]; }
  bool present(std::size_t place) const {
    return bool(values[place]) && !values[place].is(Type::null);
  }
};
void require_one(const Found& found, const OneOf& one, const PlacesOf& places, const Path& path);
void require_both(const Found& found, std::size_t place, const RuleAt& rule, const Path& path);

template <Described T>
void read_fields(Node node, T& out, const Path& path) {
  std::array<Node, field_count<T>> values;
  node.find_all(names_of<T>, values.data());
  const Found found{values};
  if constexpr (HasNeeds<T>) {
    for (std::size_t i = 0; i < T::needs.size(); ++i)
      require_one(found, T::needs[i], needs_of<T>[i], path);
  }
  std::size_t next = 0;
  for_each_field<T>([&](std::string_view, auto member) {
    using F = std::remove_cvref_t<decltype(out.*member)>;
    const std::size_t place = next++;
    const std::string_view name = names_of<T>[place];
    const RuleAt& at_rule = rules_of<T>[place];
    const Rule* const rule = at_rule.rule;
    Node value = found[place];
    if constexpr (HasReading<T> && !takes_null<F>()) {
      if (value.is(Type::null)) value = Node();
    }
    if (rule != nullptr) {
      if (at_rule.unless != nowhere && found.present(at_rule.unless)) return;
      if (at_rule.beside != nowhere) require_both(found, place, at_rule, path);
      if (rule->empty_is_absent && value.is(Type::string) && value.string().empty()) value = Node();
    }
    if (!value) {
      if constexpr (IsOptional<F>::value || IsOmit<F>::value || IsLoose<F>::value ||
                    std::is_same_v<F, RawJson>) {
        return;  // Absent stays empty.
      } else {
        missing(path, name);
      }
    } else {
      Path at{&path, name};
      at.rule = rule;
      if (rule != nullptr) at.bounds = &rule->bounds;
      read_into(value, out.*member, at);
    }
  });
}

// Of an item of a list or a map.
inline const Bounds* each_bounds(const Path& path) {
  return path.rule ? &path.rule->each : nullptr;
}

}  // namespace detail

template <class T>
void read_into(Node node, T& out, const Path& path) {
  if constexpr (std::is_same_v<T, RawJson>) {
    out = RawJson(node.text());
  } else if constexpr (std::is_same_v<T, RawObject>) {
    if (!node.is(Type::object)) mismatch(path, "an object");
    out = RawObject(node.text());
  } else if constexpr (std::is_same_v<T, Unread>) {
    return;
  } else if constexpr (detail::IsVariant<T>::value) {
    detail::read_one_of(node, out, path);
  } else if constexpr (detail::IsLoose<T>::value) {
    out.reset();
    if (detail::is_of<typename T::value_type>(node)) read_into(node, out.emplace(), path);
  } else if constexpr (detail::takes_null<T>()) {
    read_into(node, out.emplace(), path);
  } else if constexpr (detail::IsOptional<T>::value || detail::IsOmit<T>::value) {
    if (node.is(Type::null)) {
      out.reset();
      return;
    }
    read_into(node, out.emplace(), path);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!node.is(Type::boolean)) mismatch(path, "true or false");
    out = node.boolean();
  } else if constexpr (std::is_integral_v<T>) {
    if (!node.is(Type::integer)) mismatch(path, "a whole number");
    std::int64_t value = node.integer();
    if (!std::in_range<T>(value)) mismatch(path, "a whole number in range");
    check_number(path, static_cast<double>(value));
    out = static_cast<T>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!node.is(Type::integer) && !node.is(Type::number)) mismatch(path, "a number");
    const double value = node.number();
    check_number(path, value);
    out = static_cast<T>(value);
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, Secret>) {
    if (!node.is(Type::string)) mismatch(path, "a string");
    check_size(path, node.string().size(), "bytes");
    if constexpr (std::is_same_v<T, std::string>) {
      out = node.string();
    } else {
      out = Secret(std::string(node.string()));
    }
  } else if constexpr (std::is_same_v<T, Instant>) {
    auto at = node.is(Type::string) ? Instant::parse(node.string()) : std::nullopt;
    if (!at) mismatch(path, "an RFC 3339 time");
    out = *at;
  } else if constexpr (detail::IsId<T>::value) {
    auto id = node.is(Type::string) ? T::parse(node.string()) : std::nullopt;
    if (!id) mismatch(path, "a UUID");
    out = *id;
  } else if constexpr (DescribedEnum<T>) {
    const auto value = node.is(Type::string) ? enum_from<T>(node.string()) : std::nullopt;
    if (!value) {
      std::string allowed = "one of";
      for_each_enumerator<T>([&](std::string_view name) { allowed.append(" ").append(name); });
      // A text that no value could be is not of the form of one.
      const std::size_t longest = path.bounds ? path.bounds->longest : Bounds::any_size;
      if (!node.is(Type::string) || node.string().size() > longest) mismatch(path, allowed);
      out_of_bounds(path, allowed);
    }
    out = *value;
  } else if constexpr (detail::IsVector<T>::value) {
    if (!node.is(Type::array)) mismatch(path, "a list");
    check_size(path, node.size(), "items");
    out.clear();
    for (std::size_t i = 0; i < node.size(); ++i) {
      Path at{&path, {}, i, true};
      at.bounds = detail::each_bounds(path);
      typename T::value_type item{};
      read_into(node.at(i), item, at);
      out.push_back(std::move(item));
    }
  } else if constexpr (detail::IsMap<T>::value) {
    if (!node.is(Type::object)) mismatch(path, "an object");
    check_size(path, node.size(), "members");
    for (std::size_t i = 0; i < node.size(); ++i) {
      Path at{&path, node.name_at(i), 0, false};
      at.bounds = detail::each_bounds(path);
      read_into(node.value_at(i), out[std::string(node.name_at(i))], at);
    }
  } else {
    static_assert(Described<T>, "describe the type with BOOST_DESCRIBE_STRUCT");
    Path object = path;
    if constexpr (detail::HasReading<T>) object.reading = &T::reading;
    if (!node.is(Type::object)) mismatch(object, "an object");
    detail::read_fields(node, out, object);
  }
}

// Members of T without optional must be present; a member with a default value in the struct is
// still required, so declare it optional when clients may leave it out.
template <class T>
T read(Node node) {
  T out{};
  Path root;
  read_into(node, out, root);
  return out;
}
// The document that a type's body is, or the refusal by which it is none.
Document parse_body(std::string_view text, const Limits& limits, const Reading* reading);
template <class T>
T read(std::string_view text, const Limits& limits = {}) {
  const Reading* reading = nullptr;
  if constexpr (detail::HasReading<T>) reading = &T::reading;
  Document document = parse_body(text, limits, reading);
  return read<T>(document.root());
}

template <class T>
void write(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, RawJson> || std::is_same_v<T, RawObject>) {
    out += value.empty() ? std::string_view("null") : std::string_view(value.text);
  } else if constexpr (detail::IsOptional<T>::value || detail::IsOmit<T>::value) {
    if (value) {
      write(out, *value);
    } else {
      out += "null";
    }
  } else if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    out += std::to_string(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    append_number(out, value);
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    quote(out, value);
  } else if constexpr (std::is_same_v<T, Instant> || detail::IsId<T>::value) {
    out += '"';
    out += value.text();
    out += '"';
  } else if constexpr (DescribedEnum<T>) {
    quote(out, enum_text(value));
  } else if constexpr (detail::IsVector<T>::value) {
    out += '[';
    bool first = true;
    for (const auto& item : value) {
      if (!first) out += ',';
      first = false;
      write(out, item);
    }
    out += ']';
  } else if constexpr (detail::IsMap<T>::value) {
    out += '{';
    bool first = true;
    for (const auto& [name, item] : value) {
      if (!first) out += ',';
      first = false;
      quote(out, name);
      out += ':';
      write(out, item);
    }
    out += '}';
  } else {
    static_assert(Described<T>, "describe the type with BOOST_DESCRIBE_STRUCT");
    out += '{';
    bool first = true;
    for_each_field<T>([&](std::string_view name, auto member) {
      using F = std::remove_cvref_t<decltype(value.*member)>;
      if constexpr (detail::IsOmit<F>::value) {
        if (!(value.*member)) return;
      }
      if (!first) out += ',';
      first = false;
      quote(out, name);
      out += ':';
      write(out, value.*member);
    });
    out += '}';
  }
}

template <class T>
std::string text(const T& value) {
  std::string out;
  write(out, value);
  return out;
}

// The members of a described type's object without its braces, for Fault::with.
template <Described T>
std::string members(const T& value) {
  std::string out = text(value);
  return out.substr(1, out.size() - 2);
}

// An object put together by hand: json::Object{}.add("status", "ok").add("count", 3).text().
class Object {
 public:
  template <class T>
  Object& add(std::string_view name, const T& value) {
    if (!members_.empty()) members_ += ',';
    quote(members_, name);
    members_ += ':';
    write(members_, value);
    return *this;
  }
  // Adds only when there is a value.
  template <class T>
  Object& add_some(std::string_view name, const std::optional<T>& value) {
    if (value) add(name, *value);
    return *this;
  }
  const std::string& members() const { return members_; }  // Without braces, for Fault::with.
  std::string text() const { return '{' + members_ + '}'; }
  RawJson raw() const { return RawJson(text()); }

 private:
  std::string members_;
};

}  // namespace molecule::json
