#include "platform/metrics/metrics.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace molecule::metrics {

namespace detail {
std::size_t shard() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % shards;
  return mine;
}
}  // namespace detail

std::uint64_t Counter::value() const {
  std::uint64_t total = 0;
  for (const auto& cell : cells_) total += cell.value.load(std::memory_order_relaxed);
  return total;
}

Histogram::Histogram(std::span<const double> bounds) : bounds_(bounds.begin(), bounds.end()) {
  if (!std::ranges::is_sorted(bounds_, std::less_equal<>()))
    throw std::logic_error("histogram bounds must ascend");
  for (Shard& shard : shards_)
    shard.counts = std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1);
}

void Histogram::observe(double value) {
  Shard& shard = shards_[detail::shard()];
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  shard.counts[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  shard.sum.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::Reading::count() const {
  std::uint64_t total = 0;
  for (std::uint64_t n : counts) total += n;
  return total;
}

Histogram::Reading Histogram::read() const {
  Reading reading;
  reading.counts.resize(bounds_.size() + 1);
  for (const Shard& shard : shards_) {
    for (std::size_t i = 0; i < reading.counts.size(); ++i) {
      reading.counts[i] += shard.counts[i].load(std::memory_order_relaxed);
    }
    reading.sum += shard.sum.load(std::memory_order_relaxed);
  }
  return reading;
}

struct Registry::Series {
  Labels labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
};

struct Registry::Family {
  std::string name;
  std::string help;
  Form form = Form::counter;
  std::vector<double> bounds;
  std::vector<std::string> label_names;
  std::vector<std::unique_ptr<Series>> series;
};

namespace {

bool valid_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':';
  };
  return !name.empty() && std::ranges::all_of(name, allowed) && !(name[0] >= '0' && name[0] <= '9');
}

std::string_view form_text(Form form) {
  switch (form) {
    case Form::counter: return "counter";
    case Form::gauge: return "gauge";
    case Form::histogram: return "histogram";
  }
  return "untyped";
}

template <class Number>
void append_number(std::string& out, Number value) {
  char buffer[32];
  const auto end = std::to_chars(std::begin(buffer), std::end(buffer), value);
  out.append(buffer, end.ptr);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (quotes && c == '"')) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

// `bound` is the value of the histogram's own label, empty for other lines.
void append_series_name(std::string& out, std::string_view name, std::string_view suffix,
                        const Labels& labels, std::string_view bound = {}) {
  out += name;
  out += suffix;
  if (!labels.empty() || !bound.empty()) {
    char separator = '{';
    for (const auto& [label, value] : labels) {
      out += separator;
      out += label;
      out += "=\"";
      append_escaped(out, value, true);
      out += '"';
      separator = ',';
    }
    if (!bound.empty()) {
      out += separator;
      out += "le=\"";
      out += bound;
      out += '"';
    }
    out += '}';
  }
  out += ' ';
}

void append_histogram(std::string& out, std::string_view name, const Labels& labels,
                      const Histogram& histogram) {
  const Histogram::Reading reading = histogram.read();
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < reading.counts.size(); ++i) {
    below += reading.counts[i];
    std::string bound;
    if (i < histogram.bounds().size()) {
      append_number(bound, histogram.bounds()[i]);
    } else {
      bound = "+Inf";
    }
    append_series_name(out, name, "_bucket", labels, bound);
    append_number(out, below);
    out += '\n';
  }
  append_series_name(out, name, "_sum", labels);
  append_number(out, reading.sum);
  out += '\n';
  append_series_name(out, name, "_count", labels);
  append_number(out, below);
  out += '\n';
}

}  // namespace

Registry::Registry() = default;
Registry::~Registry() = default;

Registry::Series& Registry::series(std::string_view name, Form form, std::string_view help,
                                   std::span<const double> bounds, Labels labels) {
  const auto defect = [&](std::string_view what) {
    throw std::logic_error("metric " + std::string(name) + ": " + std::string(what));
  };
  if (!valid_name(name)) defect("the name is not allowed");
  std::vector<std::string> label_names;
  for (const auto& [label, value] : labels) {
    if (!valid_name(label) || label == "le") defect("a label name is not allowed");
    label_names.push_back(label);
  }

  std::lock_guard lock(mutex_);
  auto place = std::ranges::lower_bound(
      families_, name, {}, [](const auto& family) { return std::string_view(family->name); });
  if (place == families_.end() || (*place)->name != name) {
    auto family = std::make_unique<Family>(Family{std::string(name),
                                                  std::string(help),
                                                  form,
                                                  {bounds.begin(), bounds.end()},
                                                  label_names,
                                                  {}});
    place = families_.insert(place, std::move(family));
  }
  Family& family = **place;
  if (family.form != form || family.help != help) defect("already there with another form or help");
  if (family.label_names != label_names) defect("already there with other labels");
  if (!std::ranges::equal(family.bounds, bounds)) defect("already there with other bounds");
  for (const auto& series : family.series) {
    if (series->labels == labels) return *series;
  }
  if (family.series.size() >= series_max) defect("too many label sets");
  auto made = std::make_unique<Series>();
  made->labels = std::move(labels);
  switch (form) {
    case Form::counter: made->counter = std::make_unique<Counter>(); break;
    case Form::gauge: made->gauge = std::make_unique<Gauge>(); break;
    case Form::histogram: made->histogram = std::make_unique<Histogram>(bounds); break;
  }
  family.series.push_back(std::move(made));
  return *family.series.back();
}

Counter& Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  return *series(name, Form::counter, help, {}, std::move(labels)).counter;
}
Gauge& Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  return *series(name, Form::gauge, help, {}, std::move(labels)).gauge;
}
Histogram& Registry::histogram(std::string_view name, std::string_view help,
                               std::span<const double> bounds, Labels labels) {
  return *series(name, Form::histogram, help, bounds, std::move(labels)).histogram;
}

std::string Registry::text() const {
  std::string out;
  std::lock_guard lock(mutex_);
  for (const auto& family : families_) {
    out += "# HELP ";
    out += family->name;
    out += ' ';
    append_escaped(out, family->help, false);
    out += "\n# TYPE ";
    out += family->name;
    out += ' ';
    out += form_text(family->form);
    out += '\n';
    for (const auto& series : family->series) {
      if (series->histogram) {
        append_histogram(out, family->name, series->labels, *series->histogram);
        continue;
      }
      append_series_name(out, family->name, "", series->labels);
      if (series->counter) {
        append_number(out, series->counter->value());
      } else {
        append_number(out, series->gauge->value());
      }
      out += '\n';
    }
  }
  return out;
}

std::vector<Listing> Registry::listing() const {
  std::vector<Listing> listed;
  std::lock_guard lock(mutex_);
  for (const auto& family : families_) {
    listed.push_back({family->name, family->form, family->help, family->label_names});
  }
  return listed;
}

}  // namespace molecule::metrics
