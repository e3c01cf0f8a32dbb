#include "join/door.h"

#include <fmt/format.h>

#include "join/pipe.h"
#include "platform/net/wheel.h"

namespace molecule::join {
namespace {

constexpr std::string_view closed =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 2\r\nConnection: "
    "close\r\n\r\n";

}  // namespace

Door::Door(io::Loop& loop, std::string_view address, std::uint16_t port, Connection& connection)
    : connection_(connection),
      listener_(loop, address, port),
      url_(fmt::format("http://{}:{}", address, listener_.port())) {}

io::Task<void> Door::run() {
  io::Context here = co_await io::context();
  io::Scope passing(*here.loop, [](std::string_view, std::exception_ptr) {}, here.cancellation);
  std::exception_ptr over;
  try {
    for (;;) {
      auto socket = co_await listener_.accept();
      if (!socket) break;
      if (passing.running() >= connections_max) continue;
      passing.spawn("door", pass(std::move(socket)));
    }
  } catch (...) {
    over = std::current_exception();
  }
  passing.cancel();
  co_await passing.join();
  if (over) std::rethrow_exception(over);
}

io::Task<void> Door::pass(std::unique_ptr<net::Socket> socket) {
  // Who asks nothing costs the connection nothing.
  socket->set_deadline(net::Direction::read, net::Wheel::now() + ask_within);
  co_await socket->readable();
  socket->set_deadline(net::Direction::read, net::no_deadline);
  std::unique_ptr<net::Stream> stream;
  try {
    stream = co_await connection_.dial(connection_.membership().platform);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
  }
  if (stream) {
    co_await pipe(*socket, *stream);
    co_return;
  }
  co_await socket->write(closed);
  co_await socket->shutdown_write();
}

}  // namespace molecule::join
