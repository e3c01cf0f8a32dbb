// Which messages this process is carrying to their agents right now. Their leases are renewed; a
// lease of ours that is not here is nobody's. What ends by somebody else's word is not carried on.
// Any thread.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "platform/io/guarded.h"
#include "platform/io/loop.h"
#include "platform/io/scope.h"
#include "server/messages/ledger.h"

namespace molecule::proxy {

class Carriers final : public messages::Follower {
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

  // Runs `work` for a message that is held, until it ends or the message does: then the work is
  // cancelled. On the loop of whoever awaits it.
  template <class T>
  io::Task<T> until_ended(std::int64_t message, io::Task<T> work) {
    io::Context here = co_await io::context();
    io::Cancellation cancellation(here.cancellation);
    Way way(*this, message, *here.loop, cancellation);
    io::detail::WithCancellation<T> waiting{std::move(work), cancellation};
    co_return co_await waiting;
  }

  void ended(sql::Tx& tx, const messages::Message& message, const messages::Outcome&) override {
    tx.after_commit([this, seq = message.seq] { stop(seq); });
  }

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
  // What may be stopped. It outlives its way by the time that a wish to stop needs to its loop.
  struct Brake {
    io::Loop& loop;
    io::Cancellation* cancellation;  // On its loop; null once the way is over.
  };
  class Way {
   public:
    Way(Carriers& carriers, std::int64_t message, io::Loop& loop, io::Cancellation& cancellation)
        : carriers_(carriers),
          message_(message),
          brake_(std::make_shared<Brake>(loop, &cancellation)) {
      carriers_.ways_.write([&](auto& map) { map.emplace(message_, brake_); });
    }
    Way(const Way&) = delete;
    ~Way() {
      brake_->cancellation = nullptr;
      carriers_.ways_.write([&](auto& map) {
        auto [first, last] = map.equal_range(message_);
        for (auto it = first; it != last; ++it) {
          if (it->second != brake_) continue;
          map.erase(it);
          return;
        }
      });
    }

   private:
    Carriers& carriers_;
    const std::int64_t message_;
    const std::shared_ptr<Brake> brake_;
  };
  void stop(std::int64_t message) {
    std::vector<std::shared_ptr<Brake>> brakes;
    ways_.read([&](const auto& map) {
      auto [first, last] = map.equal_range(message);
      for (auto it = first; it != last; ++it) brakes.push_back(it->second);
    });
    for (auto& brake : brakes) {
      io::Loop& loop = brake->loop;
      loop.post([brake = std::move(brake)] {
        if (brake->cancellation) brake->cancellation->cancel();
      });
    }
  }

  io::Guarded<std::unordered_map<std::int64_t, Carried>> leases_;
  io::Guarded<std::unordered_multimap<std::int64_t, std::shared_ptr<Brake>>> ways_;
};

}  // namespace molecule::proxy
