// --watch: looks again as soon as something happens on the platform, and now and then without.
#include <algorithm>
#include <optional>

#include <unistd.h>

#include "base/fault.h"
#include "cli/session.h"
#include "client/follow.h"
#include "client/record.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "wire/api/past_events.h"

namespace molecule::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto least_between = 500ms;  // However much happens.
constexpr auto while_followed = 15s;   // What no event tells changes, too: ages, uptimes.
constexpr auto while_not_followed = 2s;
constexpr auto until_asked_again = 1s;

// It comes back; what was asked wrongly stays wrong.
bool passes(const Fault& fault) {
  return fault.kind() == Kind::unavailable || fault.kind() == Kind::bad_gateway;
}

// As much as the terminal shows, over what it showed before.
std::string over_the_last(const std::string& text, const Screen& screen) {
  std::string out = "\x1b[H";
  int rows = screen.rows.value_or(24) - 1;
  for (std::size_t at = 0; at < text.size() && rows > 0; --rows) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.append(text, at, end - at).append("\x1b[K\n");
    at = end + 1;
  }
  return out + "\x1b[J";
}

// Whether something happened since the last look.
class News {
 public:
  explicit News(client::Operator& platform, io::Random& random)
      : platform_(platform),
        follower_(platform.platform(), platform.credential(), ears(), random) {}

  io::Task<void> follow() { return follower_.run(); }
  io::Task<void> wait() {
    if (!happened_) {
      if (live_) {
        co_await changed_.wait(while_followed);
      } else {
        co_await changed_.wait(while_not_followed);
      }
    }
    happened_ = false;
  }

 private:
  client::Follower::Ears ears() {
    client::Follower::Ears ears;
    ears.snapshot = [this] { return newest(); };
    ears.event = [this](const client::Event&) { happen(); };
    ears.link = [this](client::Link link, const std::string&) {
      live_ = link == client::Link::live;
      happen();
    };
    return ears;
  }
  io::Task<std::int64_t> newest() {
    const json::Document page = co_await platform_.get("/events?limit=1");
    const auto rows = client::records<api::PastEvent>(page.root());
    happen();
    co_return rows.empty() ? 0 : static_cast<std::int64_t>(rows[0].number("seq").value_or(0));
  }
  void happen() {
    happened_ = true;
    changed_.notify();
  }

  client::Operator& platform_;
  bool live_ = false;
  bool happened_ = false;
  io::Signal changed_;
  client::Follower follower_;
};

}  // namespace

io::Task<json::Document> Session::awaited(client::Ask what) {
  for (bool away = false;; away = true) {
    try {
      co_return co_await platform().ask(what);
    } catch (const Fault& fault) {
      if (!passes(fault)) throw;
      if (!away) say(fault.text() + "; waiting for it");
    }
    co_await io::sleep(until_asked_again);
  }
}

io::Task<void> Session::show_changes(Look look, Text text, std::function<io::Task<void>()> news) {
  const bool drawn_over = is_table() && screen_.is_terminal();
  std::optional<std::string> last;
  bool away = false;
  if (drawn_over) print("\x1b[2J");
  for (;;) {
    std::optional<json::Document> found;
    try {
      found.emplace(co_await look());
    } catch (const Fault& fault) {
      if (!passes(fault)) throw;
      if (!away) say(fault.text() + "; waiting for it");
      away = true;
    }
    if (found) {
      screen_ = screen_of(STDOUT_FILENO);  // It may have another size by now.
      std::string now = is_table() ? text(found->root()) : streamed(found->root());
      if (now != last || away) print(drawn_over ? over_the_last(now, screen_) : now);
      last = std::move(now);
      away = false;
    }
    co_await io::sleep(least_between);
    co_await news();
  }
}

io::Task<int> Session::watched(const Given& given, Look look, Text text) {
  if (!given.has("watch")) {
    const json::Document found = co_await look();
    show(found.root(), text);
    co_return 0;
  }
  const io::Context here = co_await io::context();
  News news(platform(), random_);
  io::Scope background(*here.loop, [](std::string_view, std::exception_ptr) {});
  background.spawn("follower", news.follow());
  std::exception_ptr failure;
  const auto wait = [&news] { return news.wait(); };
  try {
    co_await show_changes(std::move(look), std::move(text), wait);
  } catch (...) {
    failure = std::current_exception();
  }
  background.cancel();
  co_await background.join();
  if (failure) std::rethrow_exception(failure);
  co_return 0;
}

}  // namespace molecule::cli
