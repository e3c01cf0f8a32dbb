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
  void away() override { sink_.away(); }

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

// How long a message waits for a place among those under way before it is put back.
constexpr std::chrono::seconds room_within{5};

// It takes its place when it is its turn: who waits for an earlier one of its sender takes none
// from that.
io::Task<proxy::Carried> bring(Relay& relay, proxy::PushLink& push, const std::string& url,
                               const proxy::Parcel& parcel, proxy::Sink& sink) {
  proxy::Carried back;
  std::optional<Room::Place> place;
  try {
    co_await sink.turn(relay.road);
    place = co_await relay.room().take(parcel.source, room_within);
    if (!place) {
      back.code = "connections_exhausted";
      back.error = "the agent is at as many messages as its connection has room for";
    }
  } catch (const Fault& fault) {
    back.code = fault.code();
    back.error = fault.text();
    back.behind = fault.code() == proxy::waits_behind;
  }
  if (!place) co_return back;
  proxy::PushLink::Where where{relay.client(), url, relay.road};
  const Relay::Aboard aboard(relay, sink);
  co_return co_await push.deliver_by(where, parcel, sink);
}

}  // namespace

io::Task<proxy::Carried> RelayLink::deliver(const proxy::Lane& lane, const proxy::Parcel& parcel,
                                            proxy::Sink& sink) {
  const Shared relay = relays_.find(parcel.target.id);
  if (!relay) co_return not_here();
  const std::string url = relay->url.text();
  Homewards homewards(sink, *lane.scope);
  auto there = [&] { return bring(*relay, push_, url, parcel, homewards); };
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
