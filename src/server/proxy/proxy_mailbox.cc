// Messages that wait for an agent that cannot take them now.
#include "server/proxy/proxy_service.h"

namespace molecule::proxy {
namespace {

using activity::store::Message;

}  // namespace

io::Task<void> Service::recover() {
  auto boxes = co_await db_.write([this](sql::Tx& tx) {
    tx.run(activity::store::reclaim);
    ledger_.load_keys(tx);
    return tx.all(activity::store::waiting);
  });
  boxes_.write([&](auto& map) {
    for (const auto& box : boxes) map[box.workspace_id].waiting = box.count;
  });
}

void Service::count_waiting(WorkspaceId agent, std::int64_t by) {
  boxes_.write([&](auto& map) {
    Box& box = map[agent];
    box.waiting = std::max<std::int64_t>(0, box.waiting + by);
    if (box.waiting == 0 && !box.draining) map.erase(agent);
  });
}

std::int64_t Service::waiting_for(WorkspaceId agent) const {
  return boxes_.read([&](const auto& map) {
    auto it = map.find(agent);
    return it == map.end() ? std::int64_t{0} : it->second.waiting;
  });
}

void Service::agent_ready(WorkspaceId agent) {
  // Every heartbeat asks; nearly always nothing waits, and readers do not exclude each other.
  if (waiting_for(agent) == 0) return;
  bool start = boxes_.write([&](auto& map) {
    auto it = map.find(agent);
    if (it == map.end() || it->second.waiting == 0 || it->second.draining) return false;
    it->second.draining = true;
    return true;
  });
  if (!start) return;
  const Lane& lane = lanes_.front();
  lane.scope->spawn_from_anywhere("mailbox", [this, &lane, agent] { return drain(lane, agent); });
}

void Service::sweep() {
  std::vector<WorkspaceId> agents = boxes_.read([](const auto& map) {
    std::vector<WorkspaceId> found;
    for (const auto& [agent, box] : map) {
      if (box.waiting > 0 && !box.draining) found.push_back(agent);
    }
    return found;
  });
  for (WorkspaceId agent : agents) agent_ready(agent);
}

io::Task<void> Service::drain(const Lane& lane, WorkspaceId agent) {
  // Ends the drain whatever happens, so that the next sweep may try again.
  struct Draining {
    Service& self;
    WorkspaceId agent;
    ~Draining() {
      self.boxes_.write([&](auto& map) {
        auto it = map.find(agent);
        if (it == map.end()) return;
        it->second.draining = false;
        if (it->second.waiting == 0) map.erase(it);
      });
    }
  } draining{*this, agent};

  for (;;) {
    Target target;
    try {
      target = admitter_.target(agent);
    } catch (const Fault&) {
      co_return;  // Removed, over budget or without a way in: the messages stay where they are.
    }
    if (target.link == Link::poll) {
      std::int64_t moved = co_await db_.write(
          [&](sql::Tx& tx) { return tx.run(activity::store::queued_to_polled, agent); });
      count_waiting(agent, -moved);
      co_return;
    }
    if (target.link != Link::push) co_return;
    auto message = co_await db_.write([&, this](sql::Tx& tx) { return ledger_.lease(tx, agent); });
    if (!message) co_return;
    count_waiting(agent, -1);
    Parcel parcel;
    parcel.target = target;
    parcel.source = message->source_id;
    parcel.body = message->request_body.text;
    parcel.rpc_id = message->rpc_id.value_or("null");
    parcel.generation =
        message->method == "SendMessage" ? a2a::Generation::v10 : a2a::Generation::v03;
    parcel.activity = activity::make_id(message->created_at, message->seq);
    parcel.hops = message->hops;
    Carried carried = co_await deliver(lane, parcel);
    Settled settled = co_await settle(lane, *message, carried);
    if (settled == Settled::retry) {
      count_waiting(agent, 1);
      co_return;  // Not reachable after all; the sweep tries again later.
    }
    if (settled == Settled::recorded) probe_.answered.add();
    if (settled == Settled::dead) probe_.dead.add();
  }
}

}  // namespace molecule::proxy
