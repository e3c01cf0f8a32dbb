#include "server/relay/relay_link.h"

#include "platform/io/elsewhere.h"

namespace molecule::relay {
namespace {

// Pieces come in on the relay's loop; who waits for them is on another.
class Homewards final : public proxy::Sink {
 public:
  Homewards(proxy::Sink& sink, io::Scope& home) : sink_(sink), home_(home) {}
  io::Task<bool> pieces(std::vector<std::string> data) override {
    auto pass = [&] { return sink_.pieces(std::move(data)); };
    co_return co_await io::elsewhere<bool>(home_, pass);
  }
  io::Task<void> turn(messages::Road road) override { return sink_.turn(road); }
  void gone(messages::Road road) override { sink_.gone(road); }

 private:
  proxy::Sink& sink_;
  io::Scope& home_;
};

proxy::Carried not_here() {
  proxy::Carried carried;
  carried.code = "agent_unreachable";
  carried.error = "the agent's connection has ended";
  return carried;
}

}  // namespace

io::Task<proxy::Carried> RelayLink::deliver(const proxy::Lane& lane, const proxy::Parcel& parcel,
                                            proxy::Sink& sink) {
  const Shared relay = relays_.find(parcel.target.id);
  if (!relay) co_return not_here();
  const std::string url = relay->url.text();
  Homewards homewards(sink, *lane.scope);
  auto there = [&] {
    return push_.deliver_by({relay->client(), url, relay->road}, parcel, homewards);
  };
  co_return co_await io::elsewhere<proxy::Carried>(*relay->lane.scope, there);
}

io::Task<proxy::Carried> RelayLink::ask(const proxy::Lane&, const proxy::Question& question) {
  const Shared relay = relays_.find(question.target.id);
  if (!relay) co_return not_here();
  const std::string url = relay->url.text();
  auto there = [&] { return push_.ask_by({relay->client(), url}, question); };
  co_return co_await io::elsewhere<proxy::Carried>(*relay->lane.scope, there);
}

}  // namespace molecule::relay
