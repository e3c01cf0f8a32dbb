#include "server/presence/roster.h"

#include <algorithm>

#include "base/fault.h"

namespace molecule::presence {

std::int32_t Roster::second() const {
  auto since = std::chrono::floor<std::chrono::seconds>(clock_.monotonic() - started_);
  return second_of_start +
         static_cast<std::int32_t>(std::min<std::int64_t>(since.count(), age_max));
}

std::int32_t Roster::second_of(Instant at) const {
  std::int64_t age = clock_.now().seconds() - at.seconds();
  return second() - static_cast<std::int32_t>(std::clamp<std::int64_t>(age, 0, age_max));
}

std::int32_t Roster::counted(std::int32_t seen, std::int32_t now) const {
  if (seen == second_left) return static_cast<std::int32_t>(age_max);
  return now - std::max(seen, grace_from_.load(std::memory_order_relaxed));
}

std::optional<Roster::Slot> Roster::find(WorkspaceId id) const {
  return index_.read([&](const Index& index) -> std::optional<Slot> {
    auto it = index.slots.find(id);
    if (it == index.slots.end()) return std::nullopt;
    return it->second;
  });
}

Roster::Slot Roster::slot_of(WorkspaceId id) {
  if (auto found = find(id)) return *found;
  return index_.write([&](Index& index) {
    auto [it, added] = index.slots.try_emplace(id, 0);
    if (!added) return it->second;
    Slot slot = index.used;
    if (!index.free.empty()) {
      slot = index.free.back();
      index.free.pop_back();
    } else {
      if (slot / chunk_slots >= chunks_max) {
        index.slots.erase(it);
        throw unavailable("this platform holds as many workspaces as it can; remove some");
      }
      auto& place = chunks_[slot / chunk_slots];
      if (place.load() == nullptr) {
        index.chunks.push_back(std::make_unique<Chunk>());
        place.store(index.chunks.back().get(), std::memory_order_release);
      }
      ++index.used;
      used_.store(index.used, std::memory_order_release);
    }
    it->second = slot;
    std::lock_guard lock(lock_of(slot));
    Detail& fresh = detail(slot);
    // The queues may still name a slot that was given up: its flags say so and stay.
    bool dirty = fresh.dirty;
    bool urgent = fresh.urgent;
    fresh = Detail{};
    fresh.id = id;
    fresh.dirty = dirty;
    fresh.urgent = urgent;
    return slot;
  });
}

std::size_t Roster::size() const {
  return index_.read([](const Index& index) { return index.slots.size(); });
}

workspaces::Vitals Roster::of(WorkspaceId id) const {
  auto slot = find(id);
  if (!slot) return {};
  auto found = snapshot(*slot);
  if (!found || found->id != id) return {};
  return std::move(found->vitals);
}

void Roster::touch(Slot slot, Detail& detail, Instant at) {
  detail.heard_at = at;
  Chunk& of_slot = chunk(slot);
  of_slot.seen[slot % chunk_slots].store(second(), std::memory_order_relaxed);
  of_slot.phase[slot % chunk_slots].store(Phase::fresh, std::memory_order_relaxed);
  put_dirty(slot, detail);
}

void Roster::expect(WorkspaceId id, Instant at) {
  Slot slot = slot_of(id);
  std::lock_guard lock(lock_of(slot));
  auto& seen = chunk(slot).seen[slot % chunk_slots];
  if (seen.load(std::memory_order_relaxed) == 0)
    seen.store(second_of(at), std::memory_order_relaxed);
}

void Roster::restore(WorkspaceId id, const workspaces::Vitals& stored) {
  Slot slot = slot_of(id);
  std::lock_guard lock(lock_of(slot));
  Detail& into = detail(slot);
  into.heard_at = stored.last_heartbeat_at.value_or(Instant());
  into.monthly_spend = stored.monthly_spend;
  into.beat.active_tasks = into.told_tasks = stored.active_tasks;
  into.beat.current_task = into.told_task = stored.current_task;
  into.beat.uptime_seconds = stored.uptime_seconds;
  into.beat.error_rate = stored.error_rate;
  into.beat.sample_error = stored.sample_error;
  if (into.heard_at == Instant()) return;
  chunk(slot).seen[slot % chunk_slots].store(second_of(into.heard_at), std::memory_order_relaxed);
}

void Roster::forget(WorkspaceId id) {
  index_.write([&](Index& index) {
    auto it = index.slots.find(id);
    if (it == index.slots.end()) return;
    Slot slot = it->second;
    std::lock_guard lock(lock_of(slot));
    detail(slot).id = WorkspaceId();
    chunk(slot).seen[slot % chunk_slots].store(0, std::memory_order_relaxed);
    chunk(slot).phase[slot % chunk_slots].store(Phase::fresh, std::memory_order_relaxed);
    index.free.push_back(slot);
    index.slots.erase(it);
  });
}

void Roster::leave(WorkspaceId id) {
  const auto found = find(id);
  if (!found) return;
  const Slot slot = *found;
  std::lock_guard lock(lock_of(slot));
  auto& seen = chunk(slot).seen[slot % chunk_slots];
  if (detail(slot).id != id || seen.load(std::memory_order_relaxed) == 0) return;
  seen.store(second_left, std::memory_order_relaxed);
  some_left_.store(true, std::memory_order_release);
}

Roster::Heard Roster::hear(const Beat& beat, Instant at) {
  Slot slot = slot_of(beat.workspace);
  std::lock_guard lock(lock_of(slot));
  Detail& into = detail(slot);
  if (into.id != beat.workspace) return {slot, false, {}};  // Given up this instant: purged.
  const Beat& before = into.beat;
  if (!before.current_task.empty() && before.current_task != beat.current_task &&
      before.current_task != into.told_task) {
    // Quick work ends before it is told; people should still see that it was done.
    into.passed_task = before.current_task;
    into.passed_tasks = before.active_tasks;
  }
  into.beat = beat;
  if (beat.monthly_spend != 0) into.monthly_spend = beat.monthly_spend;
  touch(slot, into, at);
  bool changed = into.told_task != beat.current_task || into.told_tasks != beat.active_tasks;
  return {slot, changed, {beat.error_rate, beat.wedged, beat.manages_status}};
}

void Roster::greet(WorkspaceId id, Instant at) {
  Slot slot = slot_of(id);
  std::lock_guard lock(lock_of(slot));
  if (detail(slot).id == id) touch(slot, detail(slot), at);
}

void Roster::put_dirty(Slot slot, Detail& detail) {
  if (std::exchange(detail.dirty, true)) return;
  std::lock_guard lock(dirty_.mutex);
  dirty_.slots.push_back(slot);
  dirty_count_.store(dirty_.slots.size(), std::memory_order_release);
}

void Roster::put_urgent(Slot slot, Detail& detail) {
  if (std::exchange(detail.urgent, true)) return;
  std::lock_guard lock(urgent_.mutex);
  urgent_.slots.push_back(slot);
  urgent_count_.store(urgent_.slots.size(), std::memory_order_release);
}

void Roster::urge(Slot slot) {
  std::lock_guard lock(lock_of(slot));
  put_urgent(slot, detail(slot));
}

void Roster::again(Slot slot, bool urgent) {
  std::lock_guard lock(lock_of(slot));
  if (urgent) {
    put_urgent(slot, detail(slot));
  } else {
    put_dirty(slot, detail(slot));
  }
}

std::vector<Roster::Slot> Roster::take(Queue& queue, std::atomic<std::size_t>& count,
                                       std::size_t max, bool Detail::* flag) {
  std::vector<Slot> taken;
  {
    std::lock_guard lock(queue.mutex);
    std::size_t n = std::min(max, queue.slots.size());
    // Oldest first, so that none waits for ever behind newer ones.
    auto end = queue.slots.begin() + static_cast<std::ptrdiff_t>(n);
    taken.assign(queue.slots.begin(), end);
    queue.slots.erase(queue.slots.begin(), end);
    count.store(queue.slots.size(), std::memory_order_release);
  }
  for (Slot slot : taken) {
    std::lock_guard lock(lock_of(slot));
    detail(slot).*flag = false;
  }
  return taken;
}

std::vector<Roster::Slot> Roster::take_urgent(std::size_t max) {
  return take(urgent_, urgent_count_, max, &Detail::urgent);
}

std::vector<Roster::Slot> Roster::take_dirty(std::size_t max) {
  return take(dirty_, dirty_count_, max, &Detail::dirty);
}

std::optional<Roster::Snapshot> Roster::snapshot(Slot slot) const {
  std::int32_t now = second();
  std::lock_guard lock(lock_of(slot));
  const Detail& from = detail(slot);
  if (from.id.nil()) return std::nullopt;
  Snapshot out;
  out.slot = slot;
  out.id = from.id;
  workspaces::Vitals& vitals = out.vitals;
  if (from.heard_at != Instant()) vitals.last_heartbeat_at = from.heard_at;
  vitals.active_tasks = from.beat.active_tasks;
  vitals.uptime_seconds = from.beat.uptime_seconds;
  vitals.error_rate = from.beat.error_rate;
  vitals.sample_error = from.beat.sample_error;
  vitals.current_task = from.beat.current_task;
  vitals.monthly_spend = from.monthly_spend;
  std::int32_t seen = chunk(slot).seen[slot % chunk_slots].load(std::memory_order_relaxed);
  vitals.late = counted(seen, now) >= limits_.late_after.count();
  // Old news stays old: no grace for what it said before.
  vitals.fresh = vitals.last_heartbeat_at.has_value() && now - seen < limits_.silent_after.count();
  out.condition = {from.beat.error_rate, from.beat.wedged, from.beat.manages_status};
  out.task_changed =
      from.told_task != from.beat.current_task || from.told_tasks != from.beat.active_tasks;
  out.passed_task = from.passed_task;
  out.passed_tasks = from.passed_tasks;
  return out;
}

void Roster::told(const Snapshot& said) {
  std::lock_guard lock(lock_of(said.slot));
  Detail& into = detail(said.slot);
  if (into.id != said.id) return;
  into.told_task = said.vitals.current_task;
  into.told_tasks = said.vitals.active_tasks;
  // A task that ended while it was being told has been told.
  bool told_now =
      into.passed_task == said.passed_task || into.passed_task == said.vitals.current_task;
  if (told_now) into.passed_task.clear();
}

std::vector<Roster::Quiet> Roster::quiet() const {
  std::vector<Quiet> found;
  const std::int32_t now = second();
  const std::int32_t late_after = static_cast<std::int32_t>(limits_.late_after.count());
  const std::int32_t limit = now - late_after;
  // Nobody can be silent yet, but who has left.
  const bool grace = counted(0, now) < late_after;
  const bool some_left = some_left_.exchange(false, std::memory_order_acq_rel);
  if (grace && !some_left) return found;
  Slot used = used_.load(std::memory_order_acquire);
  for (Slot base = 0; base < used; base += chunk_slots) {
    Chunk& of_base = chunk(base);
    Slot count = std::min<Slot>(chunk_slots, used - base);
    for (Slot i = 0; i < count; ++i) {
      std::int32_t seen = of_base.seen[i].load(std::memory_order_relaxed);
      if (seen > limit || seen == 0 || (grace && seen != second_left)) continue;
      Phase told = of_base.phase[i].load(std::memory_order_relaxed);
      if (told == Phase::silent) continue;
      std::lock_guard lock(lock_of(base + i));
      found.push_back(
          {base + i, of_base.detail[i].id, seen, told, std::chrono::seconds(counted(seen, now))});
    }
  }
  return found;
}

void Roster::mark(const Quiet& quiet, Phase phase) {
  std::lock_guard lock(lock_of(quiet.slot));
  Chunk& of_slot = chunk(quiet.slot);
  if (of_slot.seen[quiet.slot % chunk_slots].load(std::memory_order_relaxed) != quiet.seen) return;
  of_slot.phase[quiet.slot % chunk_slots].store(phase, std::memory_order_relaxed);
}

bool Roster::heard_since(const Quiet& quiet) const {
  return chunk(quiet.slot).seen[quiet.slot % chunk_slots].load(std::memory_order_relaxed) !=
         quiet.seen;
}

}  // namespace molecule::presence
