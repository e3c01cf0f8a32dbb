#include "app/nearest.h"

#include <algorithm>

#include <fmt/core.h>

namespace molecule::app {
namespace {

// Longer words are not mistyped, and the table below stays small.
constexpr std::size_t word_max = 64;

// Letters to insert, drop, change or swap with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string plain(std::string_view word) {
  std::string out;
  for (char c : word) {
    if (c == '_') c = '-';
    out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  return out;
}

}  // namespace

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known) {
  if (typed.size() < 2 || typed.size() > word_max) return std::nullopt;
  const std::string word = plain(typed);
  const std::string* best = nullptr;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& each : known) {
    if (each.size() > word_max) continue;
    std::size_t away = distance(word, plain(each));
    if (word.size() >= 3 && each.size() > word.size() && plain(each).starts_with(word)) away = 1;
    if (each.size() >= 4 && word.starts_with(plain(each))) away = std::min<std::size_t>(away, 2);
    if (away < least) {
      least = away;
      best = &each;
    }
  }
  if (!best) return std::nullopt;
  return *best;
}

std::string suggestion(std::string_view typed, const std::vector<std::string>& known,
                       std::string_view prefix) {
  auto meant = nearest(typed, known);
  return meant ? fmt::format("; did you mean {}{}?", prefix, *meant) : std::string();
}

}  // namespace molecule::app
