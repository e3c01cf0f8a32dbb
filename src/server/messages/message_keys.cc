#include "server/messages/message_keys.h"

#include <bit>
#include <cstring>

namespace molecule::messages {
namespace {
constexpr std::size_t places_min = 1024;
}

MessageKeys::MessageKeys(std::size_t known) : known_(known), places_(places_min) {}

std::uint64_t MessageKeys::mark_of(const IdBytes& key) {
  std::uint64_t mark = 0;
  std::memcpy(&mark, key.data(), sizeof mark);
  return mark;
}

// The place of the mark, or the empty one where it would go.
std::size_t MessageKeys::place_of(std::uint64_t mark) const {
  std::size_t at = home(mark);
  while (places_[at].seq != 0 && places_[at].mark != mark) at = (at + 1) & (places_.size() - 1);
  return at;
}

std::optional<std::int64_t> MessageKeys::find(const IdBytes& key) const {
  const Entry& found = places_[place_of(mark_of(key))];
  if (found.seq == 0) return std::nullopt;
  return found.seq;
}

void MessageKeys::put(const Entry& entry) { places_[place_of(entry.mark)] = entry; }

void MessageKeys::grow() {
  std::vector<Entry> before(places_.size() * 2);
  before.swap(places_);
  for (const Entry& entry : before) {
    if (entry.seq != 0) put(entry);
  }
}

void MessageKeys::erase(const Entry& entry) {
  std::size_t hole = place_of(entry.mark);
  // A newer message may have taken the key over; then the entry is that one's.
  if (places_[hole].seq != entry.seq) return;
  const std::size_t mask = places_.size() - 1;
  for (std::size_t next = (hole + 1) & mask; places_[next].seq != 0; next = (next + 1) & mask) {
    // It may move only when its home is not between the hole and where it stands.
    if (((next - home(places_[next].mark)) & mask) < ((next - hole) & mask)) continue;
    places_[hole] = places_[next];
    hole = next;
  }
  places_[hole] = {};
}

void MessageKeys::forget_all() {
  places_.assign(places_.size(), Entry{});
  order_.clear();
  first_ = 0;
}

void MessageKeys::remember(const IdBytes& key, std::int64_t seq) {
  const Entry entry{mark_of(key), seq};
  if (order_.size() < known_) {
    order_.push_back(entry);
  } else {
    erase(order_[first_]);
    order_[first_] = entry;
    first_ = (first_ + 1) % order_.size();
  }
  if (order_.size() * 2 > places_.size()) grow();
  put(entry);
}

}  // namespace molecule::messages
