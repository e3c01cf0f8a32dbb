// How many messages are on their way to an agent over one relay at a time: fewer than it may have
// streams, so that it can always be asked how a task stands, or to stop; and not all of one
// sender's, so that there is always room for others. Belongs to the relay's loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/id.h"
#include "platform/io/signal.h"

namespace molecule::relay {

class Room {
 public:
  // Streams that no message takes.
  static constexpr std::size_t for_questions = 8;

  explicit Room(std::size_t streams)
      : max_(streams > 2 * for_questions ? streams - for_questions : streams),
        share_(max_ - max_ / 4) {}
  Room(const Room&) = delete;

  // Given back when it ends.
  class Place {
   public:
    Place(Room& room, WorkspaceId sender) : room_(&room), sender_(sender) {}
    Place(Place&& other) noexcept
        : room_(std::exchange(other.room_, nullptr)), sender_(other.sender_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(room_, other.room_);
      std::swap(sender_, other.sender_);
      return *this;
    }
    ~Place() {
      if (room_) room_->leave(sender_);
    }

   private:
    Room* room_;
    WorkspaceId sender_;
  };
  // Waits for a place; whoever came first is first, but for those who have their share. Nothing
  // when there was none for so long. People are one sender.
  io::Task<std::optional<Place>> take(const std::optional<WorkspaceId>& sender,
                                      std::chrono::nanoseconds patience);

 private:
  struct Sender {
    std::size_t places = 0;
    std::set<std::uint64_t> waiting;
  };
  bool has_room(const Sender& sender, std::uint64_t number) const;
  void leave(WorkspaceId sender);
  void tidy(WorkspaceId sender);

  const std::size_t max_;
  const std::size_t share_;
  std::size_t taken_ = 0;
  std::uint64_t numbers_ = 0;
  std::map<WorkspaceId, Sender> senders_;
  io::Signal freed_;
};

}  // namespace molecule::relay
