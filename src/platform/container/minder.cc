#include "platform/container/minder.h"

#include <algorithm>
#include <csignal>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/container/log_frames.h"
#include "platform/files/files.h"
#include "platform/io/scope.h"
#include "platform/io/stop.h"
#include "platform/json/json.h"
#include "platform/net/carry.h"
#include "platform/net/local.h"
#include "platform/net/resolve.h"

namespace molecule::container {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto ask_again_first = 250ms;  // An engine that is away; doubles
constexpr auto ask_again_most = 2s;      // up to this.

void say(std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(STDOUT_FILENO, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

// As an engine takes a time: behind the one that it told last.
std::string just_after(std::string_view time) {
  const auto at = Instant::parse(time);
  if (!at) return {};
  const std::int64_t next = at->micros() + 1;
  return fmt::format("{}.{:06}", next / 1'000'000, next % 1'000'000);
}

class Minding {
 public:
  Minding(const Minded& wanted, io::Loop& loop, io::Stop& stop)
      : wanted_(wanted), loop_(loop), stop_(stop), engine_(wanted.socket, registry_) {}

  io::Task<int> run() {
    const net::Url platform = net::Url::parse(fmt::format("http://127.0.0.1:{}", wanted_.port));
    net::SystemResolver resolver(clock_);
    net::DialSettings settings;
    settings.dev = true;  // One port of this machine.
    net::Dialer dialer(settings, resolver, registry_);
    net::Listener link(loop_, net::listen_at(fs::path(wanted_.link) / link_name));
    io::Scope beside(loop_, [](std::string_view, std::exception_ptr) {});
    beside.spawn("link", net::carry(link, dialer, platform));
    int status = 1;
    std::string why;
    try {
      co_await begin();
      beside.spawn("stop", stop_when_asked());
      status = co_await until_it_ends();
    } catch (const Fault& fault) {
      why = fault.text();
    }
    beside.cancel();
    co_await beside.join();
    if (!why.empty()) tell_why(why);
    // Where it cannot be removed now, whoever looks for what nobody minds removes it.
    try {
      co_await leave_nothing();
    } catch (const Fault& fault) {
      say(fmt::format("-- {}\n", fault.text()));
    }
    co_return status;
  }

 private:
  void tell_why(const std::string& why) {
    files::write_private(fs::path(wanted_.word) / "why", why);
    say(fmt::format("-- {}\n", why));
  }

  io::Task<void> begin() {
    const Facts facts = co_await engine_.meet();
    files::write_private(fs::path(wanted_.word) / "facts", json::text(facts));
    const auto image = co_await engine_.image(wanted_.spec.image);
    if (!image)
      throw Fault(Kind::not_found, "image_not_found",
                  fmt::format("{} has no image {}; build it there, as docs/guides/containers.md "
                              "says",
                              facts.name, wanted_.spec.image));
    co_await engine_.remove(wanted_.spec.name);
    if (!wanted_.network.empty())
      co_await engine_.make_network(wanted_.network, wanted_.spec.labels);
    id_ = co_await engine_.create(wanted_.spec);
    co_await engine_.start(id_);
  }

  io::Task<void> stop_when_asked() {
    co_await stop_.requested();
    auto wait = std::chrono::milliseconds(ask_again_first);
    for (;;) {
      try {
        co_await engine_.stop(id_, std::chrono::seconds(wanted_.spec.grace));
        co_return;
      } catch (const Fault& fault) {
        if (fault.kind() == Kind::cancelled) throw;
      }
      co_await io::sleep(wait);
    }
  }

  // What it says, for as long as the engine tells.
  io::Task<void> hear() {
    LogFrames frames([this](std::string_view time, std::string_view text) {
      if (!time.empty()) heard_until_ = just_after(time);
      say(text);
    });
    const auto stream = co_await engine_.logs(id_, heard_until_);
    for (;;) {
      const auto some = co_await stream->read();
      if (!some) co_return;
      frames.take(*some);
    }
  }

  // Of a container that goes on while its engine is away, too.
  io::Task<int> until_it_ends() {
    auto wait = std::chrono::milliseconds(ask_again_first);
    bool told_away = false;
    for (;;) {
      bool away = false;
      try {
        co_await hear();
        const auto now = co_await engine_.find(wanted_.spec.name);
        if (!now || now->id != id_)
          throw Fault(Kind::not_found, "container_gone", "somebody else removed its container");
        if (!now->running) co_return conclude(*now);
        if (told_away) say("-- the container engine answers again\n");
        told_away = false;
        wait = ask_again_first;
      } catch (const Fault& fault) {
        if (fault.kind() != Kind::unavailable && fault.kind() != Kind::bad_gateway) throw;
        away = true;
        if (!told_away)
          say(fmt::format("-- the container engine does not answer, the agent goes on: {}\n",
                          fault.text()));
        told_away = true;
      }
      co_await io::sleep(wait);
      if (away) wait = std::min<std::chrono::milliseconds>(wait * 2, ask_again_most);
    }
  }

  int conclude(const Container& ended) {
    if (ended.out_of_memory)
      tell_why(
          fmt::format("it took more memory than the {} MB that it may", wanted_.spec.memory >> 20));
    return static_cast<int>(ended.status);
  }

  io::Task<void> leave_nothing() {
    co_await engine_.remove(wanted_.spec.name);
    if (!wanted_.network.empty()) co_await engine_.remove_network(wanted_.network);
  }

  const Minded& wanted_;
  io::Loop& loop_;
  io::Stop& stop_;
  io::SystemClock clock_;
  metrics::Registry registry_;
  Engine engine_;
  std::string id_;
  std::string heard_until_;
};

}  // namespace

int mind(const fs::path& file) {
  ::signal(SIGPIPE, SIG_IGN);
  try {
    const auto text = files::read(file);
    if (!text) return 1;
    const auto wanted = json::read<Minded>(*text);
    io::hold_stop_signals();
    io::Loop loop;
    io::Stop stop(loop);
    io::Reload reload(loop);
    const io::StopOnSignals signals(stop, reload);
    Minding minding(wanted, loop, stop);
    return io::run(loop, minding.run());
  } catch (const std::exception& problem) {
    say(fmt::format("-- {}\n", problem.what()));
    return 1;
  }
}

std::optional<Facts> facts_of(const fs::path& word) {
  const auto text = files::read(word / "facts");
  if (!text) return std::nullopt;
  return json::read<Facts>(*text);
}

std::optional<std::string> why_of(const fs::path& word) { return files::read(word / "why"); }

}  // namespace molecule::container
