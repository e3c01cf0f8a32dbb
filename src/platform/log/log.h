// Structured logs on standard error: one JSON object a line, or one line of text for a person.
//
//   log::info("workspace paused", log::field("workspace", id), log::field("count", 3));
//
// The message is a constant, so lines of one kind are found by one search; everything that varies
// is a typed field, spelled as the same member is spelled in our JSON. What a client or an agent
// sent may appear in a field: it can neither start a second line nor move a terminal's cursor, and
// text that looks like a credential is replaced by "[redacted]". A Secret has no field, so logging
// one does not compile; request bodies (RawJson) have none either.
//
// The only state is the threshold, the sink, the clock and the format. start() sets them once,
// before threads exist; without it lines of info and above go to standard error with the system's
// time.
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"

namespace molecule::log {

enum class Level { debug, info, warn, error };
BOOST_DESCRIBE_ENUM(Level, debug, info, warn, error)

constexpr std::size_t line_max = 8192;  // Bytes of a line; fields that do not fit are left out and
                                        // "truncated":true says so.
constexpr std::size_t text_max = 2048;  // Bytes of one text field; longer text ends in "…".

// Where lines go. write() is called from any thread with one whole line, its newline included.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::string_view line) noexcept = 0;
  // Lines that were lost, since nobody read them. Any thread.
  virtual std::uint64_t dropped() const noexcept { return 0; }
};

using Now = Instant (*)();

// For programs; for a person: local time, level, message, name=value; the same with a terminal's
// colours. What may stand in a line is the same in all three.
enum class Format { json, text, coloured };
BOOST_DESCRIBE_ENUM(Format, json, text, coloured)

// Call once, at start, before other threads log; `sink` must outlive all logging. Tests may call it
// again, with stop() as the end.
void start(Level threshold, Sink* sink = nullptr, Now now = nullptr);
void stop();                          // Back to the state without start().
void set_threshold(Level threshold);  // Any thread, any time.
void set_format(Format format);       // Likewise; json until it is called.
bool enabled(Level level);
std::uint64_t dropped();  // As the sink counts them.

// Text known at compile time.
class Message {
 public:
  template <std::size_t N>
  consteval Message(const char (&text)[N]) : text_(text, N - 1) {}
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// A field name: snake_case, known at compile time.
class Name {
 public:
  template <std::size_t N>
  consteval Name(const char (&text)[N]) : text_(text, N - 1) {
    for (char c : text_) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
        throw "a field name is snake_case";
    }
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// A name with a value. Lives in the logging expression only: text is viewed, not copied.
struct Field {
  enum class Form {
    literal,
    text
  };  // literal: JSON as it stands; text: quoted, escaped, redacted.

  std::string_view name;
  Form form = Form::literal;
  std::string_view viewed;
  std::string own;  // Set instead of `viewed` for values that had to be spelled.
};

template <class T>
struct Loggable : std::bool_constant<std::is_arithmetic_v<T> || DescribedEnum<T> ||
                                     std::is_same_v<T, Instant> ||
                                     std::is_convertible_v<const T&, std::string_view>> {};
template <class Tag>
struct Loggable<Id<Tag>> : std::true_type {};
template <class R, class P>
struct Loggable<std::chrono::duration<R, P>> : std::true_type {};
template <class T>
struct Loggable<std::optional<T>> : Loggable<T> {};

namespace detail {
std::string spell(double value);
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsDuration : std::false_type {};
template <class R, class P>
struct IsDuration<std::chrono::duration<R, P>> : std::true_type {};
void line(Level level, Message message, std::initializer_list<const Field*> fields);
}  // namespace detail

// Numbers, booleans, text, ids, instants, described enums, and optionals of these (null when
// empty). A duration is written in milliseconds: name its field "…_ms".
template <class T>
  requires(Loggable<std::remove_cvref_t<T>>::value)
Field field(Name name, const T& value) {
  Field made;
  made.name = name.text();
  if constexpr (detail::IsOptional<T>::value) {
    if (value) return field(name, *value);
    made.viewed = "null";
  } else if constexpr (std::is_same_v<T, bool>) {
    made.viewed = value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    made.form = Field::Form::text;
    made.own = std::string(1, value);
  } else if constexpr (std::is_integral_v<T>) {
    made.own = std::to_string(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    made.own = detail::spell(static_cast<double>(value));
  } else if constexpr (detail::IsDuration<T>::value) {
    made.own = detail::spell(std::chrono::duration<double, std::milli>(value).count());
  } else if constexpr (DescribedEnum<T>) {
    made.form = Field::Form::text;
    made.viewed = enum_text(value);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    made.form = Field::Form::text;
    made.viewed = std::string_view(value);
  } else {  // An id or an instant.
    made.form = Field::Form::text;
    made.own = value.text();
  }
  return made;
}

// The id that ties the lines of one request together; every line written for a request carries it.
inline Field request(RequestId id) { return field("request_id", id); }

// Never throw: a line that cannot be written is lost.
template <std::same_as<Field>... Fields>
void debug(Message message, const Fields&... fields) {
  if (enabled(Level::debug)) detail::line(Level::debug, message, {&fields...});
}
template <std::same_as<Field>... Fields>
void info(Message message, const Fields&... fields) {
  if (enabled(Level::info)) detail::line(Level::info, message, {&fields...});
}
template <std::same_as<Field>... Fields>
void warn(Message message, const Fields&... fields) {
  if (enabled(Level::warn)) detail::line(Level::warn, message, {&fields...});
}
template <std::same_as<Field>... Fields>
void error(Message message, const Fields&... fields) {
  if (enabled(Level::error)) detail::line(Level::error, message, {&fields...});
}

}  // namespace molecule::log
