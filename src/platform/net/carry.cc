#include "platform/net/carry.h"

#include <array>

#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/log/log.h"

namespace molecule::net {
namespace {

constexpr std::size_t held_max = 16u << 10;  // Of a direction.

void pass_over(std::string_view, std::exception_ptr) noexcept {}

io::Task<void> pump(Stream& from, Stream& to) {
  std::array<char, held_max> held{};
  try {
    for (;;) {
      const std::size_t got = co_await from.read(held);
      if (got == 0) break;
      co_await to.write(std::string_view(held.data(), got));
    }
    co_await to.shutdown_write();
  } catch (...) {
    // Neither side can go on without the other.
    from.close();
    to.close();
    throw;
  }
}

io::Task<void> join_both(std::unique_ptr<Socket> near, Connector& to, const Url& url) {
  const io::Context here = co_await io::context();
  const std::unique_ptr<Stream> far = co_await to.dial(url);
  io::Scope both(*here.loop, pass_over, here.cancellation);
  both.spawn("there", pump(*near, *far));
  both.spawn("back", pump(*far, *near));
  co_await both.join();
}

io::Task<void> join_one(std::unique_ptr<Socket> near, Connector& to, const Url& url,
                        io::Signal& freed) {
  try {
    co_await join_both(std::move(near), to, url);
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::cancelled)
      log::warn("a connection leads nowhere", log::field("reason", fault.text()));
  }
  freed.notify();
}

io::Task<void> accept_all(Listener& from, Connector& to, const Url& url, io::Scope& carried,
                          io::Signal& freed) {
  constexpr std::chrono::seconds look_again{1};
  for (;;) {
    while (carried.running() >= carried_max) co_await freed.wait(look_again);
    std::unique_ptr<Socket> one = co_await from.accept();
    if (!one) co_return;
    carried.spawn("carried", join_one(std::move(one), to, url, freed));
  }
}

}  // namespace

io::Task<void> carry(Listener& from, Connector& to, const Url& url) {
  const io::Context here = co_await io::context();
  io::Signal freed;
  io::Scope carried(*here.loop, pass_over, here.cancellation);
  std::exception_ptr why;
  try {
    co_await accept_all(from, to, url, carried, freed);
  } catch (...) {
    why = std::current_exception();
  }
  carried.cancel();
  co_await carried.join();
  if (why) std::rethrow_exception(why);
}

}  // namespace molecule::net
