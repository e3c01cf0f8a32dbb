#include "app/lane.h"

#include <algorithm>

#include "platform/io/clock.h"

namespace molecule::app {

Lane::Lane(io::Scope::OnFailure on_failure)
    : work_(loop_, on_failure), serving_(loop_, on_failure), control_(loop_, on_failure) {}

Lane::~Lane() { stop(); }

void Lane::connect(net::Dialer& dialer, metrics::Registry& registry) {
  client_ = std::make_unique<http::Client>(dialer, registry);
}

std::uint16_t Lane::listen(const http::Router& router, const http::Settings& settings,
                           metrics::Registry& registry, Lane* first, const net::TlsServer* tls) {
  server_ = std::make_unique<http::Server>(loop_, router, settings, registry);
  if (tls) server_->encrypt(*tls);
  multiplexer_ = std::make_unique<http2::Multiplexer>(registry);
  server_->multiplex(*multiplexer_);
  return first ? server_->listen(*first->server_) : server_->listen();
}

void Lane::serve() {
  serving_.spawn_from_anywhere("http", [this] { return server_->serve(); });
}

void Lane::start_thread() {
  thread_ = std::thread([this] { loop_.run(); });
}

io::Task<void> Lane::drain_here(std::chrono::milliseconds grace) {
  const io::SystemClock clock;
  const auto by = clock.monotonic() + grace;
  if (server_) co_await server_->drain();
  // Accepting has been told to end; it takes a few turns of the loop, which must not stop before.
  co_await serving_.join();
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(by - clock.monotonic());
  co_await work_.drain(std::max(left, std::chrono::milliseconds(0)));
  if (client_) client_->close_idle();
}

io::Task<void> Lane::drain(std::chrono::milliseconds grace) {
  io::Context here = co_await io::context();
  if (here.loop == &loop_) {
    co_await drain_here(grace);
    co_return;
  }
  io::Completion<void> done([this, grace](io::Completion<void>* completion) {
    control_.spawn_from_anywhere("drain", [this, grace, completion] {
      auto run = [](Lane& self, std::chrono::milliseconds limit,
                    io::Completion<void>* waiting) -> io::Task<void> {
        co_await self.drain_here(limit);
        waiting->complete();
      };
      return run(*this, grace, completion);
    });
  });
  co_await done;
}

void Lane::stop() {
  if (!thread_.joinable()) return;
  // Posted, so that what the drain left in the queue still runs first.
  loop_.post([this] { loop_.stop(); });
  thread_.join();
}

}  // namespace molecule::app
