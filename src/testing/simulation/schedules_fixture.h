// Plays as many schedules as the environment says: MOLECULE_SEED one, MOLECULE_SCHEDULES so many
// from MOLECULE_SCHEDULES_FROM on.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "testing/simulation/schedule.h"

namespace molecule::simulation {

inline std::uint64_t from_environment(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 10) : usual;
}

inline std::string told(const Played& played) {
  std::string text;
  for (const std::string& step : played.steps) text += "\n  " + step;
  for (const std::string& problem : played.problems) text += "\n  ✗ " + problem;
  return text;
}

inline void play_many(Played (*play_one)(std::uint64_t), std::uint64_t usual_count) {
  constexpr std::uint64_t none = ~std::uint64_t{0};
  const std::uint64_t seed = from_environment("MOLECULE_SEED", none);
  if (seed != none) {
    const Played played = play_one(seed);
    EXPECT_TRUE(played.problems.empty()) << "seed " << seed;
    printf("seed %llu%s\n", static_cast<unsigned long long>(seed), told(played).c_str());
    return;
  }
  const std::uint64_t from = from_environment("MOLECULE_SCHEDULES_FROM", 1);
  const std::uint64_t count = from_environment("MOLECULE_SCHEDULES", usual_count);
  constexpr int failures_max = 5;
  int failures = 0;
  for (std::uint64_t each = from; each < from + count && failures < failures_max; ++each) {
    const Played played = play_one(each);
    if (played.problems.empty()) continue;
    ++failures;
    ADD_FAILURE() << "MOLECULE_SEED=" << each << " plays this again:" << told(played);
  }
}

}  // namespace molecule::simulation
