#include "agent/failures.h"

#include <algorithm>
#include <initializer_list>
#include <string>

namespace molecule::agent {
namespace {

constexpr std::int64_t authentication_required = -32000;

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// A number that stands alone.
bool names(std::string_view text, std::string_view number) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t at = text.find(number); at != std::string_view::npos;
       at = text.find(number, at + 1)) {
    const std::size_t end = at + number.size();
    const bool begins = at == 0 || !digit(text[at - 1]);
    const bool ends = end == text.size() || !digit(text[end]);
    if (begins && ends) return true;
  }
  return false;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](auto word) { return text.find(word) != text.npos; });
}

}  // namespace

Failure failure_of(int status) {
  switch (status) {
    case 401:
    case 403: return Failure::auth;
    case 402:
    case 429: return Failure::rate_limit;
    case 503:
    case 529: return Failure::overloaded;
    default: return Failure::provider;
  }
}

Failure failure_in(std::int64_t code, std::string_view words) {
  if (code >= 400 && code < 600) return failure_of(static_cast<int>(code));
  const std::string text = lowered(words);
  if (code == authentication_required || names(text, "401") || names(text, "403") ||
      has_any(text, {"unauthorized", "unauthenticated", "authentication", "api key", "api-key",
                     "apikey", "invalid key"}))
    return Failure::auth;
  if (names(text, "429") ||
      has_any(text, {"rate limit", "rate_limit", "too many requests", "usagelimit", "quota"}))
    return Failure::rate_limit;
  if (names(text, "529") || names(text, "503") || has_any(text, {"overloaded"}))
    return Failure::overloaded;
  return Failure::provider;
}

}  // namespace molecule::agent
