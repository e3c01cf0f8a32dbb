#include "base/instant.h"

#include <charconv>
#include <cstdio>

namespace molecule {
namespace {

std::optional<int> digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc{} || end != text.data() + count || value < 0) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<Instant> Instant::parse(std::string_view text) {
  using namespace std::chrono;
  auto y = digits(text, 4);
  if (!y || !take(text, '-')) return std::nullopt;
  auto mo = digits(text, 2);
  if (!mo || !take(text, '-')) return std::nullopt;
  auto d = digits(text, 2);
  if (!d || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return std::nullopt;
  auto h = digits(text, 2);
  if (!h || !take(text, ':')) return std::nullopt;
  auto mi = digits(text, 2);
  if (!mi || !take(text, ':')) return std::nullopt;
  auto s = digits(text, 2);
  if (!s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  std::int64_t micros = 0;
  if (take(text, '.')) {
    std::size_t n = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9' && n < 9) {
      if (n < 6) micros = micros * 10 + (text.front() - '0');
      text.remove_prefix(1);
      ++n;
    }
    if (n == 0) return std::nullopt;
    for (; n < 6; ++n) micros *= 10;
  }
  std::int64_t offset_minutes = 0;
  if (!take(text, 'Z') && !take(text, 'z')) {
    bool negative = false;
    if (take(text, '-')) {
      negative = true;
    } else if (!take(text, '+')) {
      return std::nullopt;
    }
    auto oh = digits(text, 2);
    if (!oh || !take(text, ':')) return std::nullopt;
    auto om = digits(text, 2);
    if (!om || *oh > 23 || *om > 59) return std::nullopt;
    offset_minutes = (*oh * 60 + *om) * (negative ? -1 : 1);
  }
  if (!text.empty()) return std::nullopt;
  year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  auto days = sys_days{date}.time_since_epoch().count();
  std::int64_t seconds =
      (static_cast<std::int64_t>(days) * 24 + *h) * 3600 + *mi * 60 + *s - offset_minutes * 60;
  return from_micros(seconds * 1'000'000 + micros);
}

std::string Instant::text() const {
  using namespace std::chrono;
  std::int64_t seconds = micros_ / 1'000'000;
  std::int64_t fraction = micros_ % 1'000'000;
  if (fraction < 0) {
    fraction += 1'000'000;
    --seconds;
  }
  std::int64_t days = seconds / 86400;
  std::int64_t rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  year_month_day date{sys_days{std::chrono::days{days}}};
  char buffer[64];
  int n = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
                        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                        static_cast<unsigned>(date.day()), static_cast<int>(rest / 3600),
                        static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60),
                        static_cast<int>(fraction));
  return std::string(buffer, static_cast<std::size_t>(n));
}

}  // namespace molecule
