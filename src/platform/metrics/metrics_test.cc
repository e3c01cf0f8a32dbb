#include "platform/metrics/metrics.h"

#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace molecule::metrics {
namespace {

TEST(Registry, WritesPrometheusText) {
  Registry registry;
  registry.gauge("b_waiting", "Writes that wait.").set(-3);
  registry
      .counter("a_total", "Line one\nwith \\ in it.", {{"kind", "say \"hi\"\n"}, {"code", "200"}})
      .add(5);
  auto& seconds = registry.histogram("c_seconds", "Time.", std::array{0.5, 1.0});
  seconds.observe(0.5);
  seconds.observe(0.75);
  seconds.observe(9);
  EXPECT_EQ(registry.text(),
            "# HELP a_total Line one\\nwith \\\\ in it.\n"
            "# TYPE a_total counter\n"
            "a_total{kind=\"say \\\"hi\\\"\\n\",code=\"200\"} 5\n"
            "# HELP b_waiting Writes that wait.\n"
            "# TYPE b_waiting gauge\n"
            "b_waiting -3\n"
            "# HELP c_seconds Time.\n"
            "# TYPE c_seconds histogram\n"
            "c_seconds_bucket{le=\"0.5\"} 1\n"
            "c_seconds_bucket{le=\"1\"} 2\n"
            "c_seconds_bucket{le=\"+Inf\"} 3\n"
            "c_seconds_sum 10.25\n"
            "c_seconds_count 3\n");
}

TEST(Registry, GivesTheSameMetricForTheSameLabels) {
  Registry registry;
  registry.counter("a_total", "A.", {{"code", "200"}}).add();
  registry.counter("a_total", "A.", {{"code", "200"}}).add();
  registry.counter("a_total", "A.", {{"code", "500"}}).add();
  EXPECT_EQ(registry.counter("a_total", "A.", {{"code", "200"}}).value(), 2U);
  EXPECT_EQ(registry.counter("a_total", "A.", {{"code", "500"}}).value(), 1U);
}

TEST(Registry, RefusesWhatDoesNotFitTheFirstDeclaration) {
  Registry registry;
  registry.counter("a_total", "A.", {{"code", "200"}});
  EXPECT_THROW(registry.counter("a_total", "B.", {{"code", "200"}}), std::logic_error);
  EXPECT_THROW(registry.gauge("a_total", "A.", {{"code", "200"}}), std::logic_error);
  EXPECT_THROW(registry.counter("a_total", "A."), std::logic_error);
  EXPECT_THROW(registry.counter("a_total", "A.", {{"method", "GET"}}), std::logic_error);
  EXPECT_THROW(registry.counter("0a", "A."), std::logic_error);
  EXPECT_THROW(registry.counter("a-b", "A."), std::logic_error);
  EXPECT_THROW(registry.histogram("h", "H.", std::array{2.0, 1.0}), std::logic_error);
}

TEST(Registry, BoundsTheLabelSets) {
  Registry registry;
  for (std::size_t i = 0; i < series_max; ++i)
    registry.gauge("g", "G.", {{"n", std::to_string(i)}});
  EXPECT_THROW(registry.gauge("g", "G.", {{"n", "more"}}), std::logic_error);
}

TEST(Registry, ListsWhatTheReferencePageShows) {
  Registry registry;
  registry.gauge("b", "B.");
  registry.counter("a_total", "A.", {{"code", "200"}});
  const auto listed = registry.listing();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].name, "a_total");
  EXPECT_EQ(listed[0].labels, std::vector<std::string>{"code"});
  EXPECT_EQ(listed[1].form, Form::gauge);
}

TEST(Counter, CountsExactlyAcrossMoreThreadsThanShards) {
  Registry registry;
  auto& counter = registry.counter("a_total", "A.");
  auto& seconds = registry.histogram("h", "H.", std::array{1.0});
  auto& gauge = registry.gauge("g", "G.");
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < shards * 2; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 10'000; ++i) {
          counter.add();
          seconds.observe(2);
          gauge.add(2);
          gauge.subtract();
        }
      });
    }
  }
  const std::uint64_t expected = shards * 2 * 10'000;
  EXPECT_EQ(counter.value(), expected);
  EXPECT_EQ(seconds.read().counts[1], expected);
  EXPECT_EQ(seconds.read().sum, 2.0 * static_cast<double>(expected));
  EXPECT_EQ(gauge.value(), static_cast<std::int64_t>(expected));
}

}  // namespace
}  // namespace molecule::metrics
