// Messages that wait for an agent that cannot take them now.
#include <algorithm>

#include "server/proxy/proxy_service.h"

namespace molecule::proxy {
namespace {

constexpr std::size_t slice_max = 256;  // Messages of one transaction.
// Of a removed workspace in one round: others have to be looked after, too.
constexpr int removed_slices_max = 64;
constexpr std::size_t lease_max = 16;  // With their bodies.

}  // namespace

io::Task<void> Service::recover() {
  const std::uint64_t unknown = db_.unknown_commits();
  auto work = [this, unknown](sql::Tx& tx) {
    ledger_.recover(tx);
    tx.after_commit([this, unknown] { unknown_commits_ = unknown; });
  };
  co_await db_.write(std::move(work));
}

void Service::agent_ready(WorkspaceId agent) {
  // Every heartbeat asks; nearly always nothing waits, and readers do not exclude each other.
  if (mailboxes_.waiting(agent) == 0) return;
  if (directory_.delivery(agent) == workspaces::Delivery::poll) return;
  mailboxes_.due_now(agent);
  try_mailbox(agent);
}

void Service::agent_anew(WorkspaceId agent) {
  quiet_.forget(agent);
  mailboxes_.due_now(agent, true);
}

void Service::try_mailbox(WorkspaceId agent) {
  if (mailboxes_.next(agent, clock_.monotonic(), 1).empty()) return;
  if (!draining_.write([&](auto& set) { return set.insert(agent).second; })) return;
  const Lane& lane = lanes_.front();
  lane.scope->spawn_from_anywhere("mailbox", [this, &lane, agent] { return drain(lane, agent); });
}

io::Task<void> Service::sweep() {
  if (db_.unknown_commits() != unknown_commits_ && db_.healthy()) co_await recover();
  co_await keep_leases();
  co_await end_overdue();
  for (WorkspaceId agent : mailboxes_.waiting_targets()) {
    // What waits for an agent that polls is fetched.
    if (directory_.delivery(agent) == workspaces::Delivery::push) try_mailbox(agent);
  }
}

io::Task<void> Service::keep_leases() {
  const auto now = clock_.monotonic();
  const auto soon = now + ledger_.settings().lease_for / 2;
  for (;;) {
    auto held = mailboxes_.ending_before(soon, slice_max);
    std::erase_if(held, [&](const messages::Mailboxes::Held& each) {
      return !carriers_.carry({each.seq, each.epoch}) && each.lease_until > now;
    });
    if (held.empty()) co_return;
    co_await db_.write([&, this](sql::Tx& tx) {
      for (const auto& each : held) {
        const messages::Lease lease{each.seq, each.epoch};
        if (carriers_.carry(lease)) {
          ledger_.renew(tx, each.target, lease);
        } else {
          ledger_.take_back(tx, each);
        }
      }
    });
    if (held.size() < slice_max) co_return;
  }
}

io::Task<void> Service::end_overdue() {
  auto expired = [this](sql::Tx& tx) { return ledger_.expire(tx, slice_max); };
  for (;;) {
    const std::size_t ended = co_await db_.write(expired);
    if (ended < slice_max) break;
  }
  // What is left of a workspace that had more open than its removal took along, and what was
  // accepted while that went on.
  for (WorkspaceId agent : mailboxes_.open_targets()) {
    auto brief = directory_.brief(agent);
    if (brief && brief->status != workspaces::Status::removed) continue;
    for (int slices = 0; slices < removed_slices_max; ++slices) {
      const std::size_t ended = co_await db_.write(
          [&, this](sql::Tx& tx) { return ledger_.end_all_for(tx, agent, slice_max); });
      if (ended < slice_max) break;
    }
  }
}

// Sends what may go out now, as many as the agent has room for.
io::Task<void> Service::drain(const Lane& lane, WorkspaceId agent) {
  // Ends the drain whatever happens, so that the next sweep may try again.
  struct Draining {
    Service& self;
    WorkspaceId agent;
    ~Draining() {
      self.draining_.write([&](auto& set) { set.erase(agent); });
    }
  } draining{*this, agent};

  for (;;) {
    Target target;
    try {
      target = admitter_.target(agent);
    } catch (const Fault&) {
      co_return;  // Removed, over budget or without a way in: the messages stay where they are.
    }
    if (target.way != Way::carried) co_return;
    // More may be under way than may begin: those that their senders wait for begin by themselves.
    const std::int64_t room =
        std::max<std::int64_t>(0, settings_.in_flight_max - mailboxes_.under_way(agent));
    auto next = mailboxes_.next(agent, clock_.monotonic(),
                                std::min(lease_max, static_cast<std::size_t>(room)));
    if (next.empty()) co_return;
    struct Leased {
      messages::Record record;
      messages::Lease lease;
    };
    auto leased = co_await db_.write([&, this](sql::Tx& tx) {
      std::vector<Leased> out;
      for (const auto& each : next) {
        auto lease = ledger_.lease(tx, agent, each);
        auto record = lease ? ledger_.find(tx, lease->seq) : std::nullopt;
        if (record) out.push_back({std::move(*record), *lease});
      }
      return out;
    });
    if (leased.empty()) co_return;
    for (Leased& each : leased) {
      lane.scope->spawn("message delivery",
                        carry_waiting(lane, target, std::move(each.record), each.lease));
    }
  }
}

io::Task<void> Service::carry_waiting(const Lane& lane, Target target, messages::Record record,
                                      messages::Lease lease) {
  Carriers::Hold hold(carriers_, lease);
  const messages::Message& message = record.message;
  Parcel parcel;
  parcel.target = std::move(target);
  parcel.source = message.source;
  parcel.body = std::move(record.body.text);
  parcel.rpc_id = message.rpc_id;
  parcel.generation = a2a::generation_of(message.method);
  parcel.activity = message.id();
  parcel.hops = message.hops;
  parcel.stream = a2a::asks_stream(message.method);
  parcel.again = record.delivery && record.delivery->attempts > 0;
  if (parcel.stream) {
    auto last =
        co_await db_.read([&, this](sql::Read& read) { return streams_.last(read, message.seq); });
    if (last) parcel.task = a2a::task_of(*last);
  }
  std::optional<Carried> carried = co_await deliver(lane, parcel, lease);
  if (!carried) co_return;
  Settled settled = co_await settle(lane, message, lease, *carried);
  if (settled == Settled::recorded) probe_.answered.add();
  if (settled == Settled::dead || settled == Settled::expired) probe_.dead.add();
  try_mailbox(message.target);
}

}  // namespace molecule::proxy
