#include "platform/text/terminal.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/core.h>
#include <utf8proc.h>

#include "platform/text/names.h"

namespace molecule::text {
namespace {

using Code = utf8proc_int32_t;

constexpr Code joiner = 0x200D;
constexpr Code non_joiner = 0x200C;
constexpr Code emoji_form = 0xFE0F;

// The next character; nullopt where there is no UTF-8, and one byte is passed over.
std::optional<Code> next_of(std::string_view text, std::size_t& at) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  Code code = 0;
  const auto used =
      utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
  if (used <= 0) {
    ++at;
    return std::nullopt;
  }
  at += static_cast<std::size_t>(used);
  return code;
}

void append(std::string& out, Code code) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(code, bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

bool is_mark(Code code) {
  const auto category = utf8proc_category(code);
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

// Takes no room and does no harm: it shapes its neighbours.
bool shapes_neighbours(Code code) {
  return code == joiner || code == non_joiner || (code >= 0xFE00 && code <= 0xFE0F) ||
         (code >= 0xE0020 && code <= 0xE007F);
}

bool has_no_picture(Code code) {
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN: return true;
    default: return false;
  }
}

// Formats, separators of lines and what else is read without being seen.
bool is_unseen(Code code) {
  const utf8proc_property_t& property = *utf8proc_get_property(code);
  return property.ignorable || property.category == UTF8PROC_CATEGORY_CF ||
         property.category == UTF8PROC_CATEGORY_ZL || property.category == UTF8PROC_CATEGORY_ZP;
}

bool is_flag_letter(Code code) { return code >= 0x1F1E6 && code <= 0x1F1FF; }

// One drawn character with its marks: where it ends and how wide it is.
struct Cluster {
  std::size_t end = 0;
  int columns = 0;
};

Cluster cluster_at(std::string_view line, std::size_t begin) {
  std::size_t at = begin;
  std::optional<Code> before = next_of(line, at);
  if (!before) return {at, 1};
  Cluster cluster{at, utf8proc_charwidth(*before)};
  utf8proc_int32_t state = 0;
  while (at < line.size()) {
    std::size_t behind = at;
    const std::optional<Code> code = next_of(line, behind);
    if (!code || utf8proc_grapheme_break_stateful(*before, *code, &state)) break;
    cluster.columns = std::max(cluster.columns, utf8proc_charwidth(*code));
    if (*code == emoji_form || is_flag_letter(*code)) cluster.columns = 2;
    before = code;
    at = cluster.end = behind;
  }
  return cluster;
}

std::string as_ascii(std::string_view line) {
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    if (static_cast<unsigned char>(line[at]) < 0x80) {
      out += line[at++];
      continue;
    }
    const Cluster cluster = cluster_at(line, at);
    out.append(static_cast<std::size_t>(std::max(cluster.columns, 1)), '?');
    at = cluster.end;
  }
  return out;
}

std::string made_harmless(std::string_view text, Drawn drawn, bool lines) {
  std::string out;
  out.reserve(text.size());
  int marks = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::optional<Code> code = next_of(text, at);
    if (!code) {
      out += "\uFFFD";
      continue;
    }
    if (is_mark(*code)) {
      if (++marks <= marks_max) append(out, *code);
      continue;
    }
    if (!shapes_neighbours(*code)) marks = 0;
    if (lines && *code == '\n') {
      out += '\n';
    } else if (*code == '\t') {
      out += lines ? "    " : " ";
    } else if (*code == '\r' && (lines || (at < text.size() && text[at] == '\n'))) {
      continue;
    } else if (*code == '\n' || *code == '\r' || *code == 0x85) {
      out += ' ';
    } else if (*code < 0x20) {
      if (drawn == Drawn::ascii) {
        out += fmt::format("^{}", static_cast<char>('@' + *code));
      } else {
        append(out, 0x2400 + *code);
      }
    } else if (*code == 0x7F) {
      out += drawn == Drawn::ascii ? "^?" : "\u2421";
    } else if (utf8proc_category(*code) == UTF8PROC_CATEGORY_CC) {
      out += fmt::format("<U+{:04X}>", *code);
    } else if (shapes_neighbours(*code)) {
      append(out, *code);
    } else if (has_no_picture(*code)) {
      out += "\uFFFD";
    } else if (is_unseen(*code)) {
      out += fmt::format("<U+{:04X}>", *code);
    } else {
      append(out, *code);
    }
  }
  return drawn == Drawn::ascii ? as_ascii(out) : out;
}

}  // namespace

std::string on_one_line(std::string_view text, Drawn drawn) {
  return made_harmless(text, drawn, false);
}

std::string on_lines(std::string_view text, Drawn drawn) {
  return made_harmless(text, drawn, true);
}

int columns_of(std::string_view line) {
  int columns = 0;
  for (std::size_t at = 0; at < line.size();) {
    const auto byte = static_cast<unsigned char>(line[at]);
    const bool plain =
        byte < 0x80 && (at + 1 == line.size() || static_cast<unsigned char>(line[at + 1]) < 0x80);
    if (plain) {
      ++columns;
      ++at;
      continue;
    }
    const Cluster cluster = cluster_at(line, at);
    columns += cluster.columns;
    at = cluster.end;
  }
  return columns;
}

std::size_t prefix_within(std::string_view line, int columns) {
  std::size_t at = 0;
  while (at < line.size()) {
    const Cluster cluster = cluster_at(line, at);
    columns -= cluster.columns;
    if (columns < 0) break;
    at = cluster.end;
  }
  return at;
}

std::string fitted(std::string_view line, int columns, Cut cut, Drawn drawn) {
  const int whole = columns_of(line);
  if (whole <= columns) return std::string(line);
  if (columns <= 0) return {};
  const std::string_view mark = drawn == Drawn::ascii ? "~" : "…";
  if (cut == Cut::end) {
    std::string out(line.substr(0, prefix_within(line, columns - 1)));
    return out.append(mark);
  }
  std::size_t at = 0;
  for (int left = whole; left > columns - 1 && at < line.size();) {
    const Cluster cluster = cluster_at(line, at);
    left -= cluster.columns;
    at = cluster.end;
  }
  return std::string(mark).append(line.substr(at));
}

}  // namespace molecule::text
