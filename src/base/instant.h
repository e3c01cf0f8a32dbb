// A point in time: microseconds since the Unix epoch, UTC. Produced by a Clock, stored as BIGINT,
// written to JSON as RFC 3339 with microseconds and a trailing Z.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace molecule {

class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant from_micros(std::int64_t micros) {
    Instant at;
    at.micros_ = micros;
    return at;
  }
  // RFC 3339 with any offset and up to nine fraction digits; nullopt for anything else.
  static std::optional<Instant> parse(std::string_view text);

  constexpr std::int64_t micros() const { return micros_; }
  constexpr std::int64_t seconds() const { return micros_ / 1'000'000; }
  std::string text() const;

  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  template <class R, class P>
  friend constexpr Instant operator+(Instant at, std::chrono::duration<R, P> by) {
    return from_micros(at.micros_ +
                       std::chrono::duration_cast<std::chrono::microseconds>(by).count());
  }
  template <class R, class P>
  friend constexpr Instant operator-(Instant at, std::chrono::duration<R, P> by) {
    return from_micros(at.micros_ -
                       std::chrono::duration_cast<std::chrono::microseconds>(by).count());
  }
  friend constexpr std::chrono::microseconds operator-(Instant a, Instant b) {
    return std::chrono::microseconds(a.micros_ - b.micros_);
  }

 private:
  std::int64_t micros_ = 0;
};

}  // namespace molecule
