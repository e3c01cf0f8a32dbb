#include "server/messages/mailboxes.h"

#include <algorithm>

namespace molecule::messages {
namespace {

WorkspaceId key_of(const std::optional<WorkspaceId>& source) {
  return source.value_or(WorkspaceId{});
}

}  // namespace

void Mailboxes::put(std::int64_t seq, const Open& open) {
  boxes_.write([&](auto& map) {
    Box& box = map[open.target];
    auto [it, fresh] = box.open.try_emplace(seq, open);
    if (!fresh) {
      box.leased -= it->second.state == State::leased;
      it->second = open;
    }
    box.leased += open.state == State::leased;
  });
}

void Mailboxes::take_out(WorkspaceId target, std::int64_t seq) {
  boxes_.write([&](auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return;
    auto it = box->second.open.find(seq);
    if (it == box->second.open.end()) return;
    box->second.leased -= it->second.state == State::leased;
    if (it->second.waited) box->second.flowing.insert(key_of(it->second.source));
    box->second.open.erase(it);
    if (box->second.open.empty()) map.erase(box);
  });
}

void Mailboxes::halt(WorkspaceId target, const std::optional<WorkspaceId>& source) {
  boxes_.write([&](auto& map) {
    auto box = map.find(target);
    if (box != map.end()) box->second.flowing.erase(key_of(source));
  });
}

void Mailboxes::clear() {
  boxes_.write([](auto& map) { map.clear(); });
}

std::int64_t Mailboxes::waiting(WorkspaceId target) const {
  return boxes_.read([&](const auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return std::int64_t{0};
    return static_cast<std::int64_t>(box->second.open.size()) - box->second.leased;
  });
}

std::int64_t Mailboxes::under_way(WorkspaceId target) const {
  return boxes_.read([&](const auto& map) {
    auto box = map.find(target);
    return box == map.end() ? std::int64_t{0} : box->second.leased;
  });
}

bool Mailboxes::may_pass(WorkspaceId target, const std::optional<WorkspaceId>& source) const {
  return boxes_.read([&](const auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return true;
    const bool flowing = box->second.flowing.contains(key_of(source));
    return std::none_of(box->second.open.begin(), box->second.open.end(), [&](const auto& each) {
      const Open& open = each.second;
      return open.source == source && (open.state == State::open || (open.waited && !flowing));
    });
  });
}

void Mailboxes::due_now(WorkspaceId target, bool all) {
  boxes_.write([&](auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return;
    for (auto& [seq, open] : box->second.open) {
      if (open.unreached || all) open.not_before = std::chrono::nanoseconds{0};
    }
  });
}

std::int64_t Mailboxes::tries(WorkspaceId target, std::int64_t seq) const {
  return boxes_.read([&](const auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return std::int64_t{0};
    auto it = box->second.open.find(seq);
    return it == box->second.open.end() ? std::int64_t{0} : it->second.tries;
  });
}

std::optional<std::int64_t> Mailboxes::hops(WorkspaceId target, std::int64_t seq) const {
  return boxes_.read([&](const auto& map) -> std::optional<std::int64_t> {
    auto box = map.find(target);
    if (box == map.end()) return std::nullopt;
    auto it = box->second.open.find(seq);
    if (it == box->second.open.end()) return std::nullopt;
    return it->second.hops;
  });
}

std::vector<Mailboxes::Next> Mailboxes::next(WorkspaceId target, std::chrono::nanoseconds now,
                                             std::size_t max) const {
  return boxes_.read([&](const auto& map) {
    std::vector<Next> found;
    auto box = map.find(target);
    if (box == map.end()) return found;
    if (box->second.leased == static_cast<std::int64_t>(box->second.open.size())) return found;
    std::unordered_set<WorkspaceId> held_back;  // Senders of which something has to go before.
    for (const auto& [seq, open] : box->second.open) {
      if (found.size() == max) break;
      const WorkspaceId sender = key_of(open.source);
      const bool flowing = box->second.flowing.contains(sender);
      if (open.state == State::leased) {
        if (open.waited && !flowing) held_back.insert(sender);
        continue;
      }
      if (held_back.contains(sender)) continue;
      if (open.not_before <= now) found.push_back({seq, open.epoch});
      if (open.not_before > now || !flowing) held_back.insert(sender);
    }
    return found;
  });
}

std::vector<WorkspaceId> Mailboxes::waiting_targets() const {
  return boxes_.read([](const auto& map) {
    std::vector<WorkspaceId> targets;
    for (const auto& [target, box] : map) {
      if (static_cast<std::int64_t>(box.open.size()) > box.leased) targets.push_back(target);
    }
    return targets;
  });
}

std::vector<Mailboxes::Held> Mailboxes::ending_before(std::chrono::nanoseconds at,
                                                      std::size_t max) const {
  return boxes_.read([&](const auto& map) {
    std::vector<Held> held;
    for (const auto& [target, box] : map) {
      if (box.leased == 0) continue;
      for (const auto& [seq, open] : box.open) {
        if (open.state != State::leased || open.lease_until >= at) continue;
        if (held.size() == max) return held;
        held.push_back({target, seq, open.epoch, open.lease_until});
      }
    }
    return held;
  });
}

std::size_t Mailboxes::size() const {
  return boxes_.read([](const auto& map) {
    std::size_t count = 0;
    for (const auto& [target, box] : map) count += box.open.size();
    return count;
  });
}

}  // namespace molecule::messages
