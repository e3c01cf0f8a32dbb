#include "platform/sql/store_threads.h"

#include <algorithm>

#include "platform/log/log.h"

namespace molecule::sql {
namespace {

double seconds_since(std::chrono::steady_clock::time_point from) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

// Wakes the queue's threads when the loop comes to it, or when the loop ends before: then too the
// promise is kept, and another loop may give the next one.
class PromisedWake {
 public:
  explicit PromisedWake(std::shared_ptr<JobQueue> queue) : queue_(std::move(queue)) {}
  PromisedWake(PromisedWake&& other) noexcept = default;
  PromisedWake& operator=(PromisedWake&&) = delete;
  ~PromisedWake() {
    if (queue_) queue_->wake();
  }

 private:
  std::shared_ptr<JobQueue> queue_;
};

}  // namespace

StoreThreads::Probe::Probe(metrics::Registry& registry)
    : writes(registry.counter("molecule_store_writes_total",
                              "Write transactions handed to the store.")),
      reads(
          registry.counter("molecule_store_reads_total", "Read transactions handed to the store.")),
      refused(registry.counter("molecule_store_refused_total",
                               "Transactions refused because the queue was full.")),
      losses(registry.counter("molecule_store_losses_total",
                              "Batches and reads that failed with the store itself.")),
      batch_jobs(registry.histogram("molecule_store_batch_jobs",
                                    "Write transactions that shared a commit.", metrics::sizes)),
      batch_seconds(registry.histogram("molecule_store_batch_seconds",
                                       "Time of a batch, its commit included.")),
      read_seconds(
          registry.histogram("molecule_store_read_seconds", "Time of a read transaction.")),
      up(registry.gauge("molecule_store_up", "1 while the store takes work, 0 while it is lost.")) {
  up.set(1);
}

StoreThreads::StoreThreads(const Settings& settings, metrics::Registry& registry,
                           std::string_view engine, Turns turns)
    : settings_(settings),
      engine_(engine),
      turns_(turns),
      probe_(registry),
      writes_(std::make_shared<JobQueue>(settings.queue_max)),
      reads_(std::make_shared<JobQueue>(settings.queue_max)) {}

StoreThreads::~StoreThreads() = default;

void StoreThreads::start() {
  if (turns_ == Turns::by_hand) return;
  threads_.emplace_back([this] { write_loop(); });
  if (reads_on_writer_) return;
  for (int reader = 0; reader < std::max(1, settings_.readers); ++reader) {
    threads_.emplace_back([this, reader] { read_loop(static_cast<std::size_t>(reader)); });
  }
}

void StoreThreads::stop() {
  writes_->close();
  reads_->close();
  threads_.clear();
}

void StoreThreads::submit(const std::shared_ptr<JobQueue>& queue, detail::Job& job) {
  if (silent_.load(std::memory_order_acquire)) {
    job.failure = std::make_exception_ptr(unavailable());
    job.done->complete();
    return;
  }
  io::Loop& loop = job.done->loop();
  const JobQueue::Push answer = queue->push(job, &loop);
  // After a push the job may be done already: it is not touched again.
  if (answer == JobQueue::Push::taken) return;
  if (answer == JobQueue::Push::promise) {
    // Woken when the loop has run what is ready now, so that the transactions of one round share a
    // commit instead of the first one having it to itself.
    loop.post([promised = PromisedWake(queue)] {});
    return;
  }
  if (answer == JobQueue::Push::wake) {
    queue->wake();
    return;
  }
  if (answer == JobQueue::Push::full) {
    probe_.refused.add();
    job.failure = std::make_exception_ptr(
        unavailable("the platform has more work than it can write — retry shortly")
            .retry_after(std::chrono::seconds(1)));
  } else {
    job.failure =
        std::make_exception_ptr(unavailable("the platform is shutting down — retry shortly"));
  }
  job.done->complete();
}

void StoreThreads::submit_write(detail::Job& job) {
  probe_.writes.add();
  submit(writes_, job);
}

void StoreThreads::submit_read(detail::Job& job) {
  probe_.reads.add();
  job.reads = true;
  submit(reads_on_writer_ ? writes_ : reads_, job);
}

// A store that is lost meanwhile fails the whole batch.
template <class Work>
void StoreThreads::try_for(std::span<detail::Job* const> batch, Work&& work) {
  try {
    work();
  } catch (const StoreLost& loss) {
    lost(loss);
    fail_all(batch);
  } catch (const std::exception& defect) {
    lost({defect.what()});
    fail_all(batch);
  }
}

void StoreThreads::write_and_tell(std::span<detail::Job* const> batch) {
  try_for(batch, [&] {
    const auto began = std::chrono::steady_clock::now();
    write_batch(batch);
    probe_.batch_jobs.observe(static_cast<double>(batch.size()));
    probe_.batch_seconds.observe(seconds_since(began));
  });
  deliver(batch);
}

void StoreThreads::turn() {
  while (writes_->size() > 0) {
    writes_->take(turn_, settings_.batch_max, std::chrono::milliseconds(0));
    write_and_tell(turn_);
  }
  if (!healthy()) look_whether_back();
}

void StoreThreads::write_loop() {
  std::vector<detail::Job*> batch;
  batch.reserve(settings_.batch_max);
  bool busy_since_quiet = false;
  std::chrono::steady_clock::time_point next_probe{};
  while (!writes_->finished()) {
    const auto limit = !healthy() ? probe_every : busy_since_quiet ? quiet_after : check_every();
    writes_->take(batch, settings_.batch_max, limit);
    if (!batch.empty()) {
      write_and_tell(batch);
      busy_since_quiet = true;
    } else if (healthy()) {
      try_for(batch, [&] { std::exchange(busy_since_quiet, false) ? quiet() : check(); });
    }
    // A batch that fitted does not show that the store is back: the next one may be larger.
    if (healthy() || std::chrono::steady_clock::now() < next_probe) continue;
    if (writes_->closed()) continue;  // What is left is refused; nobody waits for the store now.
    look_whether_back();
    next_probe = std::chrono::steady_clock::now() + probe_every;
  }
}

void StoreThreads::look_whether_back() {
  try {
    probe();
    recovered();
  } catch (const StoreLost&) {
    // Told already, when it was lost.
  } catch (const std::exception& defect) {
    log::error("the store cannot be probed", log::field("cause", defect.what()));
  }
}

void StoreThreads::read_loop(std::size_t reader) {
  std::vector<detail::Job*> jobs;
  while (!reads_->finished()) {
    // One at a time, so that other readers take what waits behind a slow one.
    reads_->take(jobs, 1, nothing_to_do);
    if (jobs.empty()) continue;
    const auto began = std::chrono::steady_clock::now();
    try_for(jobs, [&] { read_one(reader, *jobs[0]); });
    probe_.read_seconds.observe(seconds_since(began));
    deliver(jobs);
  }
}

void StoreThreads::lost(const StoreLost& loss) {
  probe_.losses.add();
  probe_.up.set(0);
  if (!healthy_.exchange(false)) return;
  writes_->nudge();  // The writer finds out when the store is back.
  log::error("store lost", log::field("engine", engine_), log::field("cause", loss.cause));
}

void StoreThreads::recovered() {
  if (healthy_.load(std::memory_order_relaxed)) return;
  healthy_ = true;
  probe_.up.set(1);
  log::info("store recovered", log::field("engine", engine_));
}

void StoreThreads::fail_all(std::span<detail::Job* const> jobs) {
  if (std::ranges::any_of(jobs, [](const detail::Job* job) { return job->committing; }))
    unknown_commits_.fetch_add(1, std::memory_order_release);
  // One Fault each: the callers' threads handle them at the same time.
  for (detail::Job* job : jobs) {
    if (job->settled) continue;
    job->failure = job->committing ? std::make_exception_ptr(CommitUnknown())
                                   : std::make_exception_ptr(unavailable());
  }
}

void StoreThreads::deliver(std::span<detail::Job* const> jobs) {
  if (jobs.size() == 1) {
    jobs[0]->done->complete();
    return;
  }
  struct Group {
    io::Loop* loop;
    std::vector<std::coroutine_handle<>> handles;
  };
  std::vector<Group> groups;
  for (detail::Job* job : jobs) {
    io::Loop* loop = &job->done->loop();
    auto group = std::ranges::find(groups, loop, &Group::loop);
    if (group == groups.end()) {
      groups.push_back({loop, {}});
      group = std::prev(groups.end());
      group->handles.reserve(jobs.size());
    }
    group->handles.push_back(job->done->handle());
  }
  for (Group& group : groups) group.loop->resume(std::move(group.handles));
}

}  // namespace molecule::sql
