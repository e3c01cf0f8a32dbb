// What happens behind the beats: changes told soon, the rest written behind, silence noticed.
#include <algorithm>

#include "platform/log/log.h"
#include "server/presence/presence_service.h"
#include "server/presence/presence_store.h"

namespace molecule::presence {

namespace {

using workspaces::Status;
using workspaces::Trigger;

constexpr std::chrono::seconds beat_of_the_sweep{1};

bool counts_as_alive(Status status) {
  return status == Status::online || status == Status::degraded;
}

events::Arrival arrival_of(Status from, Trigger trigger, const Roster::Snapshot& said) {
  events::Arrival arrival;
  if (trigger == Trigger::erring) {
    if (said.condition.wedged) {
      arrival.runtime_state = "wedged";
    } else {
      arrival.error_rate = said.vitals.error_rate;
    }
    arrival.sample_error = said.vitals.sample_error;
  } else if (trigger == Trigger::heartbeat && from != Status::offline) {
    arrival.recovered_from = from;
  }
  return arrival;
}

}  // namespace

io::Task<void> Service::load() {
  auto query = [](sql::Read& read) { return read.all(store::all); };
  std::vector<store::Row> rows = co_await db_.read(query);
  workspaces::Directory& directory = table_.directory();
  for (store::Row& row : rows) {
    workspaces::Vitals vitals;
    vitals.last_heartbeat_at = row.last_heartbeat_at;
    vitals.active_tasks = row.active_tasks;
    vitals.uptime_seconds = row.uptime_seconds;
    vitals.error_rate = row.error_rate;
    vitals.sample_error = std::move(row.sample_error);
    vitals.current_task = std::move(row.current_task);
    vitals.monthly_spend = row.monthly_spend;
    roster_.restore(row.workspace_id, vitals);
    directory.note_spend(row.workspace_id, row.monthly_spend);
  }
  // Who counts as alive without ever having been heard is judged from its beginning.
  directory.look_at_all([this](const workspaces::Entry& entry) {
    if (counts_as_alive(entry.status)) roster_.expect(entry.id, entry.created_at);
  });
}

void Service::wake() {
  io::Loop* loop = loop_.load(std::memory_order_acquire);
  if (!loop || woken_.exchange(true, std::memory_order_acq_rel)) return;
  loop->post([this] { work_.notify(); });
}

io::Task<void> Service::run() {
  io::Context here = co_await io::context();
  loop_.store(here.loop, std::memory_order_release);
  const io::Clock& clock = table_.clock();
  std::chrono::nanoseconds next = clock.monotonic();
  bool store_away = false;
  for (;;) {
    woken_.store(false, std::memory_order_release);
    std::chrono::nanoseconds left = next - clock.monotonic();
    if (left.count() > 0 && store_away) {
      co_await io::sleep(left);
    } else if (left.count() > 0 && !roster_.has_urgent()) {
      co_await work_.wait(left);
    }
    if (roster_.has_urgent() && !store_away) {
      co_await io::sleep(gather);
      bool told = co_await tell_urgent();
      store_away = !told;
    }
    if (clock.monotonic() < next) continue;
    next = clock.monotonic() + beat_of_the_sweep;
    bool done = co_await every_second();
    store_away = !done;
  }
}

// A turn that comes much later than it should means that this process did not run (stopped, or the
// machine was frozen), so nobody was heard for that time.
void Service::notice_gap() {
  std::chrono::nanoseconds now = table_.clock().monotonic();
  if (turned_at_ && now - *turned_at_ > gap_max) {
    log::warn(
        "this process did not run for a while; agents have their usual time to be heard again",
        log::field("seconds",
                   std::chrono::duration_cast<std::chrono::seconds>(now - *turned_at_).count()));
    roster_.give_grace();
  }
  turned_at_ = now;
}

io::Task<bool> Service::every_second() {
  notice_gap();
  try {
    co_await sweep();
    co_return co_await write_behind();
  } catch (const Fault& fault) {
    log::warn("the sweep could not be written; it will be tried again",
              log::field("code", fault.code()));
  }
  co_return false;
}

io::Task<void> Service::flush_all() {
  bool told = co_await tell_urgent();
  bool more = told && roster_.has_dirty();
  while (more) {
    std::vector<Roster::Slot> slots = roster_.take_dirty(batch_max);
    bool written = co_await write_snapshots(std::move(slots), false);
    more = written && roster_.has_dirty();
  }
}

void Service::keep(sql::Tx& tx, const Roster::Snapshot& said) {
  const workspaces::Vitals& vitals = said.vitals;
  if (!vitals.last_heartbeat_at) return;
  tx.post(store::keep, said.id, *vitals.last_heartbeat_at, vitals.active_tasks,
          vitals.uptime_seconds, vitals.error_rate, vitals.sample_error, vitals.current_task,
          vitals.monthly_spend);
  if (vitals.monthly_spend == 0) return;
  tx.after_commit([this, id = said.id, spend = vitals.monthly_spend] {
    table_.directory().note_spend(id, spend);
  });
}

void Service::tell(sql::Tx& tx, const Roster::Snapshot& said) {
  auto brief = table_.directory().brief(said.id);
  // Old news, kept back by a store that was away, changes nothing.
  if (!brief || brief->status == Status::removed || !said.vitals.fresh) return;
  Status status = brief->status;
  while (auto trigger = verdict(status, said.condition)) {
    auto moved = table_.move(tx, said.id, *trigger, arrival_of(status, *trigger, said));
    if (!moved) break;
    status = *moved;
  }
  auto announce = [&](const std::string& task, std::int64_t count) {
    table_.announce(tx, events::event<events::Type::TASK_UPDATED>(said.id, {task, count}));
  };
  bool passed = !said.passed_task.empty();
  if (passed) announce(said.passed_task, said.passed_tasks);
  if (passed || said.task_changed) announce(said.vitals.current_task, said.vitals.active_tasks);
}

io::Task<bool> Service::write_snapshots(std::vector<Roster::Slot> slots, bool urgent) {
  std::vector<Roster::Snapshot> said;
  for (Roster::Slot slot : slots) {
    auto snapshot = roster_.snapshot(slot);
    if (snapshot && table_.directory().brief(snapshot->id)) said.push_back(std::move(*snapshot));
  }
  auto work = [this, &said](sql::Tx& tx) {
    for (const Roster::Snapshot& each : said) {
      keep(tx, each);
      tell(tx, each);
    }
  };
  bool written = false;
  try {
    co_await db_.write(work);
    written = true;
  } catch (const Fault& fault) {
    log::warn("presence could not be written; it will be tried again",
              log::field("code", fault.code()), log::field("workspaces", said.size()));
  }
  for (const Roster::Snapshot& each : said) {
    if (!written) {
      roster_.again(each.slot, urgent);
    } else if (each.vitals.fresh) {
      roster_.told(each);
    }
  }
  if (written && !urgent) {
    for (const Roster::Snapshot& each : said) {
      log_.announce(events::event<events::Type::WORKSPACE_HEARTBEAT>(
          each.id, {each.vitals.active_tasks, each.vitals.uptime_seconds}));
    }
  }
  co_return written;
}

io::Task<bool> Service::tell_urgent() {
  for (;;) {
    std::vector<Roster::Slot> slots = roster_.take_urgent(batch_max);
    if (slots.empty()) co_return true;
    bool written = co_await write_snapshots(std::move(slots), true);
    if (!written) co_return false;
  }
}

io::Task<bool> Service::write_behind() {
  for (std::size_t done = 0; done < behind_max && roster_.has_dirty();) {
    std::vector<Roster::Slot> slots = roster_.take_dirty(batch_max);
    done += slots.size();
    bool written = co_await write_snapshots(std::move(slots), false);
    if (!written) co_return false;
  }
  probe_.waiting.set(static_cast<std::int64_t>(roster_.waiting()));
  if (workspaces_.has_outbound()) {
    auto work = [this](sql::Tx& tx) { workspaces_.flush_outbound(tx); };
    co_await db_.write(work);
  }
  co_return true;
}

io::Task<void> Service::sweep() {
  const Limits& limits = roster_.limits();
  std::vector<Roster::Quiet> late;
  std::vector<Roster::Quiet> silent;
  for (const Roster::Quiet& quiet : roster_.quiet()) {
    auto brief = table_.directory().brief(quiet.id);
    if (!brief || !counts_as_alive(brief->status)) {
      // Nothing to tell, and nothing can make it count as alive again without being heard.
      if (quiet.age >= std::max(limits.silent_after, limits.container_silent_after))
        roster_.mark(quiet, Phase::silent);
      continue;
    }
    if (quiet.age >=
        (brief->joins_by_itself ? limits.silent_after : limits.container_silent_after)) {
      silent.push_back(quiet);
    } else if (quiet.told == Phase::fresh) {
      late.push_back(quiet);
    }
  }
  for (bool gone : {false, true}) {
    const std::vector<Roster::Quiet>& all = gone ? silent : late;
    for (std::size_t from = 0; from < all.size(); from += batch_max) {
      std::span<const Roster::Quiet> batch(all.data() + from,
                                           std::min(batch_max, all.size() - from));
      auto work = [this, batch, gone](sql::Tx& tx) {
        for (const Roster::Quiet& quiet : batch) {
          if (roster_.heard_since(quiet)) continue;
          if (gone) {
            table_.move(tx, quiet.id, Trigger::silent);
          } else {
            table_.announce(tx, events::event<events::Type::WORKSPACE_LATE>(quiet.id, {}));
          }
        }
      };
      co_await db_.write(work);
      for (const Roster::Quiet& quiet : batch) {
        roster_.mark(quiet, gone ? Phase::silent : Phase::late);
        if (gone) probe_.silenced.add();
        // Heard while its silence was being written: told at once that it is back.
        if (roster_.heard_since(quiet)) roster_.urge(quiet.slot);
      }
    }
  }
}

void Service::purged(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  for (WorkspaceId id : ids) {
    tx.run(store::forget, id);
    tx.after_commit([this, id] { roster_.forget(id); });
  }
}

}  // namespace molecule::presence
