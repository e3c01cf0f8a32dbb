// Loses a store at the statement or commit that a test names, on both engines, and keeps it away
// until the test gives it back. Counting begins anew with each plan, so that a test can sweep:
//
//   for (int n = 1;; ++n) {
//     auto trouble = std::make_shared<test::StoreTrouble>();
//     settings.interference = trouble;          // Before sql::open(settings, …).
//     trouble->at_statement(n);
//     … the work under test …
//     if (!trouble->happened()) break;          // It has fewer statements than n.
//     trouble->give_back();
//     … what must hold …
//   }
//
// Counted are the statements of write transactions and, per batch, the first next() of a sequence,
// in the order in which they run; a transaction that the engine runs again is counted again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "platform/sql/interference.h"

namespace molecule::test {

class StoreTrouble final : public sql::Interference {
 public:
  // Lost before the n-th statement from now on; 1 is the next.
  void at_statement(int n) { plan({.statements = n}); }
  // Lost at the n-th commit from now on, having kept nothing, or everything, of its batch.
  void at_commit_undone(int n) { plan({.commits = n, .fate = Commit::lost_undone}); }
  void at_commit_done(int n) { plan({.commits = n, .fate = Commit::lost_done}); }
  void goes_through() { plan({}); }  // What was planned and has not happened will not.
  // Lost at once: nothing reaches the store.
  void take_away() {
    std::lock_guard lock(mutex_);
    away_ = true;
  }
  void give_back() {
    std::lock_guard lock(mutex_);
    away_ = false;
  }
  // Waits until the store was used or looked for so many times from now on; each probe for a lost
  // store begins with it. False when that did not come to pass.
  bool used_again(int times) {
    std::unique_lock lock(mutex_);
    return used_.wait_for(lock, patience, [this, until = uses_ + times] { return uses_ >= until; });
  }
  // The plan came to pass.
  bool happened() const {
    std::lock_guard lock(mutex_);
    return happened_;
  }

  bool lose_before(std::string_view) override {
    std::lock_guard lock(mutex_);
    return plan_.statements > 0 && --plan_.statements == 0 && strike();
  }
  Commit at_commit() override {
    std::lock_guard lock(mutex_);
    const bool now = plan_.commits > 0 && --plan_.commits == 0 && strike();
    return now ? plan_.fate : Commit::goes_through;
  }
  bool reachable() override {
    std::lock_guard lock(mutex_);
    ++uses_;
    used_.notify_all();
    return !away_;
  }

 private:
  struct Plan {
    int statements = 0;  // Still to go; 0 is never.
    int commits = 0;
    Commit fate = Commit::goes_through;
  };
  void plan(Plan next) {
    std::lock_guard lock(mutex_);
    plan_ = next;
    happened_ = false;
  }
  bool strike() {
    away_ = true;
    happened_ = true;
    return true;
  }

  static constexpr std::chrono::seconds patience{20};

  mutable std::mutex mutex_;
  std::condition_variable used_;
  Plan plan_;
  int uses_ = 0;
  bool away_ = false;
  bool happened_ = false;
};

}  // namespace molecule::test
