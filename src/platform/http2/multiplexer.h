// HTTP/2 for the server of platform/http: over the same port as HTTP/1.1, by prior knowledge and,
// over TLS, by ALPN. Frames and header compression are libnghttp2's; what a request may be is
// decided where every request's is: each is handed to the server as a stream that carries HTTP/1.1,
// so routes, gate, bounds, credentials that end and draining are one for both.
//
//   http2::Multiplexer multiplexer(registry);
//   server.multiplex(multiplexer);
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "platform/http/server.h"
#include "platform/metrics/metrics.h"

namespace molecule::http2 {

// Of one connection.
struct Bounds {
  std::size_t requests = 250;              // At once, those included that were reset and still run.
  std::size_t window = 256u << 10;         // Bytes of a request's body that were not read yet.
  std::size_t windows = 1u << 20;          // The same, of all its requests.
  std::size_t answer = 32u << 10;          // Bytes of an answer that wait to be sent.
  std::size_t answer_least = 4u << 10;     // What each may have, whatever the others have.
  std::size_t answers = 1u << 20;          // The same of all; beyond it each has the least.
  std::size_t fields_weight = 256u << 10;  // Of a head; one beyond head_max is refused before.
  double frames = 1000;                    // That carry nothing, in one go,
  double frames_a_second = 100;            // and in the long run.
  std::size_t frames_waiting = 512;        // To be sent; a peer with more is not read.
  std::chrono::milliseconds ping_every{30'000};  // Of silence; two unanswered pings end it.
};

// For one loop.
class Multiplexer final : public http::Multiplexer {
 public:
  explicit Multiplexer(metrics::Registry& registry, Bounds bounds = {});

  std::unique_ptr<http::Multiplexer::Session> session(net::Stream& stream,
                                                      const http::Limits& limits,
                                                      Serve serve) override;

  struct Probe {
    metrics::Gauge& connections;
    metrics::Counter& requests;
    metrics::Counter& floods;
  };

 private:
  Probe probe_;
  const Bounds bounds_;
};

}  // namespace molecule::http2
