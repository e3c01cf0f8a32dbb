// Figures the program keeps about itself, shown as Prometheus text at /metrics.
//
// Metrics are made once, at wiring time, in a small struct beside the service that counts:
//
//   struct Probe {
//     metrics::Counter& accepted;
//     explicit Probe(metrics::Registry& r) : accepted(r.counter("molecule_messages_accepted_total",
//     "Messages accepted.")) {}
//   };
//
// Recording takes no lock and is safe from any thread; counters and histograms keep one cell per
// shard of threads so that loops on different cores do not write the same cache line. The Registry
// is passed by reference from the root, it outlives everything that records, and there is no other
// state.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace molecule::metrics {

constexpr std::size_t shards = 8;  // Threads beyond it share cells; still exact.
constexpr std::size_t series_max =
    1000;  // Label sets of one name. Labels are for few, known values.

namespace detail {
std::size_t shard();  // Of the calling thread.
struct alignas(64) Cell {
  std::atomic<std::uint64_t> value{0};
};
}  // namespace detail

// Goes up only.
class Counter {
 public:
  void add(std::uint64_t by = 1) {
    cells_[detail::shard()].value.fetch_add(by, std::memory_order_relaxed);
  }
  std::uint64_t value() const;

 private:
  std::array<detail::Cell, shards> cells_;
};

// Goes up and down.
class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  void subtract(std::int64_t by = 1) { value_.fetch_sub(by, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Counts observations by upper bound. Bounds ascend; "+Inf" is added.
class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds);
  void observe(double value);

  std::span<const double> bounds() const { return bounds_; }
  struct Reading {
    std::vector<std::uint64_t> counts;  // One per bound, then the rest; not cumulative.
    double sum = 0;
    std::uint64_t count() const;
  };
  Reading read() const;

 private:
  struct alignas(64) Shard {
    std::atomic<double> sum{0};
    std::unique_ptr<std::atomic<std::uint64_t>[]> counts;
  };
  std::vector<double> bounds_;
  std::array<Shard, shards> shards_;
};

// Upper bounds in seconds for requests and store work: 100 µs to 10 s.
inline constexpr std::array<double, 15> latency_seconds{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
// For how many things were handled at once: 1 to 4096.
inline constexpr std::array<double, 13> sizes{1,   2,   4,   8,    16,   32,  64,
                                              128, 256, 512, 1024, 2048, 4096};

// Label names and values, in the order they are shown.
using Labels = std::vector<std::pair<std::string, std::string>>;

enum class Form { counter, gauge, histogram };

// What the reference page says of one metric.
struct Listing {
  std::string name;
  Form form = Form::counter;
  std::string help;
  std::vector<std::string> labels;
};

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The metric with this name and these label values, made at the first call. It lives as long as
  // the registry. The same name with another form, help, label names or bounds, a name Prometheus
  // does not allow, and more than series_max label sets are defects of ours: std::logic_error.
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help,
                       std::span<const double> bounds = latency_seconds, Labels labels = {});

  std::string text() const;              // Prometheus text format 0.0.4, names in order.
  std::vector<Listing> listing() const;  // Names in order.

 private:
  struct Family;
  struct Series;
  Series& series(std::string_view name, Form form, std::string_view help,
                 std::span<const double> bounds, Labels labels);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_;  // Ordered by name.
};

}  // namespace molecule::metrics
