// A session whose program is spoken to in lines: started when a turn needs it, brought back when it
// has ended, interrupted, and ended when it does not listen. The protocols say what the lines are.
// It is listened to between turns, too: what it says then, such as when something that it left
// running has ended, is answered where it asks, and is part of no turn.
#pragma once

#include <memory>
#include <optional>

#include "agent/executor.h"
#include "agent/talk.h"
#include "platform/io/scope.h"

namespace molecule::agent {

class LineSession : public Session {
 public:
  struct Limits {
    std::chrono::milliseconds start{60'000};  // From the program's start to its first turn.
    std::chrono::milliseconds cancel{5'000};  // For what was interrupted to say so.
    std::chrono::milliseconds end{2'000};     // For each way of asking it to end.
    std::chrono::milliseconds silence{300};   // After which nothing of what was before comes.
  };

  LineSession(io::Loop& loop, Opening opening, Limits limits);
  ~LineSession() override;

  io::Task<Outcome> turn(const Turn& turn, Listener& listener) final;
  void cancel() final;
  std::string id() const final { return id_; }
  io::Task<void> stop() final;

 protected:
  // How the program is called; its environment and directory are put in besides.
  virtual process::Program program() = 0;
  // What is said before the first turn; begun() is asked behind it, and behind each line, until it
  // is true.
  virtual void begin() {}
  virtual bool begun() const { return true; }
  // Behind its beginning the program may still tell what was said before; it is heard, for no turn,
  // until this is false or nothing comes any more.
  virtual bool replays() const { return false; }
  virtual void ask(const std::string& text) = 0;
  // One of its lines. An outcome ends the turn, or the beginning.
  virtual std::optional<Outcome> hear(const std::string& line, Listener& listener) = 0;
  virtual void interrupt() = 0;
  // The time to wait has come; an outcome that is known by then ends the turn.
  virtual std::optional<Outcome> heard_nothing() { return std::nullopt; }
  // It ended within a turn; what it said last is in `words`.
  virtual Outcome died(const std::string& words) {
    return Outcome::failed(Failure::process, words);
  }

  void send(std::string_view line) {
    if (talk_) talk_->send(line);
  }
  // Within a turn, from now on.
  void wait_no_longer_than(std::chrono::milliseconds limit) {
    if (talk_) talk_->limit(limit);
  }
  const Opening& opening() const { return opening_; }
  bool canceled() const { return canceled_; }
  // A turn of ours is under way, from its question to its end.
  bool in_turn() const { return in_turn_; }
  void be(std::string id) { id_ = std::move(id); }
  // The outcome of a turn that the program says has gone well: one without a word or a deed has
  // not.
  Outcome finished() const;
  void did_something() { silent_ = false; }

 private:
  io::Task<std::optional<Outcome>> start(Listener& listener);
  io::Task<void> hear_out(Listener& listener);
  io::Task<Outcome> take(const Turn& turn, Listener& listener);
  void listen();
  io::Task<void> overhear();
  io::Task<void> attend();
  io::Task<void> hear_rest();
  io::Task<Outcome> cut_off(std::string late);
  io::Task<void> close(std::chrono::milliseconds patience);

  io::Loop& loop_;
  const Opening opening_;
  const Limits limits_;
  std::string id_;
  std::optional<Talk> talk_;
  bool canceled_ = false;
  bool silent_ = true;
  bool in_turn_ = false;
  class Aside;
  std::unique_ptr<Aside> aside_;  // What it says between two turns.
};

}  // namespace molecule::agent
