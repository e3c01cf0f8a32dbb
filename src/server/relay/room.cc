#include "server/relay/room.h"

#include "platform/net/wheel.h"

namespace molecule::relay {

bool Room::has_room(const Sender& sender, std::uint64_t number) const {
  if (taken_ >= max_ || sender.places >= share_) return false;
  for (const auto& [id, other] : senders_) {
    const bool before = !other.waiting.empty() && *other.waiting.begin() < number;
    if (before && other.places < share_) return false;
  }
  return true;
}

io::Task<std::optional<Room::Place>> Room::take(const std::optional<WorkspaceId>& sender,
                                                std::chrono::nanoseconds patience) {
  io::Context here = co_await io::context();
  const WorkspaceId id = sender.value_or(WorkspaceId{});
  const std::uint64_t number = ++numbers_;
  // Also when whoever waits here was cancelled.
  struct Waiting {
    Waiting(Room& r, WorkspaceId s, std::uint64_t n) : room(r), sender(s), number(n) {
      room.senders_[sender].waiting.insert(number);
    }
    ~Waiting() {
      room.senders_[sender].waiting.erase(number);
      room.tidy(sender);
      room.freed_.notify();  // The next one of its sender may be the first now.
    }
    Room& room;
    const WorkspaceId sender;
    const std::uint64_t number;
  };
  std::optional<Place> place;
  {
    Waiting waiting(*this, id, number);
    const auto until = net::Wheel::now(*here.loop) + patience;
    for (;;) {
      Sender& own = senders_[id];
      if (has_room(own, number)) {
        ++own.places;
        ++taken_;
        place.emplace(*this, id);
        break;
      }
      const auto left = until - net::Wheel::now(*here.loop);
      if (left.count() <= 0) break;
      co_await freed_.wait(left);
    }
  }
  co_return place;
}

void Room::leave(WorkspaceId sender) {
  --taken_;
  --senders_[sender].places;
  tidy(sender);
  freed_.notify();
}

void Room::tidy(WorkspaceId sender) {
  auto at = senders_.find(sender);
  if (at != senders_.end() && at->second.places == 0 && at->second.waiting.empty())
    senders_.erase(at);
}

}  // namespace molecule::relay
