#include "platform/log/redaction.h"

#include <array>

namespace molecule::log {
namespace {

bool alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool token_char(char c) {
  return alphanumeric(c) || c == '_' || c == '-' || c == '.' || c == '~' || c == '+' || c == '/' ||
         c == '=';
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_any_case(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (lower(text[i]) != prefix[i]) return false;
  }
  return true;
}

template <class Accept>
std::size_t run_length(std::string_view text, std::size_t from, Accept accept) {
  std::size_t end = from;
  while (end < text.size() && accept(text[end])) ++end;
  return end - from;
}

struct KeyForm {
  std::string_view prefix;
  std::size_t at_least;  // Characters behind the prefix that make it a key.
  bool at_word_start;    // Only where a word begins: "task-…" is no "sk-…".
};
constexpr std::array<KeyForm, 10> key_forms{{
    {"mol_", 16, false},
    {"sk-", 16, true},
    {"AKIA", 16, true},
    {"ASIA", 16, true},
    {"ghp_", 20, true},
    {"gho_", 20, true},
    {"ghs_", 20, true},
    {"github_pat_", 20, true},
    {"xoxb-", 10, true},
    {"xoxp-", 10, true},
}};

// Names whose value is a credential whatever it looks like; the value follows '=', ':' or a space.
constexpr std::string_view session_name = "molecule_session";
constexpr std::array<std::string_view, 5> value_names{"bearer ", "basic ", session_name,
                                                      "secret_access_key", "password="};

// user:password@ of a URL; `offset` is at "://".
Redaction url_password(std::string_view rest) {
  std::size_t colon = 3;
  while (colon < rest.size() && rest[colon] != ':' && rest[colon] != '/' && rest[colon] != '@' &&
         rest[colon] > ' ') {
    ++colon;
  }
  if (colon >= rest.size() || rest[colon] != ':') return {};
  std::size_t end = colon + 1;
  while (end < rest.size() && rest[end] != '@' && rest[end] != '/' && rest[end] > ' ') ++end;
  if (end >= rest.size() || rest[end] != '@' || end == colon + 1) return {};
  return {colon + 1, end - colon - 1};
}

}  // namespace

Redaction credential_at(std::string_view text, std::size_t offset) {
  const std::string_view rest = text.substr(offset);
  const bool word_start = offset == 0 || !alphanumeric(text[offset - 1]);
  if (rest.starts_with("://")) return url_password(rest);
  for (const KeyForm& form : key_forms) {
    if (!rest.starts_with(form.prefix) || (form.at_word_start && !word_start)) continue;
    const auto key_char = [](char c) { return alphanumeric(c) || c == '_' || c == '-'; };
    const std::size_t length = run_length(rest, form.prefix.size(), key_char);
    if (length >= form.at_least) return {form.prefix.size(), length};
  }
  if (!word_start && rest[0] != 's' && rest[0] != 'S') return {};
  for (std::string_view name : value_names) {
    if (!starts_with_any_case(rest, name)) continue;
    const auto gap_char = [](char c) {
      return c == ' ' || c == '=' || c == ':' || c == '"' || c == '\t';
    };
    // A platform's cookie has its own id behind the name.
    const auto id_char = [](char c) { return alphanumeric(c) || c == '_'; };
    const std::size_t id = name == session_name ? run_length(rest, name.size(), id_char) : 0;
    const std::size_t from = name.size() + id;
    const std::size_t gap = run_length(rest, from, gap_char);
    const std::size_t length = run_length(rest, from + gap, token_char);
    if (length > 0 && (gap > 0 || id == 0)) return {from + gap, length};
  }
  return {};
}

}  // namespace molecule::log
