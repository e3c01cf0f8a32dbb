#include "join/pipe.h"

#include <memory>

#include "platform/io/scope.h"

namespace molecule::join {
namespace {

io::Task<void> one_way(net::Stream& from, net::Stream& to) {
  for (;;) {
    auto buffer = std::make_unique_for_overwrite<char[]>(pipe_buffer);
    for (;;) {
      const net::Attempt came = from.try_read({buffer.get(), pipe_buffer});
      if (came.state == net::Attempt::State::wait) break;
      if (came.state == net::Attempt::State::broken) throw net::connection_lost();
      if (came.state == net::Attempt::State::end) {
        co_await to.shutdown_write();
        co_return;
      }
      co_await to.write(std::string_view(buffer.get(), came.bytes));
    }
    buffer.reset();
    co_await from.readable();
  }
}

}  // namespace

io::Task<void> pipe(net::Stream& one, net::Stream& other) {
  io::Context here = co_await io::context();
  bool broken = false;
  auto give_up = [&](std::string_view, std::exception_ptr) {
    broken = true;
    one.close();
    other.close();
  };
  io::Scope ways(*here.loop, give_up, here.cancellation);
  ways.spawn("there", one_way(one, other));
  ways.spawn("back", one_way(other, one));
  co_await ways.join();
  if (!broken) {
    one.close();
    other.close();
  }
}

}  // namespace molecule::join
