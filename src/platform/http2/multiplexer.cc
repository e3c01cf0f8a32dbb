#include "platform/http2/multiplexer.h"

#include <utility>

#include "platform/http2/session.h"

namespace molecule::http2 {

Multiplexer::Multiplexer(metrics::Registry& registry, Bounds bounds)
    : probe_{registry.gauge("molecule_http2_connections", "Open connections that speak HTTP/2."),
             registry.counter("molecule_http2_requests_total", "Requests that came over HTTP/2."),
             registry.counter("molecule_http2_floods_total",
                              "Connections ended because their frames came in floods.")},
      bounds_(bounds) {}

std::unique_ptr<http::Multiplexer::Session> Multiplexer::session(net::Stream& stream,
                                                                 const http::Limits& limits,
                                                                 Serve serve) {
  return std::make_unique<http2::Session>(stream, limits, bounds_, std::move(serve), probe_);
}

}  // namespace molecule::http2
