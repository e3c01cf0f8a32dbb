// Which messages this process is carrying to their agents right now. Their leases are renewed; a
// lease of ours that is not here is nobody's. Any thread.
#pragma once

#include <unordered_map>

#include "platform/io/guarded.h"
#include "server/messages/messages.h"

namespace molecule::proxy {

class Carriers {
 public:
  // Carries a message as long as it lives.
  class Hold {
   public:
    Hold(Carriers& carriers, messages::Lease lease) : carriers_(carriers), lease_(lease) {
      carriers_.leases_.write([&](auto& map) { map[lease_.seq] = lease_.epoch; });
    }
    Hold(const Hold&) = delete;
    ~Hold() {
      carriers_.leases_.write([&](auto& map) {
        auto it = map.find(lease_.seq);
        if (it != map.end() && it->second == lease_.epoch) map.erase(it);
      });
    }

   private:
    Carriers& carriers_;
    messages::Lease lease_;
  };

  bool carry(messages::Lease lease) const {
    return leases_.read([&](const auto& map) {
      auto it = map.find(lease.seq);
      return it != map.end() && it->second == lease.epoch;
    });
  }

 private:
  io::Guarded<std::unordered_map<std::int64_t, std::int64_t>> leases_;
};

}  // namespace molecule::proxy
