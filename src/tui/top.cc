#include "tui/top.h"

#include <fmt/format.h>

#include "client/follow.h"
#include "client/platform.h"
#include "platform/io/scope.h"
#include "platform/io/stop.h"
#include "platform/log/log.h"
#include "tui/draw.h"
#include "tui/operator_asks.h"
#include "tui/press.h"
#include "tui/screen.h"
#include "tui/talk.h"

namespace molecule::tui {
namespace {

using namespace std::chrono_literals;

constexpr auto between_pictures = 40ms;
constexpr auto age_ticks = 1s;
constexpr auto service_every = 30s;
constexpr auto between_questions = 1s;
constexpr const char* drawing = "drawing";
constexpr std::size_t asks_max = 8;  // Under way at once.

// What is logged would be written over the picture; what matters of it is told in the picture.
class Nowhere final : public log::Sink {
 public:
  void write(std::string_view) noexcept override {}
};

class Top {
 public:
  Top(io::Loop& loop, Options& options, const io::Clock& clock, io::Random& random, io::Stop& stop)
      : clock_(clock),
        stop_(stop),
        platform_(options.url, options.ca_file, clock, random),
        asks_(platform_, options.as, model_),
        talk_(platform_, options.as, model_, clock, random, [this] { changed(); }),
        follower_(platform_, options.as, ears(), random),
        work_(loop,
              [this](std::string_view name, std::exception_ptr failure) { note(name, failure); }),
        screen_(loop, {.mouse = options.mouse, .colours = options.colours},
                {.ready = [this] { take_keys(); }, .gone = [this] { stop_.request(); }}) {
    platform_.look_at_connections(options.look);
    model_.service.url = platform_.url();
    model_.now = clock_.now();
  }

  io::Task<void> run() {
    work_.spawn(drawing, draw_on());
    work_.spawn("events", follower_.run());
    work_.spawn("service", look_at_service());
    work_.spawn("questions", look_at_questions());
    co_await stop_.requested();
    // First of all, so that nobody is left with a terminal that shows nothing.
    screen_.end();
    work_.cancel();
    co_await work_.join();
    platform_.close();
    if (broken_) std::rethrow_exception(broken_);
  }

 private:
  client::Follower::Ears ears() {
    client::Follower::Ears ears;
    ears.snapshot = [this]() -> io::Task<std::int64_t> {
      const std::int64_t seq = co_await asks_.snapshot();
      model_.heard = clock_.now();
      // What was said meanwhile is in no event that will come.
      for (auto& [with, chat] : model_.chats) chat.recalled = false;
      changed();
      co_return seq;
    };
    ears.event = [this](const client::Event& event) {
      model_.now = clock_.now();
      model_.heard = model_.now;
      if (model_.apply(event)) changed();
      // A message that was settled may be a question, or the answer to one.
      if (event.type == "A2A_RESPONSE" || event.type == "ACTIVITY_LOGGED") {
        may_ask_ = true;
        settled_.notify();
      }
    };
    ears.link = [this](client::Link link, const std::string& trouble) {
      if (model_.link == client::Link::live || link == client::Link::live)
        model_.heard = clock_.now();
      model_.link = link;
      model_.trouble = trouble;
      if (link == client::Link::live) recall_open();
      changed();
    };
    return ears;
  }

  // What was said in the chat that is looked at, where that could not be asked for before.
  void recall_open() {
    if (model_.mode != Mode::chat) return;
    Chat& chat = model_.chats[model_.chat_with];
    if (std::exchange(chat.recalled, true)) return;
    start("earlier messages", asks_.recall(model_.chat_with));
  }

  void changed() {
    dirty_ = true;
    dirtied_.notify();
  }

  io::Task<void> draw_on() {
    for (;;) {
      dirty_ = false;
      model_.now = clock_.now();
      Drawn drawn = draw(model_, screen_.rows(), screen_.columns());
      shown_ = std::move(drawn.shown);
      screen_.show(drawn.picture);
      if (model_.mode == Mode::question && !model_.question.shown) {
        // What was typed before somebody could read it is no answer to it.
        if (!take_keys()) model_.question.shown = true;
      }
      // Many changes in a row are one picture; ages go on by themselves.
      co_await io::sleep(between_pictures);
      if (!dirty_) co_await dirtied_.wait(age_ticks);
    }
  }

  // What no event tells: whether the platform's store is well.
  io::Task<void> look_at_service() {
    for (;;) {
      co_await io::sleep(service_every);
      if (model_.link != client::Link::live) continue;
      try {
        co_await asks_.look_at_service();
      } catch (const Fault&) {
        if (work_.cancellation().requested()) throw;
        // The feed tells of a platform that is away.
      }
      changed();
    }
  }

  io::Task<void> look_at_questions() {
    for (;;) {
      if (!may_ask_) co_await settled_.wait(service_every);
      if (!std::exchange(may_ask_, false) || model_.link != client::Link::live) continue;
      try {
        co_await asks_.look_at_questions();
      } catch (const Fault&) {
        if (work_.cancellation().requested()) throw;
      }
      changed();
      co_await io::sleep(between_questions);
    }
  }

  // Whether there were any.
  bool take_keys() {
    model_.now = clock_.now();
    bool any = false;
    while (auto key = screen_.next_key()) {
      any = true;
      for (Intent& intent : press(model_, *key, shown_))
        std::visit([this](auto& what) { carry_out(what); }, intent);
    }
    changed();
    return any;
  }

  // --- what keys ask for ---

  void carry_out(intent::Quit&) { stop_.request(); }
  void carry_out(intent::Suspend&) { screen_.suspend(); }
  void carry_out(intent::Redraw&) { screen_.redraw(); }
  void carry_out(intent::Refresh&) { follower_.refresh(); }
  void carry_out(intent::ShowPlainly& what) { screen_.leave_with(what.text); }
  void carry_out(intent::Spawn& what) { start("making a workspace", asks_.spawn(std::move(what))); }
  void carry_out(intent::Change& what) { start("changing", asks_.change(std::move(what))); }
  void carry_out(intent::Pause& what) { start("pausing", asks_.pause(what.of)); }
  void carry_out(intent::Resume& what) { start("resuming", asks_.resume(what.of)); }
  void carry_out(intent::Remove& what) { start("deleting", asks_.remove(what.of)); }
  void carry_out(intent::Invite& what) { start("asking how it joins", asks_.invite(what.of)); }
  void carry_out(intent::Recall& what) { start("earlier messages", asks_.recall(what.of)); }
  void carry_out(intent::Say& what) { talk_.say(work_, what.to, std::move(what.text)); }
  void carry_out(intent::StopWaiting& what) { talk_.stop_waiting(what.of); }

  void start(std::string name, io::Task<void> ask) {
    if (asking_ >= asks_max) {
      model_.say("too much is asked for at once; wait for the answers", true);
      return;
    }
    work_.spawn(std::move(name), asked(*this, std::move(ask)));
  }
  static io::Task<void> asked(Top& self, io::Task<void> ask) {
    struct Count {
      Top& top;
      explicit Count(Top& of) : top(of) { ++top.asking_; }
      ~Count() {
        --top.asking_;
        top.changed();
      }
    } const count(self);
    co_await std::move(ask);
  }

  // What failed of that is told where somebody looks.
  void note(std::string_view name, const std::exception_ptr& failure) {
    if (name == drawing && !work_.cancellation().requested()) {
      broken_ = failure;
      stop_.request();
      return;
    }
    try {
      std::rethrow_exception(failure);
    } catch (const Fault& fault) {
      if (work_.cancellation().requested()) return;
      model_.say(fmt::format("{}: {}", name, fault.text()), true);
    } catch (const std::exception& problem) {
      model_.say(fmt::format("{}: {}", name, problem.what()), true);
    }
    changed();
  }

  const io::Clock& clock_;
  io::Stop& stop_;
  Model model_;
  Shown shown_;
  client::Platform platform_;
  OperatorAsks asks_;
  Talk talk_;
  client::Follower follower_;
  io::Signal dirtied_;
  bool dirty_ = true;
  io::Signal settled_;
  bool may_ask_ = false;
  std::exception_ptr broken_;  // Why nothing can be shown any more.
  std::size_t asking_ = 0;
  io::Scope work_;
  Screen screen_;
};

}  // namespace

void run(Options options, const io::Clock& clock, io::Random& random) {
  Nowhere nowhere;
  log::start(log::Level::error, &nowhere);
  struct Stopped {
    ~Stopped() { log::stop(); }
  } const stopped;
  io::hold_stop_signals();
  hold_size_changes();
  io::Loop loop;
  io::Stop stop(loop);
  io::Reload reload(loop);
  const io::StopOnSignals signals(stop, reload, put_terminal_back);
  const auto work = [](io::Loop& on, Options& with, const io::Clock& time, io::Random& chance,
                       io::Stop& until) -> io::Task<void> {
    Top top(on, with, time, chance, until);
    co_await top.run();
  };
  io::run(loop, work(loop, options, clock, random, stop));
}

}  // namespace molecule::tui
