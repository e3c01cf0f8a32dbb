#include "platform/container/inside.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <iostream>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/io/stop.h"
#include "platform/net/carry.h"
#include "platform/net/local.h"

namespace molecule::container {
namespace {

constexpr int not_started = 127;

// Whoever it was that ended it, as a shell tells it.
int status_of(int how) { return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how); }

[[noreturn]] void become(char** program) {
  sigset_t none{};
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::setsid();
  ::execvp(program[0], program);
  std::cerr << "molecule: cannot start " << program[0] << ": " << std::strerror(errno) << "\n";
  ::_exit(not_started);
}

io::Task<void> lead(net::Listener& listener, net::Connector& to, const net::Url& url,
                    io::Loop& loop, io::Stop& stop, io::Signal& over, pid_t program,
                    const bool& ended) {
  io::Scope beside(loop, [](std::string_view, std::exception_ptr) {});
  auto pass_on = [](io::Stop& asked, pid_t to_whom) -> io::Task<void> {
    co_await asked.requested();
    ::kill(to_whom, SIGTERM);
  };
  beside.spawn("link", net::carry(listener, to, url));
  beside.spawn("stop", pass_on(stop, program));
  constexpr std::chrono::hours look_again{1};
  while (!ended) co_await over.wait(look_again);
  beside.cancel();
  co_await beside.join();
}

}  // namespace

int live(int count, char** arguments) {
  constexpr int program_at = 2;
  if (count <= program_at) return 2;
  const std::string_view port_text = arguments[1];
  std::uint16_t port = 0;
  std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  ::signal(SIGPIPE, SIG_IGN);
  try {
    io::hold_stop_signals();
    io::Loop loop;
    // Before the program runs, which connects at once.
    net::Listener listener(loop, "127.0.0.1", port);
    const pid_t program = ::fork();
    if (program == 0) become(arguments + program_at);
    if (program < 0) return not_started;
    io::Stop stop(loop);
    io::Reload reload(loop);
    const io::StopOnSignals signals(stop, reload);
    net::LocalConnector to(arguments[0]);
    const net::Url url = net::Url::parse("http://platform/");
    io::Signal over;
    bool ended = false;
    int how = 0;
    std::thread waiter([&] {
      int each = 0;
      for (pid_t who = 0; who != program;) {
        who = ::waitpid(-1, &each, 0);
        if (who < 0 && errno != EINTR) break;
        if (who == program) how = each;
      }
      loop.post([&] {
        ended = true;
        over.notify();
      });
    });
    io::run(loop, lead(listener, to, url, loop, stop, over, program, ended));
    waiter.join();
    return status_of(how);
  } catch (const Fault& fault) {
    std::cerr << "molecule: " << fault.text() << "\n";
    return 1;
  }
}

}  // namespace molecule::container
