#include "platform/mux/over_socket.h"

#include <exception>

#include "platform/io/elsewhere.h"

namespace molecule::mux {
namespace {

constexpr std::size_t taken_in_a_turn = 256;  // Messages.

// Ends the other half when one half ends, however it does.
struct EndsBoth {
  io::Scope& scope;
  ~EndsBoth() { scope.cancel(); }
};

struct Carrying {
  Session& session;
  Session::Transport transport;
  io::Scope& home;
  http::WebSocket& socket;
};

io::Task<void> write_out(const Carrying& at, io::Scope& both) {
  EndsBoth ends{both};
  for (;;) {
    auto next = [&] { return at.session.outgoing(at.transport); };
    const std::string message = co_await io::elsewhere<std::string>(at.home, next);
    if (message.empty()) co_return;
    co_await at.socket.send(http::Frame::Opcode::binary, message);
  }
}

io::Task<bool> take_in(Session& session, Session::Transport transport, std::string_view message) {
  co_return session.incoming(transport, message);
}

io::Task<void> read_in(const Carrying& at, io::Scope& both) {
  EndsBoth ends{both};
  for (std::size_t taken = 1;; ++taken) {
    // Of messages that are there already, any number could follow each other.
    if (taken % taken_in_a_turn == 0) co_await io::yield();
    const auto frame = co_await at.socket.receive();
    if (!frame) co_return;
    if (frame->opcode != http::Frame::Opcode::binary)
      throw bad_request("mux_broken", "a text message came where frames belong");
    auto take = [&] { return take_in(at.session, at.transport, frame->payload); };
    const bool goes_on = co_await io::elsewhere<bool>(at.home, take);
    if (!goes_on) co_return;
  }
}

io::Task<void> let_go(Session& session, Session::Transport transport) {
  session.detach(transport);
  co_return;
}

}  // namespace

io::Task<void> carry(Session& session, Session::Transport transport, io::Scope& home,
                     http::WebSocket& socket) {
  io::Context here = co_await io::context();
  const Carrying at{session, transport, home, socket};
  std::exception_ptr failure;
  // The half that is ended because the other has ended has nothing to tell.
  auto note = [&failure](std::string_view, std::exception_ptr escaped) {
    if (!failure) failure = escaped;
  };
  {
    io::Scope both(*here.loop, note, here.cancellation);
    both.spawn("reading", read_in(at, both));
    both.spawn("writing", write_out(at, both));
    co_await both.join();
  }
  // Also when whoever waits here was cancelled.
  io::Completion<void> detached([&](io::Completion<void>* completion) {
    home.spawn_from_anywhere("detach", [&session, transport, completion] {
      auto run = [](Session& of, Session::Transport which,
                    io::Completion<void>* waiting) -> io::Task<void> {
        co_await let_go(of, which);
        waiting->complete();
      };
      return run(session, transport, completion);
    });
  });
  co_await detached;
  if (failure) std::rethrow_exception(failure);
}

}  // namespace molecule::mux
