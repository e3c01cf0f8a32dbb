// How far a client may resume and what it gets: the part of following that needs no socket.
//
// A position is resumed when it is known, still stored and not too far behind. Otherwise the client
// is told why and where to continue after taking a fresh snapshot; nothing is skipped silently.
#pragma once

#include <optional>
#include <string_view>

#include "server/auth/access.h"
#include "server/events/log.h"

namespace molecule::events {

// Beyond this many missed facts a fresh snapshot is cheaper than a replay.
inline constexpr std::int64_t replay_max = 20'000;
// Frames handed out per step.
inline constexpr std::size_t step_max = 256;
// The same in bytes, so that a slow follower holds little; a larger frame comes alone.
inline constexpr std::size_t step_bytes_max = 256u << 10;

struct Start {
  bool resumed = false;
  std::int64_t seq = 0;     // Continue after this position.
  std::string_view reason;  // fresh, unknown_position, too_old, too_far_behind, resumed
};

inline Start start_from(std::optional<std::int64_t> since, std::int64_t oldest,
                        std::int64_t newest) {
  if (!since) return {false, newest, "fresh"};
  if (*since < 0 || *since > newest) return {false, newest, "unknown_position"};
  if (*since + 1 < oldest) return {false, newest, "too_old"};
  if (newest - *since > replay_max) return {false, newest, "too_far_behind"};
  return {true, *since, "resumed"};
}

// One follower's place in the log. A workspace sees everything about itself and of others what the
// audience of each type allows; operators see everything.
class Cursor {
 public:
  Cursor(Log& log, const auth::Reach& reach, std::optional<WorkspaceId> who, std::int64_t seq)
      : log_(log), reach_(reach), who_(who), seq_(seq), presence_(log.arrive(transients_)) {}
  // Only facts about this workspace.
  void only(WorkspaceId workspace) { only_ = workspace; }

  // Visible frames since the last step, oldest first; empty when caught up. `advanced` tells
  // whether the position moved, for then there may be more.
  struct Seen {
    FramePtr frame;
    std::string_view text;  // As this follower may see it; into the frame.
  };
  struct Step {
    std::vector<Seen> frames;
    std::size_t bytes = 0;  // Of the frames.
    bool advanced = false;
    void add(FramePtr frame, std::string_view text) {
      bytes += text.size();
      frames.push_back({std::move(frame), text});
    }
  };
  io::Task<Step> next();
  std::int64_t seq() const { return seq_; }

 private:
  enum class View { nothing, peers, whole };
  View view_of(const Frame& frame) const;
  void show(Step& step, FramePtr frame) const;

  Log& log_;
  const auth::Reach& reach_;
  std::optional<WorkspaceId> who_;
  std::optional<WorkspaceId> only_;
  std::int64_t seq_;
  std::uint64_t transients_ = 0;
  Log::Presence presence_;  // Shared by copies.
};

}  // namespace molecule::events
