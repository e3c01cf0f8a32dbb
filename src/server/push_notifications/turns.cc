#include "server/push_notifications/turns.h"

#include "platform/net/url.h"

namespace molecule::push_notifications {
namespace {

constexpr std::int64_t owners_looked_at = 4096;
// What is due of an owner, of one look; and looks, where hosts that have all their places stand
// before others.
constexpr std::int64_t looked_at = 512;
constexpr std::int64_t looks_max = 16;

Instant ahead_of(Instant now) { return now + again_waits.longest; }

// Empty of what is no address: telling says what is wrong with it.
std::string host_of(const Due& due) {
  try {
    return net::Url::parse(due.url).host;
  } catch (const Fault&) {
    return {};
  }
}

// What is due of one owner, read as far as it is asked for.
class Line {
 public:
  explicit Line(Owner owner) : owner_(owner) {}
  const Owner& owner() const { return owner_; }

  // The next that gets a place; none: there is no other.
  std::optional<Due> next(sql::Statements& statements, Places& places, Instant now) {
    while (at_ < rows_.size() || more(statements, now)) {
      Due& due = rows_[at_++];
      if (places.take(due)) return std::move(due);
    }
    return std::nullopt;
  }

 private:
  bool more(sql::Statements& statements, Instant now) {
    const bool last = looks_ > 0 && std::ssize(rows_) < looked_at;
    if (last || looks_ == looks_max) return false;
    const std::int64_t behind = looks_++ * looked_at;
    rows_ =
        owner_ ? statements.all(store::due_of_owner, now, looked_at, behind, ahead_of(now), *owner_)
               : statements.all(store::due_of_people, now, looked_at, behind, ahead_of(now));
    at_ = 0;
    return !rows_.empty();
  }

  Owner owner_;
  std::vector<Due> rows_;
  std::size_t at_ = 0;
  std::int64_t looks_ = 0;
};

}  // namespace

std::size_t Places::of(const Owner& owner) const {
  auto found = owners_.find(owner);
  return found == owners_.end() ? 0 : found->second;
}

bool Places::take(const Due& due) {
  if (full() || taken_.contains(due.key) || of(due.owner_id) >= bounds_.of_owner) return false;
  std::size_t& at_host = hosts_[host_of(due)];
  if (at_host >= bounds_.of_host) return false;
  ++at_host;
  ++owners_[due.owner_id];
  taken_.insert(due.key);
  return true;
}

void Places::give_back(const Due& due) {
  if (taken_.erase(due.key) == 0) return;
  if (auto host = hosts_.find(host_of(due)); --host->second == 0) hosts_.erase(host);
  if (auto owner = owners_.find(due.owner_id); --owner->second == 0) owners_.erase(owner);
}

std::vector<Due> next_to_tell(sql::Statements& statements, Places places, Instant now) {
  std::vector<Due> out;
  if (places.full()) return out;
  std::vector<Line> lines;
  for (const store::DueOwner& each :
       statements.all(store::due_owners, now, owners_looked_at, ahead_of(now)))
    lines.emplace_back(each.owner_id);
  // Round by round, so that who has none gets one before another gets a second.
  for (std::size_t has = 0; has < places.at_most_of_owner() && !places.full(); ++has) {
    for (Line& line : lines) {
      if (places.full()) break;
      if (places.of(line.owner()) != has) continue;
      if (auto due = line.next(statements, places, now)) out.push_back(std::move(*due));
    }
  }
  return out;
}

}  // namespace molecule::push_notifications
