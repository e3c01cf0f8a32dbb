// Who was heard when, and what it said: held in memory, so that a heartbeat costs no durable write.
// Times and phases lie in dense arrays that the sweep walks; the rest of a slot is touched only by
// its own agent's beats and by readers. Any thread unless a comment says otherwise.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/io/clock.h"
#include "platform/io/guarded.h"
#include "server/presence/beat.h"
#include "server/workspaces/workspaces.h"

namespace molecule::presence {

struct Limits {
  std::chrono::seconds late_after = std::chrono::seconds(60);    // Two beats missed.
  std::chrono::seconds silent_after = std::chrono::seconds(90);  // Agents that join by themselves.
  std::chrono::seconds container_silent_after = std::chrono::seconds(180);
};

// How far the silence of an agent has been told.
enum class Phase : std::uint8_t { fresh, late, silent };

class Roster final : public workspaces::VitalSigns {
 public:
  using Slot = std::uint32_t;
  static constexpr std::int64_t age_max = 1 << 29;  // Seconds; older is as old.
  static constexpr std::size_t chunk_slots = 1024;
  static constexpr std::size_t chunks_max =
      2048;  // 2M workspaces; beyond it a beat is refused (503).

  Roster(const io::Clock& clock, Limits limits)
      : clock_(clock), limits_(limits), started_(clock.monotonic()), grace_from_(second()) {}

  workspaces::Vitals of(WorkspaceId id) const override;
  void expect(WorkspaceId id, Instant at) override;

  // At start: what the store remembers. Not marked for writing.
  void restore(WorkspaceId id, const workspaces::Vitals& stored);
  void forget(WorkspaceId id);  // Purged.
  // It has gone, as it said or as its connection shows: it is silent from now on, whatever grace
  // there is.
  void leave(WorkspaceId id);

  struct Heard {
    Slot slot = 0;
    bool task_changed = false;  // Against what was last told to the log.
    Condition condition;
  };
  Heard hear(const Beat& beat, Instant at);
  // As a beat that says nothing: a registration.
  void greet(WorkspaceId id, Instant at);

  // Work for the write-behind. A slot is in each list at most once until it is taken.
  void urge(Slot slot);  // Something that must be told soon.
  std::vector<Slot> take_urgent(std::size_t max);
  std::vector<Slot> take_dirty(std::size_t max);
  bool has_urgent() const { return urgent_count_.load(std::memory_order_acquire) != 0; }
  bool has_dirty() const { return waiting() != 0; }
  std::size_t waiting() const { return dirty_count_.load(std::memory_order_acquire); }

  struct Snapshot {
    Slot slot = 0;
    WorkspaceId id;
    workspaces::Vitals vitals;
    Condition condition;
    bool task_changed = false;
    std::string passed_task;  // A task that began and ended since the last telling.
    std::int64_t passed_tasks = 0;
  };
  // Empty when the slot was given up meanwhile.
  std::optional<Snapshot> snapshot(Slot slot) const;
  // The log now says what the snapshot said.
  void told(const Snapshot& snapshot);
  // Nobody could be heard for a while, because this process did not run: everybody has one period
  // from now on before its silence means anything. So it is at start.
  void give_grace() { grace_from_.store(second(), std::memory_order_relaxed); }

  // A write failed: puts the slot back.
  void again(Slot slot, bool urgent);

  struct Quiet {
    Slot slot = 0;
    WorkspaceId id;
    std::int32_t seen = 0;  // Second it was last heard, as second() counts.
    Phase told = Phase::fresh;
    std::chrono::seconds age{};
  };
  // Slots silent for late_after or longer whose silence may not have been told in full.
  std::vector<Quiet> quiet() const;
  // The silence was told, unless the agent was heard in between.
  void mark(const Quiet& quiet, Phase phase);
  bool heard_since(const Quiet& quiet) const;

  const Limits& limits() const { return limits_; }
  std::size_t size() const;

 private:
  struct Detail {
    WorkspaceId id;
    Instant heard_at;  // Zero: never.
    Beat beat;
    std::int64_t monthly_spend = 0;
    std::string told_task;
    std::int64_t told_tasks = 0;
    std::string passed_task;  // The newest one that no telling saw; empty when none.
    std::int64_t passed_tasks = 0;
    bool dirty = false;
    bool urgent = false;
  };
  struct Chunk {
    std::array<std::atomic<std::int32_t>, chunk_slots> seen{};
    std::array<std::atomic<Phase>, chunk_slots> phase{};
    std::array<Detail, chunk_slots> detail;
  };
  struct Index {
    std::unordered_map<WorkspaceId, Slot> slots;
    std::vector<Slot> free;
    std::vector<std::unique_ptr<Chunk>> chunks;  // Owned here, reached through chunks_.
    Slot used = 0;
  };
  static constexpr std::size_t stripes = 256;
  struct alignas(64) Stripe {
    std::mutex mutex;
  };
  struct Queue {
    std::mutex mutex;
    std::vector<Slot> slots;
  };

  // Seconds on the monotonic clock, so that a step of the wall clock silences nobody. Counted from
  // far above zero: 0 in `seen` means never, and what the store remembers lies before the start.
  static constexpr std::int32_t second_of_start = 1 << 30;
  static constexpr std::int32_t second_left = 1;  // In `seen`: it has gone.
  std::int32_t second() const;
  // The second of an instant in the past, by its age.
  std::int32_t second_of(Instant at) const;
  // How long a silence since `seen` counts at `now`.
  std::int32_t counted(std::int32_t seen, std::int32_t now) const;

  std::optional<Slot> find(WorkspaceId id) const;
  Slot slot_of(WorkspaceId id);
  Chunk& chunk(Slot slot) const {
    return *chunks_[slot / chunk_slots].load(std::memory_order_acquire);
  }
  Detail& detail(Slot slot) const { return chunk(slot).detail[slot % chunk_slots]; }
  std::mutex& lock_of(Slot slot) const { return locks_[slot % stripes].mutex; }
  // With the slot's lock held.
  void touch(Slot slot, Detail& detail, Instant at);
  void put_dirty(Slot slot, Detail& detail);
  void put_urgent(Slot slot, Detail& detail);
  std::vector<Slot> take(Queue& queue, std::atomic<std::size_t>& count, std::size_t max,
                         bool Detail::* flag);

  const io::Clock& clock_;
  Limits limits_;
  std::chrono::nanoseconds started_;
  std::atomic<std::int32_t> grace_from_;
  io::Guarded<Index> index_;
  std::array<std::atomic<Chunk*>, chunks_max> chunks_{};
  mutable std::array<Stripe, stripes> locks_;
  Queue dirty_;
  Queue urgent_;
  std::atomic<std::size_t> dirty_count_{0};
  std::atomic<std::size_t> urgent_count_{0};
  std::atomic<std::uint32_t> used_{0};
  mutable std::atomic<bool> some_left_{false};  // Since quiet() last looked.
};

}  // namespace molecule::presence
