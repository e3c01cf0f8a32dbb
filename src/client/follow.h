// Following what happens on a platform: a snapshot, then every event behind it, each once and in
// order, over any number of broken connections.
//
// The platform numbers its events. A connection that breaks is made again and goes on behind the
// last number; where the platform cannot go on from there (too much was missed, another log) a new
// snapshot is taken, so nothing is missed silently. Waits between attempts grow to a bound and are
// spread; a connection on which nothing is heard, not even the answer to a ping, counts as broken.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "client/platform.h"
#include "platform/io/signal.h"

namespace molecule::client {

struct Event {
  std::string type;
  WorkspaceId workspace;  // Nil: about none.
  Instant at;
  RawJson payload;
  // Of a transient event this is where the log stood; only its latest value counts, and what was
  // missed does not come again.
  std::int64_t seq = 0;
  bool transient = false;
};

// Reads a frame of the event socket; nothing for what is none.
std::optional<Event> read_event(std::string_view frame);

enum class Link {
  connecting,  // It was never there.
  live,
  away,     // It broke, or the platform is away; trying again.
  refused,  // The platform does not take the credential; trying again, slowly.
};

struct FollowSettings {
  std::string path = "/ws";
  std::chrono::milliseconds first_wait{500};
  std::chrono::milliseconds longest_wait{8'000};
  std::chrono::milliseconds refused_wait{10'000};  // For a credential that may be replaced.
  std::chrono::milliseconds hello_within{10'000};
  std::chrono::milliseconds ping_every{10'000};
  std::size_t frame_max = 4u << 20;
};

class Follower {
 public:
  struct Ears {
    // Takes a snapshot and answers the number that it contains, as X-Molecule-Seq tells it. May
    // throw: it is asked again.
    std::function<io::Task<std::int64_t>()> snapshot;
    std::function<void(const Event&)> event;
    // The connection is another one now; `trouble` says why, for people. May throw: run() ends
    // with it.
    std::function<void(Link link, const std::string& trouble)> link;
  };
  // All of them outlive it. On the platform's loop.
  Follower(Platform& platform, Credential& as, Ears ears, io::Random& random,
           FollowSettings settings = {});
  Follower(const Follower&) = delete;

  // Until it is cancelled.
  io::Task<void> run();
  // Takes a new snapshot soon, and does not wait before the next attempt.
  void refresh();

  std::optional<std::int64_t> seq() const { return seq_; }

 private:
  io::Task<void> once();
  io::Task<void> listen(http::FrameSocket& socket);
  io::Task<void> snap();
  void take(std::string_view frame);
  void tell(Link link, const std::string& trouble);
  std::chrono::milliseconds around(std::chrono::milliseconds wait);

  Platform& platform_;
  Credential& as_;
  const Ears ears_;
  io::Random& random_;
  const FollowSettings settings_;
  std::optional<std::int64_t> seq_;
  Link link_ = Link::connecting;
  std::string trouble_;
  bool told_ = false;
  bool wants_snapshot_ = true;
  bool went_well_ = false;  // This attempt was live.
  io::Signal asked_;
};

}  // namespace molecule::client
