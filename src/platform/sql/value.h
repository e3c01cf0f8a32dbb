// How C++ values become statement parameters and columns become C++ values. Ids are stored as 16
// bytes (BYTEA), instants as microseconds (BIGINT), enums as their text, booleans as 0 or 1
// (BIGINT), JSON as text. A described struct is read column by column in declared order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"

namespace molecule::sql {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

// A bound parameter. Views must live until the statement has run; the typed calls guarantee it.
using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, BytesView>;

// One row as an engine presents it; valid only inside the row callback.
class Columns {
 public:
  virtual ~Columns() = default;
  virtual std::size_t count() const = 0;
  virtual bool null(std::size_t i) const = 0;
  virtual std::int64_t integer(std::size_t i) const = 0;
  virtual double real(std::size_t i) const = 0;
  virtual std::string_view text(std::size_t i) const = 0;
  virtual BytesView bytes(std::size_t i) const = 0;
};

// A view of the closure that takes the rows of one statement; lives in the call only.
class RowSink {
 public:
  template <class Fn>
    requires(!std::is_same_v<std::remove_cvref_t<Fn>, RowSink>)
  explicit RowSink(const Fn& fn)
      : object_(std::addressof(fn)), call_([](const void* object, const Columns& row) {
          (*static_cast<const Fn*>(object))(row);
        }) {}
  void operator()(const Columns& row) const { call_(object_, row); }

 private:
  const void* object_;
  void (*call_)(const void*, const Columns&);
};

template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<Id<Tag>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
Value to_value(const T& v) {
  if constexpr (IsOptional<T>::value) {
    return v ? to_value(*v) : Value{};
  } else if constexpr (std::is_same_v<T, bool>) {
    return std::int64_t{v ? 1 : 0};
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::int64_t>(v);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(v);
  } else if constexpr (std::is_same_v<T, Instant>) {
    return v.micros();
  } else if constexpr (IsId<T>::value) {
    return BytesView(v.bytes());
  } else if constexpr (DescribedEnum<T>) {
    return enum_text(v);
  } else if constexpr (std::is_same_v<T, RawJson>) {
    return std::string_view(v.text);
  } else if constexpr (std::is_same_v<T, Bytes> || std::is_same_v<T, BytesView>) {
    return BytesView(v);
  } else {
    return std::string_view(v);
  }
}

// A column that does not fit its type is a defect of ours or a damaged store; the message names the
// type, the caller adds the query.
[[noreturn]] void column_mismatch(std::size_t column, const char* expected);

// PostgreSQL cannot store it, so neither engine does: Fault bad_request.
void refuse_nul(std::span<const Value> values);

template <class T>
T from_column(const Columns& row, std::size_t i) {
  if constexpr (IsOptional<T>::value) {
    if (row.null(i)) return std::nullopt;
    return from_column<typename T::value_type>(row, i);
  } else if constexpr (std::is_same_v<T, bool>) {
    return row.integer(i) != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(row.integer(i));
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(row.real(i));
  } else if constexpr (std::is_same_v<T, Instant>) {
    return Instant::from_micros(row.integer(i));
  } else if constexpr (IsId<T>::value) {
    auto bytes = row.bytes(i);
    if (bytes.size() != 16) column_mismatch(i, "a 16-byte id");
    IdBytes id{};
    std::copy(bytes.begin(), bytes.end(), id.begin());
    return T(id);
  } else if constexpr (DescribedEnum<T>) {
    auto value = enum_from<T>(row.text(i));
    if (!value) column_mismatch(i, "a known state");
    return *value;
  } else if constexpr (std::is_same_v<T, RawJson>) {
    return RawJson(std::string(row.text(i)));
  } else if constexpr (std::is_same_v<T, Bytes>) {
    auto bytes = row.bytes(i);
    return Bytes(bytes.begin(), bytes.end());
  } else {
    return T(row.text(i));
  }
}

template <class Row>
Row from_row(const Columns& row) {
  if constexpr (Described<Row>) {
    Row out{};
    std::size_t i = 0;
    for_each_field<Row>([&](std::string_view, auto member) {
      using T = std::remove_cvref_t<decltype(out.*member)>;
      out.*member = from_column<T>(row, i++);
    });
    return out;
  } else {
    return from_column<Row>(row, 0);
  }
}

}  // namespace molecule::sql
