// What one event loop of the platform has to itself: the loop, its background work, its connections
// to agents, its part of the listening port, and the thread that runs it all.
#pragma once

#include <memory>
#include <thread>

#include "platform/http/client.h"
#include "platform/http/server.h"
#include "platform/http2/multiplexer.h"
#include "platform/io/scope.h"
#include "platform/net/dial.h"
#include "platform/net/tls.h"

namespace molecule::app {

class Lane {
 public:
  explicit Lane(io::Scope::OnFailure on_failure);
  ~Lane();
  Lane(const Lane&) = delete;

  io::Loop& loop() { return loop_; }
  io::Scope& scope() { return work_; }
  http::Client& client() { return *client_; }

  void connect(net::Dialer& dialer, metrics::Registry& registry);
  // Opens the port, or takes a share of what comes to `first`, which may be null. Returns the port.
  // `tls` may be null; it outlives the lane.
  std::uint16_t listen(const http::Router& router, const http::Settings& settings,
                       metrics::Registry& registry, Lane* first, const net::TlsServer* tls);
  // Serves what comes there once the loop runs; when all lanes listen.
  void serve();
  // Serves the requests that come over a stream which is no connection of ours. On this loop.
  io::Task<void> serve(std::unique_ptr<net::Stream> stream) {
    return server_->serve_carried(std::move(stream));
  }
  // Credentials have ended: whoever holds something open with one is judged again. Any thread, once
  // listen() was called.
  void review() { server_->review(); }
  // Runs the loop in a thread of its own; the first lane runs in the caller's thread instead.
  void start_thread();

  // Stops accepting and waits for what is under way, requests and what they left behind, at most
  // `grace` in all; then cancels the rest. Called from another lane's coroutine or from this one's.
  io::Task<void> drain(std::chrono::milliseconds grace);
  // Ends the thread. After drain.
  void stop();

 private:
  io::Task<void> drain_here(std::chrono::milliseconds grace);

  io::Loop loop_;
  io::Scope work_;
  io::Scope serving_;  // Accepting connections; ends within drain().
  io::Scope control_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http2::Multiplexer> multiplexer_;
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace molecule::app
