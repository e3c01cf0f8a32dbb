// What transactions asked to have done once they are durable: kept while their batch runs, dropped
// for a transaction that is undone, run on the store's thread after the commit.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace molecule::sql {

class CommitActions {
 public:
  using Action = std::move_only_function<void()>;

  void begin_batch() {
    each_.clear();
    ends_.clear();
    mark();
  }
  void mark() {
    each_kept_ = each_.size();
    ends_kept_ = ends_.size();
  }
  void back_to_mark() {
    each_.erase(each_.begin() + static_cast<std::ptrdiff_t>(each_kept_), each_.end());
    ends_.erase(ends_.begin() + static_cast<std::ptrdiff_t>(ends_kept_), ends_.end());
  }
  void after_commit(Action action) { each_.push_back(std::move(action)); }
  void after_batch(const void* owner, Action action) {
    // A handful of owners at most.
    for (const End& end : ends_) {
      if (end.owner == owner) return;
    }
    ends_.push_back({owner, std::move(action)});
  }
  // Runs and forgets them; an action that throws is logged and stops no other.
  void run();

 private:
  struct End {
    const void* owner;
    Action action;
  };
  std::vector<Action> each_;
  std::vector<End> ends_;
  std::size_t each_kept_ = 0;
  std::size_t ends_kept_ = 0;
};

}  // namespace molecule::sql
