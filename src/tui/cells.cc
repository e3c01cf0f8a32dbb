#include "tui/cells.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <utf8proc.h>

namespace molecule::tui {
namespace {

using Code = utf8proc_int32_t;

constexpr int marks_max = 4;  // On one character; a terminal's cell holds no more.
constexpr std::string_view replacement = "\uFFFD";
constexpr std::string_view more_mark = "…";

struct Read {
  Code code = -1;  // Below 0: no UTF-8.
  std::size_t size = 1;
};

Read read_at(std::string_view text, std::size_t at) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at);
  Read read;
  const auto used =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &read.code);
  if (used <= 0) return {-1, 1};
  read.size = static_cast<std::size_t>(used);
  return read;
}

std::string encoded(Code code) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(code, bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool is_line_end(Code code) {
  return code == '\n' || code == '\r' || code == 0x2028 || code == 0x2029 || code == 0x85;
}

bool is_flag_letter(Code code) { return code >= 0x1F1E6 && code <= 0x1F1FF; }
bool is_skin_tone(Code code) { return code >= 0x1F3FB && code <= 0x1F3FF; }

// Takes no cell of its own and would change how its neighbours are drawn, or where.
bool is_left_out(Code code) {
  if (is_skin_tone(code)) return true;
  const utf8proc_property_t& property = *utf8proc_get_property(code);
  return property.ignorable || property.category == UTF8PROC_CATEGORY_CF;
}

bool is_mark(const utf8proc_property_t& property) {
  return property.category == UTF8PROC_CATEGORY_MN || property.category == UTF8PROC_CATEGORY_ME;
}

bool has_no_picture(const utf8proc_property_t& property) {
  return property.category == UTF8PROC_CATEGORY_CN || property.category == UTF8PROC_CATEGORY_CO ||
         property.category == UTF8PROC_CATEGORY_CS;
}

// With letters and their marks in one where there is such a one (NFC), as with the parts of Hangul,
// which a terminal would draw beside each other; without what is left out, so that nothing joins
// once it is. Empty where nothing is to be done.
std::string composed(std::string_view text) {
  // Nothing below combines, or is a part of Hangul. Their first bytes are these and above.
  const auto may_join = [](char byte) { return static_cast<unsigned char>(byte) >= 0xCC; };
  if (std::ranges::none_of(text, may_join)) return {};
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    const Read read = read_at(text, at);
    if (read.code < 0) {
      clean += replacement;
    } else if (read.code < 0x80 || !is_left_out(read.code)) {
      clean += text.substr(at, read.size);
    }
    at += read.size;
  }
  utf8proc_uint8_t* made = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(clean.data()),
                   static_cast<utf8proc_ssize_t>(clean.size()), &made,
                   static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  if (size > 0) clean.assign(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
  std::free(made);
  return clean;
}

}  // namespace

std::vector<Glyph> glyphs(std::string_view text) {
  const std::string together = composed(text);
  if (!together.empty()) text = together;
  std::vector<Glyph> all;
  all.reserve(text.size());
  int marks = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Read read = read_at(text, at);
    at += read.size;
    const Code code = read.code;
    if (code < 0) {
      all.push_back({std::string(replacement), 1});
      continue;
    }
    if (code >= 0x20 && code < 0x7F) {
      marks = 0;
      all.push_back({std::string(1, static_cast<char>(code)), 1});
      continue;
    }
    if (is_line_end(code) || code == '\t') {
      all.push_back({" ", 1});
      continue;
    }
    if (code < 0x20 || code == 0x7F) {
      all.push_back({encoded(code == 0x7F ? 0x2421 : 0x2400 + code), 1});
      continue;
    }
    if (is_left_out(code)) continue;
    const utf8proc_property_t& property = *utf8proc_get_property(code);
    if (property.category == UTF8PROC_CATEGORY_CC || has_no_picture(property)) {
      all.push_back({std::string(replacement), 1});
    } else if (is_flag_letter(code)) {
      all.push_back({std::string(1, static_cast<char>('A' + (code - 0x1F1E6))), 1});
    } else if (is_mark(property)) {
      if (all.empty()) all.push_back({" ", 1});
      if (++marks <= marks_max) all.back().text += encoded(code);
      continue;
    } else {
      // Vowels of Indic scripts that stand beside their letter take a cell, as in ncurses.
      const bool stands_beside = property.category == UTF8PROC_CATEGORY_MC;
      const int width = std::max(utf8proc_charwidth(code), stands_beside ? 1 : 0);
      // Letters that join the one before, such as the vowels of Hangul, take none.
      if (width <= 0) continue;
      all.push_back({encoded(code), std::min(width, 2)});
    }
    marks = 0;
  }
  return all;
}

int width_of(std::string_view text) {
  int width = 0;
  for (const Glyph& glyph : glyphs(text)) width += glyph.width;
  return width;
}

std::string cut(std::string_view text, int width) {
  std::string out;
  if (width <= 0) return out;
  int used = 0;
  std::size_t room_for_mark = 0;  // Bytes of what leaves a cell for the mark.
  for (const Glyph& glyph : glyphs(text)) {
    if (used + glyph.width > width) {
      out.resize(room_for_mark);
      return out.append(more_mark);
    }
    used += glyph.width;
    out += glyph.text;
    if (used < width) room_for_mark = out.size();
  }
  return out;
}

std::vector<std::string> wrapped(std::string_view text, int width, std::size_t lines_max) {
  std::vector<std::string> lines;
  width = std::max(width, 2);
  while (!text.empty() || lines.empty()) {
    const std::size_t end = text.find('\n');
    const std::vector<Glyph> line = glyphs(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    std::size_t begin = 0;
    do {
      int used = 0;
      std::size_t at = begin, blank = begin;
      while (at < line.size() && used + line[at].width <= width) {
        if (line[at].text == " ") blank = at;
        used += line[at++].width;
      }
      const bool rest = at < line.size();
      // A blank that does not fit ends the line all the same.
      const bool at_blank = rest && line[at].text == " ";
      if (rest && !at_blank && blank > begin) at = blank;
      std::string piece;
      for (std::size_t i = begin; i < at; ++i) piece += line[i].text;
      if (lines.size() == lines_max) {
        lines.back() = cut(lines.back(), width - 2).append(" …");
        return lines;
      }
      lines.push_back(std::move(piece));
      begin = at;
      if (rest && begin < line.size() && line[begin].text == " ") ++begin;
    } while (begin < line.size());
  }
  return lines;
}

}  // namespace molecule::tui
