#include "platform/text/names.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include <fmt/core.h>
#include <utf8proc.h>

#include "platform/text/confusables.h"

namespace molecule::text {
namespace {

using Code = std::uint32_t;

constexpr Code space = 0x20;
constexpr Code joiner = 0x200D;
constexpr Code non_joiner = 0x200C;
constexpr Code emoji_form = 0xFE0F;  // Variation selector 16.
constexpr Code keycap = 0x20E3;
constexpr Code black_flag = 0x1F3F4;  // Begins the flags of regions, spelled with tags.
constexpr Code first_tag = 0xE0020;
constexpr Code last_tag = 0xE007F;

struct Codes {
  std::vector<Code> all;
  bool valid = true;
};

Codes decode(std::string_view text) {
  Codes codes;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t used = utf8proc_iterate(at, left, &code);
    if (used <= 0) {
      codes.valid = false;
      return codes;
    }
    codes.all.push_back(static_cast<Code>(code));
    at += used;
    left -= used;
  }
  return codes;
}

const utf8proc_property_t& property(Code code) {
  return *utf8proc_get_property(static_cast<utf8proc_int32_t>(code));
}

bool is_mark(Code code) {
  auto category = property(code).category;
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

bool is_letter(Code code) {
  auto category = property(code).category;
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_pictograph(Code code) {
  return property(code).boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

bool is_skin_tone(Code code) { return code >= 0x1F3FB && code <= 0x1F3FF; }

// Drawn as nothing at all although no property says so: the blank of Braille, the note without a
// head, and the stand-ins for what could not be decoded or shown.
bool is_blank_drawing(Code code) {
  return code == 0x2800 || code == 0x1D159 || code == 0xFFFC || code == 0xFFFD;
}

// Arabic and its kin, and the scripts of India and around: their ordinary words are written with
// joiners.
bool writes_with_joiners(Code code) {
  bool arabic = (code >= 0x0600 && code <= 0x08FF) || (code >= 0xFB50 && code <= 0xFDFF);
  bool indic = code >= 0x0900 && code <= 0x109F;
  bool khmer_mongolian = code >= 0x1780 && code <= 0x18AF;
  return (arabic || indic || khmer_mongolian) && (is_letter(code) || is_mark(code));
}

// Whether a character that is not seen has its proper work at this place.
bool belongs(const std::vector<Code>& codes, std::size_t at) {
  const Code code = codes[at];
  const Code before = at > 0 ? codes[at - 1] : 0;
  const Code after = at + 1 < codes.size() ? codes[at + 1] : 0;
  if (code == emoji_form) {
    bool key = (before >= '0' && before <= '9') || before == '#' || before == '*';
    return is_pictograph(before) || (key && after == keycap);
  }
  if (code == joiner || code == non_joiner) {
    if (writes_with_joiners(before) && writes_with_joiners(after)) return true;
    bool joins_emoji = is_pictograph(before) || is_skin_tone(before) || before == emoji_form;
    return code == joiner && joins_emoji && is_pictograph(after);
  }
  if (code >= first_tag && code <= last_tag) {
    // Only behind the flag that they spell out, and up to their end.
    std::size_t from = at;
    while (from > 0 && codes[from] >= first_tag && codes[from] <= last_tag) --from;
    std::size_t to = at;
    while (to + 1 < codes.size() && codes[to] >= first_tag && codes[to] < last_tag) ++to;
    return codes[from] == black_flag && codes[to] == last_tag;
  }
  return false;
}

std::string naming(Code code, std::string_view what) {
  return fmt::format("must not hold U+{:04X}, {}", code, what);
}

std::optional<std::string> flaw_at(const std::vector<Code>& codes, std::size_t at) {
  const Code code = codes[at];
  const utf8proc_property_t& of = property(code);
  switch (of.category) {
    case UTF8PROC_CATEGORY_CC: return naming(code, "a control character");
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return naming(code, "a line end");
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN: return naming(code, "which stands for no character");
    default: break;
  }
  bool unseen = of.ignorable || of.category == UTF8PROC_CATEGORY_CF;
  if (unseen && !belongs(codes, at))
    return naming(code, "which is not seen and may change how the rest is read");
  if (is_blank_drawing(code)) return naming(code, "which shows nothing");
  return std::nullopt;
}

std::optional<std::string> flaw_of(const Codes& codes) {
  if (!codes.valid) return "must be UTF-8";
  int marks = 0;
  for (std::size_t at = 0; at < codes.all.size(); ++at) {
    if (auto flaw = flaw_at(codes.all, at)) return flaw;
    marks = is_mark(codes.all[at]) ? marks + 1 : 0;
    if (marks > marks_max) return fmt::format("must not stack more than {} marks", marks_max);
  }
  return std::nullopt;
}

struct Freed {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); }
};

std::string mapped(std::string_view text, int options) {
  utf8proc_uint8_t* raw = nullptr;
  utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &raw,
                                       static_cast<utf8proc_option_t>(options));
  std::unique_ptr<utf8proc_uint8_t, Freed> held(raw);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)};
}

// Of the characters that one sees of ASCII, which are their own normal form.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

// As many fonts draw them: a bar, a one and a capital i are an l, a nought is an o.
template <class Character>
Character drawn_as(Character code) {
  if (code == 'I' || code == '1' || code == '|') return 'l';
  if (code == '0') return 'O';
  return code;
}

void append(std::string& out, Code code) {
  utf8proc_uint8_t bytes[4];
  utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

}  // namespace

std::string normal_form(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  return mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::optional<std::string> flaw_of_line(std::string_view text) { return flaw_of(decode(text)); }

std::optional<std::string> flaw_of_name(std::string_view text) {
  Codes codes = decode(text);
  if (auto flaw = flaw_of(codes)) return flaw;
  if (codes.all.empty()) return "must not be empty";
  if (codes.all.front() == space || codes.all.back() == space)
    return "must not begin or end with a space";
  bool seen = false;
  Code before = space;
  for (Code code : codes.all) {
    if (code != space && property(code).category == UTF8PROC_CATEGORY_ZS)
      return naming(code, "a space that looks like the plain one");
    if (code == space && before == space) return "must not hold two spaces in a row";
    if (is_mark(code) && before == space) return naming(code, "a mark without a letter below it");
    seen = seen || (code != space && !is_mark(code) && !property(code).ignorable);
    before = code;
  }
  if (!seen) return "must show something";
  return std::nullopt;
}

std::array<std::string, 2> skeletons(std::string_view name) {
  // As below, for what most names are made of.
  if (is_plain(name)) {
    std::array<std::string, 2> plain{std::string(name), std::string(name)};
    for (char& c : plain[0]) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    for (char& c : plain[1]) c = drawn_as(c);
    return plain;
  }
  constexpr int apart = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_IGNORE;
  std::array<std::string, 2> out;
  for (Code code : decode(mapped(name, apart | UTF8PROC_CASEFOLD)).all)
    append(out[0], looks_like(code));
  for (Code code : decode(mapped(name, apart)).all) {
    append(out[1], drawn_as(looks_like(code)));
  }
  return out;
}

bool look_alike(std::string_view one, std::string_view other) {
  auto a = skeletons(one);
  auto b = skeletons(other);
  return a[0] == b[0] || a[1] == b[1];
}

}  // namespace molecule::text
