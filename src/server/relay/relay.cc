#include "server/relay/relay.h"

#include "server/proxy/push_link.h"

namespace molecule::relay {
namespace {

http::ClientSettings client_settings() {
  const mux::Bounds bounds;
  http::ClientSettings settings;
  settings.per_origin_max = settings.total_max = bounds.opens_max;
  settings.idle_per_origin_max = 4;
  return settings;
}

}  // namespace

Relay::Relay(const Lane& its_lane, WorkspaceId its_workspace, std::string its_id,
             messages::Road its_road, std::string it_began_from, net::Url its_url, Origin origin,
             metrics::Registry& registry)
    : workspace(its_workspace),
      id(std::move(its_id)),
      road(its_road),
      begun_from(std::move(it_began_from)),
      url(std::move(its_url)),
      lane(its_lane),
      session_(
          *its_lane.loop, mux::Side::platform, std::move(origin.peer), origin.secure,
          [&its_lane](std::unique_ptr<net::Stream> stream) {
            its_lane.scope->spawn("relayed requests", its_lane.serve(std::move(stream)));
          },
          its_lane.bounds),
      client_(*this, registry, client_settings()),
      room_(its_lane.bounds.opens_max) {}

io::Task<std::unique_ptr<net::Stream>> Relay::dial(const net::Url&) {
  if (session_.ended())
    throw Fault(Kind::bad_gateway, std::string(proxy::way_ended),
                "the agent's connection has ended");
  co_return session_.open();
}

void Relay::tell_away() const {
  for (proxy::Sink* sink : aboard_) sink->away();
}

}  // namespace molecule::relay
