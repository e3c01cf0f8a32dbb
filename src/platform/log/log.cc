#include "platform/log/log.h"

#include <atomic>
#include <cerrno>
#include <cmath>
#include <ctime>

#include <unistd.h>

#include "platform/log/redaction.h"

namespace molecule::log {
namespace {

class StandardError final : public Sink {
 public:
  // One write(2) a line keeps lines of several processes whole. A broken or full pipe loses the
  // line: logging must not stop the work.
  void write(std::string_view line) noexcept override {
    while (::write(STDERR_FILENO, line.data(), line.size()) < 0 && errno == EINTR) {}
  }
};

Instant system_now() {
  return Instant::from_micros(std::chrono::duration_cast<std::chrono::microseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count());
}

StandardError standard_error;
std::atomic<Level> threshold_now{Level::info};
std::atomic<Sink*> sink_now{&standard_error};
std::atomic<Now> clock_now{&system_now};
std::atomic<Format> format_now{Format::json};

constexpr std::string_view redacted = "[redacted]";
constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view ellipsis = "\xE2\x80\xA6";

void append_unicode_escape(std::string& out, unsigned code) {
  constexpr char digits[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(code >> shift) & 0xf];
}

struct Decoded {
  std::size_t length = 0;  // 0: not UTF-8.
  unsigned code = 0;
};
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {1, first};
  const std::size_t length = first >= 0xf0 ? 4U : first >= 0xe0 ? 3U : 2U;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {};
  unsigned code = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    code = (code << 6) | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {length, code};
}

// Line and terminal controls, and the marks that turn the reading direction, are escaped.
bool invisible(unsigned code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

void append_character(std::string& out, std::string_view rest, Decoded found) {
  if (found.length == 0) {
    out += replacement;
  } else if (found.code == '"' || found.code == '\\') {
    out += '\\';
    out += rest[0];
  } else if (invisible(found.code)) {
    append_unicode_escape(out, found.code);
  } else {
    out += rest.substr(0, found.length);
  }
}

void append_text(std::string& out, std::string_view text) {
  out += '"';
  const std::size_t limit = out.size() + text_max;
  std::size_t i = 0;
  std::size_t hide_at = text.size();  // Where the credential found last begins, and its length.
  std::size_t hide = 0;
  while (i < text.size()) {
    if (out.size() >= limit) {
      out += ellipsis;
      break;
    }
    if (hide == 0) {
      const Redaction found = credential_at(text, i);
      hide = found.hide;
      hide_at = i + found.keep;
    }
    if (hide != 0 && i == hide_at) {
      out += redacted;
      i += hide;
      hide = 0;
      continue;
    }
    const Decoded next = decode(text.substr(i));
    append_character(out, text.substr(i), next);
    i += next.length == 0 ? 1 : next.length;
  }
  out += '"';
}

void append_field(std::string& out, const Field& field) {
  out += ",\"";
  out += field.name;
  out += "\":";
  const std::string_view value = field.own.empty() ? field.viewed : std::string_view(field.own);
  if (field.form == Field::Form::text) {
    append_text(out, value);
  } else {
    out += value;
  }
}

constexpr std::string_view truncated_json = ",\"truncated\":true";
constexpr std::string_view truncated_text = "  (truncated)";

// Appends with `append` what fits in a line, else that something is missing.
template <class Append>
bool append_within(std::string& out, std::string_view mark, Append append) {
  const std::size_t before = out.size();
  append();
  if (out.size() + mark.size() + 2 <= line_max) return true;
  out.resize(before);
  out += mark;
  return false;
}

std::string json_line(Level level, Message message, std::initializer_list<const Field*> fields) {
  std::string out;
  out.reserve(512);
  out += "{\"at\":\"";
  out += clock_now.load(std::memory_order_relaxed)().text();
  out += "\",\"level\":\"";
  out += enum_text(level);
  out += "\",\"message\":";
  append_text(out, message.text());
  for (const Field* field : fields) {
    if (!append_within(out, truncated_json, [&] { append_field(out, *field); })) break;
  }
  out += "}\n";
  return out;
}

// What a terminal is told around a piece of text; empty without colours.
struct Colours {
  std::string_view dim, level, off;
};

Colours colours(Format format, Level level) {
  if (format != Format::coloured) return {};
  switch (level) {
    case Level::debug: return {"\033[2m", "\033[2m", "\033[0m"};
    case Level::info: return {"\033[2m", "\033[32m", "\033[0m"};
    case Level::warn: return {"\033[2m", "\033[33m", "\033[0m"};
    case Level::error: return {"\033[2m", "\033[31m", "\033[0m"};
  }
  return {};
}

std::string local_time(Instant at) {
  const std::time_t seconds = static_cast<std::time_t>(at.micros() / 1'000'000);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%H:%M:%S", &parts)};
}

// A value as JSON has it; quotes only around what would not read as one word.
void append_value(std::string& out, const Field& field) {
  std::string value;
  append_field(value, field);
  value.erase(0, field.name.size() + 4);  // ,"name":
  const std::string_view inner = std::string_view(value).substr(1, value.size() - 2);
  const bool word = value.size() > 2 && value.front() == '"' &&
                    inner.find_first_of(" \"\\=") == std::string_view::npos;
  out += word ? inner : std::string_view(value);
}

std::string text_line(Format format, Level level, Message message,
                      std::initializer_list<const Field*> fields) {
  const Colours paint = colours(format, level);
  std::string out;
  out.reserve(256);
  out += paint.dim;
  out += local_time(clock_now.load(std::memory_order_relaxed)());
  out += paint.off;
  out += ' ';
  const std::string_view name = enum_text(level);
  out += paint.level;
  out += name;
  out += paint.off;
  out.append(6 - name.size(), ' ');
  out += message.text();
  for (const Field* field : fields) {
    const bool fits = append_within(out, truncated_text, [&] {
      out += "  ";
      out += paint.dim;
      out += field->name;
      out += '=';
      out += paint.off;
      append_value(out, *field);
    });
    if (!fits) break;
  }
  out += '\n';
  return out;
}

}  // namespace

void start(Level threshold, Sink* sink, Now now) {
  threshold_now = threshold;
  sink_now = sink ? sink : &standard_error;
  clock_now = now ? now : &system_now;
}

void stop() {
  start(Level::info);
  format_now = Format::json;
}

void set_threshold(Level threshold) { threshold_now = threshold; }

void set_format(Format format) { format_now = format; }

std::uint64_t dropped() { return sink_now.load(std::memory_order_acquire)->dropped(); }

bool enabled(Level level) { return level >= threshold_now.load(std::memory_order_relaxed); }

namespace detail {

std::string spell(double value) {
  if (!std::isfinite(value)) return "null";
  char buffer[32];
  const auto end = std::to_chars(std::begin(buffer), std::end(buffer), value);
  return {buffer, end.ptr};
}

void line(Level level, Message message, std::initializer_list<const Field*> fields) {
  try {
    const Format format = format_now.load(std::memory_order_relaxed);
    const std::string out = format == Format::json ? json_line(level, message, fields)
                                                   : text_line(format, level, message, fields);
    sink_now.load(std::memory_order_relaxed)->write(out);
  } catch (const std::bad_alloc&) {
    constexpr std::string_view lost =
        "{\"level\":\"error\",\"message\":\"a log line was lost: no memory\"}\n";
    sink_now.load(std::memory_order_relaxed)->write(lost);
  }
}

}  // namespace detail
}  // namespace molecule::log
