#include "agent/line_session.h"

#include "base/fault.h"
#include "platform/log/log.h"

namespace molecule::agent {

using namespace std::chrono_literals;

namespace {

// Of what was said between two turns and is there when the next one begins.
constexpr int rest_max = 10'000;

}  // namespace

// From the end of a turn to the beginning of the next one. However much is said, it is told of
// once.
class LineSession::Aside final : public Listener {
 public:
  explicit Aside(io::Loop& loop)
      : listening(loop, [](std::string_view, std::exception_ptr) {
          log::warn("the program is not listened to until its next turn");
        }) {}
  ~Aside() {
    if (bytes > 0 || tools > 0)
      log::info("the program spoke outside of a turn; nobody is told", log::field("bytes", bytes),
                log::field("tools", tools));
  }
  void text(std::string_view piece) override { bytes += piece.size(); }
  void tool(std::string_view) override { ++tools; }
  void refused(std::string_view) override {}

  std::uint64_t bytes = 0, tools = 0;
  io::Scope listening;
};

LineSession::LineSession(io::Loop& loop, Opening opening, Limits limits)
    : loop_(loop), opening_(std::move(opening)), limits_(limits), id_(opening_.session) {}

LineSession::~LineSession() = default;

void LineSession::listen() {
  if (!talk_) return;
  aside_ = std::make_unique<Aside>(loop_);
  aside_->listening.spawn("aside", overhear());
}

io::Task<void> LineSession::overhear() {
  for (;;) {
    talk_->limit(24h);
    const auto line = co_await talk_->line();
    if (!line && !talk_->late()) co_return;
    if (line) hear(*line, *aside_);
  }
}

io::Task<void> LineSession::attend() {
  if (!aside_) co_return;
  aside_->listening.cancel();
  co_await aside_->listening.join();
}

// What it had said before it is asked.
io::Task<void> LineSession::hear_rest() {
  for (int lines = 0; aside_ && lines < rest_max; ++lines) {
    talk_->limit(0ms);
    const auto line = co_await talk_->line();
    if (!line) break;
    hear(*line, *aside_);
  }
}

io::Task<void> LineSession::close(std::chrono::milliseconds patience) {
  co_await attend();
  aside_.reset();
  if (!talk_) co_return;
  co_await talk_->close(patience);
  talk_.reset();
}

io::Task<std::optional<Outcome>> LineSession::start(Listener& listener) {
  process::Program program = this->program();
  program.environment.insert(program.environment.begin(), opening_.environment.begin(),
                             opening_.environment.end());
  program.inherits = false;
  program.directory = opening_.directory;
  std::string trouble;
  try {
    talk_.emplace(loop_, std::move(program), opening_.redactor);
  } catch (const Fault& fault) {
    trouble = fault.text();
  }
  if (!trouble.empty()) co_return Outcome::failed(Failure::missing, trouble);
  talk_->limit(limits_.start);
  begin();
  while (!begun()) {
    const auto line = co_await talk_->line();
    if (!line) {
      Outcome outcome = co_await cut_off(
          fmt::format("it did not begin within {} s",
                      std::chrono::duration_cast<std::chrono::seconds>(limits_.start).count()));
      co_return outcome;
    }
    if (auto over = hear(*line, listener)) {
      co_await close(0ms);
      co_return over;
    }
  }
  co_await hear_out(listener);
  co_return std::nullopt;
}

io::Task<void> LineSession::hear_out(Listener& listener) {
  while (replays()) {
    talk_->limit(limits_.silence);
    const auto line = co_await talk_->line();
    if (!line) co_return;
    hear(*line, listener);
  }
}

io::Task<Outcome> LineSession::turn(const Turn& turn, Listener& listener) {
  canceled_ = in_turn_ = false;
  co_await attend();
  if (talk_ && talk_->ended()) co_await close(0ms);
  if (talk_) co_await hear_rest();
  aside_.reset();
  silent_ = true;
  Outcome outcome = co_await take(turn, listener);
  in_turn_ = false;
  listen();
  co_return outcome;
}

io::Task<Outcome> LineSession::take(const Turn& turn, Listener& listener) {
  if (!talk_) {
    auto trouble = co_await start(listener);
    if (trouble) co_return std::move(*trouble);
  }
  if (canceled_) co_return Outcome::canceled();
  talk_->limit(opening_.turn_limit);
  in_turn_ = true;
  ask(turn.text);
  for (;;) {
    const auto line = co_await talk_->line();
    if (!line) {
      if (auto over = heard_nothing()) co_return std::move(*over);
      Outcome outcome = co_await cut_off("it said nothing of its end in time");
      co_return outcome;
    }
    if (auto over = hear(*line, listener)) co_return std::move(*over);
  }
}

// It says no more, or has had its time. What it may say later belongs to no turn.
io::Task<Outcome> LineSession::cut_off(std::string late) {
  Outcome outcome = Outcome::canceled();
  if (!canceled_) {
    if (talk_->late()) {
      if (const std::string last = talk_->last_line(); !last.empty())
        late += "; it last said: " + last;
      outcome = Outcome::failed(Failure::timeout, std::move(late));
    } else {
      const std::string words = co_await talk_->last_words();
      outcome = died(words);
    }
  }
  co_await close(0ms);
  co_return outcome;
}

void LineSession::cancel() {
  canceled_ = true;
  if (!talk_) return;
  interrupt();
  talk_->limit(limits_.cancel);
}

io::Task<void> LineSession::stop() { co_await close(limits_.end); }

Outcome LineSession::finished() const {
  if (silent_ && !canceled_)
    return Outcome::failed(Failure::provider, "its turn ended without a word");
  return Outcome::completed();
}

}  // namespace molecule::agent
