// Which messages this process is carrying to their agents right now. Their leases are renewed; a
// lease of ours that is not here is nobody's. Any thread.
#pragma once

#include <unordered_map>

#include "platform/io/guarded.h"
#include "server/messages/messages.h"

namespace molecule::proxy {

class Carriers {
 public:
  // Carries a message as long as it lives. A second one may begin before the first ends: what could
  // not be recorded is kept on by another coroutine.
  class Hold {
   public:
    Hold(Carriers& carriers, messages::Lease lease) : carriers_(carriers), lease_(lease) {
      carriers_.leases_.write([&](auto& map) {
        Carried& carried = map[lease_.seq];
        if (carried.epoch != lease_.epoch) carried = {lease_.epoch, 0};
        ++carried.holds;
      });
    }
    Hold(const Hold&) = delete;
    ~Hold() {
      carriers_.leases_.write([&](auto& map) {
        auto it = map.find(lease_.seq);
        if (it == map.end() || it->second.epoch != lease_.epoch) return;
        if (--it->second.holds == 0) map.erase(it);
      });
    }

   private:
    Carriers& carriers_;
    messages::Lease lease_;
  };

  bool carry(messages::Lease lease) const {
    return leases_.read([&](const auto& map) {
      auto it = map.find(lease.seq);
      return it != map.end() && it->second.epoch == lease.epoch;
    });
  }

 private:
  struct Carried {
    std::int64_t epoch = 0;
    std::int64_t holds = 0;
  };
  io::Guarded<std::unordered_map<std::int64_t, Carried>> leases_;
};

}  // namespace molecule::proxy
