// The link to an agent that has dialled in: the same HTTP request that a listening agent gets, over
// a stream of its own connection.
#pragma once

#include "server/proxy/push_link.h"
#include "server/relay/relays.h"

namespace molecule::relay {

class RelayLink final : public proxy::Link {
 public:
  RelayLink(const Relays& relays, proxy::PushLink& push) : relays_(relays), push_(push) {}

  bool reachable(const workspaces::Entry& agent) const override {
    return relays_.is_here(agent.id);
  }
  io::Task<proxy::Carried> deliver(const proxy::Lane& lane, const proxy::Parcel& parcel,
                                   proxy::Sink& sink) override;
  io::Task<proxy::Carried> ask(const proxy::Lane& lane, const proxy::Question& question) override;

 private:
  const Relays& relays_;
  proxy::PushLink& push_;
};

}  // namespace molecule::relay
