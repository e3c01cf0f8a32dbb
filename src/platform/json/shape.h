// What a described type looks like as JSON, as data: from the field list that reads and writes it
// come the schemas of the API, the types of its clients and the reference pages.
//
// A type is known by the last part of its C++ name, so two types of different namespaces may not
// share one. A type may say more about its fields than their types do:
//
//   static constexpr std::array about{json::About{"late", "two beats were missed"}};
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <vector>

#include "base/fields.h"
#include "platform/json/json.h"

namespace molecule::json {

// A sentence about one field; the names must be fields of the type.
struct About {
  std::string_view field;
  std::string_view text;
};

// JSON that was written already, of a type that is known: a list that was too long to build first.
template <class T>
struct Written {
  std::string text;
};

// Writes a list item by item.
template <class T>
class ListWriter {
 public:
  void add(const T& item) {
    if (text_.size() > 1) text_ += ',';
    write(text_, item);
  }
  std::size_t size() const { return text_.size(); }  // Bytes so far.
  Written<std::vector<T>> finish() && {
    text_ += ']';
    return {std::move(text_)};
  }

 private:
  std::string text_ = "[";
};

struct Shape {
  enum class Kind {
    any,
    object,
    boolean,
    integer,
    number,
    text,
    id,
    time,
    named,
    list,
    map,
    either
  };
  Kind kind = Kind::any;
  bool nullable = false;
  std::string name = {};       // Of a named type.
  std::vector<Shape> of = {};  // The one of a list's items or a map's values; those of either.
  Bounds bounds = {};
  bool or_empty = false;  // Of an enumeration: "" is taken, too.
};

struct FieldShape {
  std::string_view name;
  Shape shape;
  bool always = true;  // False: may be absent.
  std::string_view about = {};
  std::string_view unless = {};  // As in Rule.
  std::string_view beside = {};

  // What is to be said of it beyond its type: `about`, bounds and what it goes with.
  std::string words() const;
};

struct TypeShape {
  std::vector<FieldShape> fields;        // Of an object.
  std::vector<std::string_view> values;  // Of an enumeration; else empty.
  std::vector<OneOf> needs;
};

// The named types that were met. What is read may lack every optional member; what is written
// lacks only those of type Omit.
class Shapes {
 public:
  enum class Way { read, written };

  template <class T>
  Shape add(Way way) {
    using V = std::remove_cvref_t<T>;
    if constexpr (detail::IsOptional<V>::value || detail::IsOmit<V>::value) {
      Shape shape = add<typename V::value_type>(way);
      // Omit is left out instead of being null, but is taken as null, too.
      if (detail::IsOptional<V>::value || way == Way::read) shape.nullable = true;
      return shape;
    } else if constexpr (detail::IsLoose<V>::value) {
      Shape shape = add<typename V::value_type>(way);
      shape.nullable = true;
      return shape;
    } else if constexpr (std::is_same_v<V, RawJson> || std::is_same_v<V, Unread>) {
      return {};
    } else if constexpr (std::is_same_v<V, RawObject>) {
      return {Shape::Kind::object};
    } else if constexpr (detail::IsVariant<V>::value) {
      return either(std::type_identity<V>(), way);
    } else if constexpr (std::is_same_v<V, bool>) {
      return {Shape::Kind::boolean};
    } else if constexpr (std::is_integral_v<V>) {
      return {Shape::Kind::integer};
    } else if constexpr (std::is_floating_point_v<V>) {
      return {Shape::Kind::number};
    } else if constexpr (std::is_convertible_v<V, std::string_view> || std::is_same_v<V, Secret>) {
      return {Shape::Kind::text};
    } else if constexpr (std::is_same_v<V, Instant>) {
      return {Shape::Kind::time};
    } else if constexpr (detail::IsId<V>::value) {
      return {Shape::Kind::id};
    } else if constexpr (detail::IsVector<V>::value) {
      return {Shape::Kind::list, false, {}, {add<typename V::value_type>(way)}};
    } else if constexpr (detail::IsMap<V>::value) {
      return {Shape::Kind::map, false, {}, {add<typename V::mapped_type>(way)}};
    } else if constexpr (IsWritten<V>::value) {
      return add<typename IsWritten<V>::type>(way);
    } else {
      Shape shape{Shape::Kind::named};
      shape.name = name_of<V>();
      if (begin(shape.name, typeid(V))) {
        TypeShape type;
        if constexpr (DescribedEnum<V>) {
          for_each_enumerator<V>([&](std::string_view value) { type.values.push_back(value); });
        } else {
          type = object<V>(way);
        }
        types_[shape.name] = std::move(type);
      }
      return shape;
    }
  }

  // In alphabetical order.
  const std::map<std::string, TypeShape>& all() const { return types_; }

  // The last part of the type's C++ name.
  template <class T>
  static std::string name_of() {
    return short_name(__PRETTY_FUNCTION__);
  }

 private:
  template <class T>
  struct IsWritten : std::false_type {};
  template <class T>
  struct IsWritten<Written<T>> : std::true_type {
    using type = T;
  };

  template <class... T>
  Shape either(std::type_identity<std::variant<T...>>, Way way) {
    return {Shape::Kind::either, false, {}, {add<T>(way)...}};
  }

  template <class T>
  TypeShape object(Way way) {
    static_assert(Described<T>, "describe the type with BOOST_DESCRIBE_STRUCT");
    TypeShape type;
    std::size_t next = 0;
    for_each_field<T>([&](std::string_view name, auto member) {
      using F = std::remove_cvref_t<decltype(std::declval<T>().*member)>;
      constexpr bool optional = detail::IsOptional<F>::value || std::is_same_v<F, RawJson>;
      constexpr bool omitted = detail::IsOmit<F>::value || detail::IsLoose<F>::value;
      const bool always = !omitted && !(optional && way == Way::read);
      FieldShape& field = type.fields.emplace_back(name, add<F>(way), always);
      if (const Rule* rule = rules_of<T>[next++].rule) bind(field, *rule);
    });
    if constexpr (detail::HasNeeds<T>) type.needs.assign(T::needs.begin(), T::needs.end());
    if constexpr (requires { T::about; }) {
      for (const About& about : T::about) explain(type, about);
    }
    return type;
  }

  // False when it is known already. Throws Fault internal for another type of the same name.
  bool begin(const std::string& name, std::type_index type);
  static void bind(FieldShape& field, const Rule& rule);
  static void explain(TypeShape& type, const About& about);
  static std::string short_name(std::string_view function);

  std::map<std::string, TypeShape> types_;
  std::map<std::string, std::type_index> met_;
};

namespace detail {

void add_code(std::vector<std::string_view>& codes, std::string_view code);

template <class T>
void add_codes_of_rules(std::vector<std::string_view>& codes) {
  if constexpr (IsOptional<T>::value || IsOmit<T>::value || IsLoose<T>::value ||
                IsVector<T>::value) {
    add_codes_of_rules<typename T::value_type>(codes);
  } else if constexpr (Described<T>) {
    for (const RuleAt& at : rules_of<T>) {
      if (at.rule == nullptr) continue;
      add_code(codes, at.rule->refusal.code);
      add_code(codes, at.rule->value.code);
    }
    for_each_field<T>([&](std::string_view, auto member) {
      add_codes_of_rules<std::remove_cvref_t<decltype(std::declval<T>().*member)>>(codes);
    });
  }
}

}  // namespace detail

// The codes by which a body of this type may be refused as it is read.
template <class T>
std::vector<std::string_view> codes_of() {
  std::vector<std::string_view> codes;
  if constexpr (detail::HasReading<T>) {
    const Reading& reading = T::reading;
    if (!reading.any_text) detail::add_code(codes, "invalid_json");
    for (const Refusal& refusal : {reading.object, reading.form, reading.bounds, reading.missing})
      detail::add_code(codes, refusal.code);
  } else {
    for (std::string_view code : {"invalid_json", "invalid_field", "missing_field"})
      detail::add_code(codes, code);
  }
  detail::add_codes_of_rules<T>(codes);
  return codes;
}

template <class T>
std::string text(Written<T>&& value) {
  return std::move(value.text);  // It may be megabytes.
}
template <class T>
void write(std::string& out, const Written<T>& value) {
  out += value.text;
}

}  // namespace molecule::json
