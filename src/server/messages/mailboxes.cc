#include "server/messages/mailboxes.h"

#include <algorithm>

namespace molecule::messages {
namespace {

WorkspaceId key_of(const std::optional<WorkspaceId>& source) {
  return source.value_or(WorkspaceId{});
}

}  // namespace

bool Mailboxes::Line::empty() const {
  return waiting.empty() && carried.empty() && leaving.empty() && out.empty() && begun.empty();
}

void Mailboxes::Line::call_from(std::int64_t from) {
  for (auto it = calls.lower_bound(from); it != calls.end(); it = calls.erase(it)) it->second();
}

void Mailboxes::Line::call_first() {
  if (calls.empty()) return;
  calls.begin()->second();
  calls.erase(calls.begin());
}

void Mailboxes::Box::join(std::int64_t seq, const Open& what) {
  if (what.state == State::leased) {
    leased.insert(seq);
    const bool leaving = !what.out, may_end = what.out && *what.out != sent_for_good;
    if (what.at_work || (!leaving && !may_end && !what.waited)) return;
    Line& line = lines[key_of(what.source)];
    if (leaving) line.leaving.insert(line.leaving.end(), seq);
    if (may_end) line.out[*what.out].insert(seq);
    if (what.waited) line.carried.insert(seq);
    return;
  }
  Line& line = lines[key_of(what.source)];
  if (what.at_work) {
    line.begun.insert(seq);
    return;
  }
  line.waiting.insert(line.waiting.end(), seq);
  line.call_from(seq);  // All of them are behind it.
}

void Mailboxes::Box::leave(std::int64_t seq, const Open& what) {
  leased.erase(seq);
  auto found = lines.find(key_of(what.source));
  if (found == lines.end()) return;
  Line& line = found->second;
  line.waiting.erase(seq);
  line.carried.erase(seq);
  line.leaving.erase(seq);
  line.begun.erase(seq);
  if (!what.out) return;
  auto road = line.out.find(*what.out);
  if (road == line.out.end()) return;
  road->second.erase(seq);
  if (road->second.empty()) line.out.erase(road);
}

void Mailboxes::Box::tidy(const std::optional<WorkspaceId>& source) {
  auto line = lines.find(key_of(source));
  if (line == lines.end()) return;
  line->second.call_first();
  if (line->second.empty()) lines.erase(line);
}

void Mailboxes::put_in(Boxes& boxes, std::int64_t seq, const Open& open) {
  Box& box = boxes[open.target];
  auto [it, fresh] = box.open.try_emplace(seq, open);
  if (!fresh) {
    box.leave(seq, it->second);
    it->second = open;
  }
  box.join(seq, open);
}

void Mailboxes::put(std::int64_t seq, const Open& open) {
  boxes_.write([&](Boxes& map) { put_in(map, seq, open); });
}

void Mailboxes::replace(const std::vector<std::pair<std::int64_t, Open>>& all) {
  Boxes fresh;
  for (const auto& [seq, open] : all) put_in(fresh, seq, open);
  boxes_.write([&](Boxes& map) {
    map.swap(fresh);
    // What the store does not know of them: which of those that are being carried have gone out.
    for (auto& [target, before] : fresh) {
      auto box = map.find(target);
      for (const std::int64_t seq : before.leased) {
        const Open& known = before.open.at(seq);
        if (box == map.end() || !known.out) continue;
        auto it = box->second.open.find(seq);
        if (it == box->second.open.end()) continue;
        Open& now = it->second;
        if (now.state != State::leased || now.epoch != known.epoch) continue;
        box->second.leave(seq, now);
        now.out = known.out;
        box->second.join(seq, now);
      }
      for (auto& [sender, line] : before.lines) line.call_from(0);
    }
  });
}

void Mailboxes::take_out(WorkspaceId target, std::int64_t seq, bool arrived) {
  boxes_.write([&](auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return;
    auto it = box->second.open.find(seq);
    if (it == box->second.open.end()) return;
    const std::optional<WorkspaceId> source = it->second.source;
    box->second.leave(seq, it->second);
    if (it->second.waited && !it->second.at_work)
      box->second.lines[key_of(source)].flowing = arrived;
    box->second.open.erase(it);
    box->second.tidy(source);
    if (box->second.open.empty()) map.erase(box);
  });
}

Mailboxes::Turn Mailboxes::turn(WorkspaceId target, Lease lease, Road road,
                                std::function<void()> call) {
  return boxes_.write([&](Boxes& map) {
    auto box = map.find(target);
    if (box == map.end()) return Turn::over;
    auto it = box->second.open.find(lease.seq);
    if (it == box->second.open.end()) return Turn::over;
    const Open& open = it->second;
    if (open.state != State::leased || open.epoch != lease.epoch) return Turn::over;
    if (open.at_work || open.out) return Turn::now;
    Line& line = box->second.lines[key_of(open.source)];
    if (!line.waiting.empty() && *line.waiting.begin() < lease.seq) return Turn::behind;
    bool later = *line.leaving.begin() < lease.seq;
    // What is on a road that another has replaced comes back, or was heard.
    for (const auto& [by, seqs] : line.out)
      later = later || (road != sent_for_good && by != road && *seqs.begin() < lease.seq);
    if (!later) return Turn::now;
    line.calls[lease.seq] = std::move(call);
    return Turn::later;
  });
}

void Mailboxes::gone(WorkspaceId target, Lease lease, Road road) {
  change(target, lease.seq, [&](Open& open) {
    if (open.state == State::leased && open.epoch == lease.epoch && !open.out) open.out = road;
  });
}

void Mailboxes::halt(WorkspaceId target, const std::optional<WorkspaceId>& source) {
  boxes_.write([&](auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return;
    auto line = box->second.lines.find(key_of(source));
    if (line != box->second.lines.end()) line->second.flowing = false;
  });
}

std::vector<std::int64_t> Mailboxes::unfetched(WorkspaceId target,
                                               std::span<const std::int64_t> messages) const {
  return boxes_.read([&](const auto& map) {
    std::vector<std::int64_t> out;
    auto box = map.find(target);
    if (box == map.end()) return out;
    for (std::int64_t seq : messages) {
      auto it = box->second.open.find(seq);
      if (it == box->second.open.end()) continue;
      if (it->second.state == State::open && !it->second.fetched) out.push_back(seq);
    }
    return out;
  });
}

std::int64_t Mailboxes::waiting(WorkspaceId target) const {
  return boxes_.read([&](const auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return std::int64_t{0};
    return static_cast<std::int64_t>(box->second.open.size() - box->second.leased.size());
  });
}

std::int64_t Mailboxes::under_way(WorkspaceId target) const {
  return boxes_.read([&](const auto& map) {
    auto box = map.find(target);
    return box == map.end() ? std::int64_t{0}
                            : static_cast<std::int64_t>(box->second.leased.size());
  });
}

bool Mailboxes::is_leased(WorkspaceId target, Lease lease) const {
  return boxes_.read([&](const auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return false;
    auto it = box->second.open.find(lease.seq);
    return it != box->second.open.end() && it->second.state == State::leased &&
           it->second.epoch == lease.epoch;
  });
}

bool Mailboxes::may_pass(WorkspaceId target, const std::optional<WorkspaceId>& source) const {
  return boxes_.read([&](const auto& map) {
    auto box = map.find(target);
    if (box == map.end()) return true;
    auto line = box->second.lines.find(key_of(source));
    if (line == box->second.lines.end()) return true;
    return line->second.waiting.empty() && (line->second.carried.empty() || line->second.flowing);
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
    for (const auto& [sender, line] : box->second.lines) {
      for (std::int64_t seq : line.begun) {
        const Open& open = box->second.open.at(seq);
        if (open.not_before <= now) found.push_back({seq, open.epoch});
      }
      std::size_t room = line.flowing ? max : std::min<std::size_t>(max, 1);
      for (std::int64_t seq : line.waiting) {
        const Open& open = box->second.open.at(seq);
        if (room == 0 || open.not_before > now) break;
        if (!line.flowing && !line.carried.empty() && *line.carried.begin() < seq) break;
        found.push_back({seq, open.epoch});
        --room;
      }
    }
    std::ranges::sort(found, {}, &Next::seq);
    if (found.size() > max) found.resize(max);
    return found;
  });
}

std::vector<WorkspaceId> Mailboxes::waiting_targets() const {
  return boxes_.read([](const auto& map) {
    std::vector<WorkspaceId> targets;
    for (const auto& [target, box] : map) {
      if (box.open.size() > box.leased.size()) targets.push_back(target);
    }
    return targets;
  });
}

std::vector<WorkspaceId> Mailboxes::open_targets() const {
  return boxes_.read([](const auto& map) {
    std::vector<WorkspaceId> targets;
    for (const auto& [target, box] : map) targets.push_back(target);
    return targets;
  });
}

std::vector<Mailboxes::Held> Mailboxes::ending_before(std::chrono::nanoseconds at,
                                                      std::size_t max) const {
  return boxes_.read([&](const auto& map) {
    std::vector<Held> held;
    for (const auto& [target, box] : map) {
      for (std::int64_t seq : box.leased) {
        const Open& open = box.open.at(seq);
        if (open.lease_until >= at) continue;
        if (held.size() == max) return held;
        held.push_back({target, seq, open.epoch, open.lease_until});
      }
    }
    return held;
  });
}

std::map<std::int64_t, Open> Mailboxes::all() const {
  return boxes_.read([](const auto& map) {
    std::map<std::int64_t, Open> every;
    for (const auto& [target, box] : map) every.insert(box.open.begin(), box.open.end());
    return every;
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
