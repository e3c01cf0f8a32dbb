// What both engines have in common: the queues, the writer thread, the read threads, handing
// results back to the loops, health, and the figures. An engine says how a batch is written and a
// read is run.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "platform/metrics/metrics.h"
#include "platform/sql/commit_actions.h"
#include "platform/sql/database.h"
#include "platform/sql/job_queue.h"

namespace molecule::sql {

// Thrown inside an engine when the store itself fails: disk full, damaged, locked by another
// process, connection gone. Never leaves the engine; callers get Fault unavailable.
struct StoreLost {
  std::string cause;           // For the log.
  bool connection_bad = true;  // What the connection remembers of the store may be wrong.
  bool disk_failed = false;    // Reading, writing or syncing failed half way.
};

class StoreThreads : public Database {
 public:
  // Who runs what is handed in. By hand: nobody until turn(), for simulations of one thread.
  enum class Turns { own_threads, by_hand };

  ~StoreThreads() override;
  bool healthy() const override { return healthy_.load(std::memory_order_relaxed); }
  std::uint64_t unknown_commits() const override {
    return unknown_commits_.load(std::memory_order_acquire);
  }

  // By hand: everything that was handed in so far shares one commit; after a loss the store is
  // looked for.
  void turn();

  void submit_write(detail::Job& job) override;
  void submit_read(detail::Job& job) override;

 protected:
  StoreThreads(const Settings& settings, metrics::Registry& registry, std::string_view engine,
               Turns turns = Turns::own_threads);

  void start();  // Last act of the engine's constructor.
  void stop();   // First act of its destructor: finishes what is queued, joins the threads.

  // On the writer thread. Runs every job and makes the batch durable; a failure goes into its job.
  // Throws StoreLost to fail the whole batch.
  virtual void write_batch(std::span<detail::Job* const> batch) = 0;
  // On the writer thread, when the store was lost: one durable write that shows it is back, with
  // room for what was refused. Throws StoreLost. Nothing else ends a loss.
  virtual void probe() = 0;
  // On the writer thread, when nothing was waiting for quiet_after since the last batch.
  virtual void quiet() = 0;
  // On the writer thread, when nothing was written for check_every(): whether the store still
  // answers. Throws StoreLost.
  virtual void check() {}
  virtual std::chrono::milliseconds check_every() const { return nothing_to_do; }
  // On read thread `reader`. Throws StoreLost.
  virtual void read_one(std::size_t reader, detail::Job& job) = 0;

  // Runs the closure; what it throws becomes the job's failure. StoreLost passes through.
  template <class Access>
  static void run_closure(detail::Job& job, Access& access) {
    try {
      job.failure = nullptr;
      job.run(access);
    } catch (const StoreLost&) {
      throw;
    } catch (...) {
      job.failure = std::current_exception();
    }
  }
  // Throws StoreLost while a test keeps the store away.
  void require_reachable() const {
    if (settings_.interference && !settings_.interference->reachable())
      throw StoreLost{"the store is away"};
  }
  Interference::Commit interference_at_commit() const {
    return settings_.interference ? settings_.interference->at_commit()
                                  : Interference::Commit::goes_through;
  }

  const Settings settings_;
  // Set while the store says nothing at all: what is handed in then is refused at once instead of
  // waiting behind the probe.
  std::atomic<bool> silent_{false};
  bool reads_on_writer_ = false;  // For stores that exist on one connection only.
  static constexpr std::chrono::milliseconds nothing_to_do{3'600'000};

 private:
  static constexpr std::chrono::milliseconds quiet_after{50};
  static constexpr std::chrono::milliseconds probe_every{250};

  struct Probe {
    explicit Probe(metrics::Registry& registry);
    metrics::Counter& writes;
    metrics::Counter& reads;
    metrics::Counter& refused;
    metrics::Counter& losses;
    metrics::Histogram& batch_jobs;
    metrics::Histogram& batch_seconds;
    metrics::Histogram& read_seconds;
    metrics::Gauge& up;
  };

  void submit(const std::shared_ptr<JobQueue>& queue, detail::Job& job);
  void write_loop();
  template <class Work>
  void try_for(std::span<detail::Job* const> batch, Work&& work);
  void write_and_tell(std::span<detail::Job* const> batch);
  void read_loop(std::size_t reader);
  void lost(const StoreLost& loss);
  void recovered();
  void look_whether_back();
  void fail_all(std::span<detail::Job* const> jobs);
  void deliver(std::span<detail::Job* const> jobs);

  const std::string_view engine_;
  const Turns turns_;
  Probe probe_;
  // Shared with the wake-ups that loops have promised, which may run after the last job is done.
  const std::shared_ptr<JobQueue> writes_;
  const std::shared_ptr<JobQueue> reads_;
  std::atomic<bool> healthy_{true};
  std::atomic<std::uint64_t> unknown_commits_{0};
  std::vector<detail::Job*> turn_;  // By hand: the batch.
  std::vector<std::jthread> threads_;
};

}  // namespace molecule::sql
