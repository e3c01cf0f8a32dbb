#include "agent/line_session.h"

#include "base/fault.h"

namespace molecule::agent {

using namespace std::chrono_literals;

LineSession::LineSession(io::Loop& loop, Opening opening, Limits limits)
    : loop_(loop), opening_(std::move(opening)), limits_(limits), id_(opening_.session) {}

io::Task<void> LineSession::close(std::chrono::milliseconds patience) {
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
    talk_.emplace(loop_, std::move(program));
  } catch (const Fault& fault) {
    trouble = fault.text();
  }
  if (!trouble.empty()) co_return Outcome::failed(Failure::process, trouble);
  talk_->limit(limits_.start);
  begin();
  while (!begun()) {
    const auto line = co_await talk_->line();
    if (!line) {
      Outcome outcome = co_await cut_off();
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
  canceled_ = false;
  silent_ = true;
  if (talk_ && talk_->ended()) co_await close(0ms);
  if (!talk_) {
    auto trouble = co_await start(listener);
    if (trouble) co_return std::move(*trouble);
  }
  if (canceled_) co_return Outcome::canceled();
  talk_->limit(opening_.turn_limit);
  ask(turn.text);
  for (;;) {
    const auto line = co_await talk_->line();
    if (!line) {
      Outcome outcome = co_await cut_off();
      co_return outcome;
    }
    if (auto over = hear(*line, listener)) co_return std::move(*over);
  }
}

// It says no more, or has had its time. What it may say later belongs to no turn.
io::Task<Outcome> LineSession::cut_off() {
  Outcome outcome = Outcome::canceled();
  if (!canceled_) {
    if (talk_->late()) {
      outcome = Outcome::failed(Failure::timeout, "it said nothing of its end in time");
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
