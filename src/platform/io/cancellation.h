// Cancelling work that is waiting. A Cancellation belongs to one loop; every wait below it
// registers a Waiter while suspended, and cancel() wakes them all with a Fault. Work that is not
// waiting learns of the cancellation at its next wait. Children see their parent's cancellation
// too.
#pragma once

#include <string>

#include "base/fault.h"

namespace molecule::io {

class Cancellation {
 public:
  // One suspended wait. Lives in the waiting coroutine's frame; unlinks itself when it dies.
  class Waiter {
   public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    virtual ~Waiter() { unlink(); }
    // Ends the wait early. Must not resume the coroutine before returning to cancel(); post
    // instead.
    virtual void on_cancel() noexcept = 0;

    void link(Cancellation& to) {
      unlink();
      owner_ = &to;
      next_ = to.first_;
      previous_ = nullptr;
      if (next_) next_->previous_ = this;
      to.first_ = this;
    }
    void unlink() noexcept {
      if (!owner_) return;
      if (previous_) {
        previous_->next_ = next_;
      } else {
        owner_->first_ = next_;
      }
      if (next_) next_->previous_ = previous_;
      owner_ = nullptr;
    }

   private:
    friend class Cancellation;
    Cancellation* owner_ = nullptr;
    Waiter* next_ = nullptr;
    Waiter* previous_ = nullptr;
  };

  Cancellation() = default;
  // A child is cancelled with its parent; the parent must outlive it.
  explicit Cancellation(Cancellation* parent) {
    if (!parent) return;
    if (parent->requested()) {
      // The parent's deadline is not the child's: to the child it is a cancellation, as in
      // cancel().
      kind_ = Kind::cancelled;
      requested_ = true;
    } else {
      link_.child = this;
      link_.link(*parent);
    }
  }
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  bool requested() const { return requested_; }
  // Idempotent; the first reason stays.
  void cancel(Kind why = Kind::cancelled) noexcept {
    if (requested_) return;
    requested_ = true;
    kind_ = why;
    while (first_) {
      Waiter* waiter = first_;
      waiter->unlink();
      waiter->on_cancel();
    }
  }
  Fault fault() const {
    if (kind_ == Kind::deadline) return {Kind::deadline, "deadline", "the operation took too long"};
    return {Kind::cancelled, "cancelled", "the operation was cancelled"};
  }

 private:
  struct Link final : Waiter {
    Cancellation* child = nullptr;
    void on_cancel() noexcept override { child->cancel_as_child(); }
  };
  void cancel_as_child() noexcept { cancel(Kind::cancelled); }

  Waiter* first_ = nullptr;
  Link link_;
  bool requested_ = false;
  Kind kind_ = Kind::cancelled;
};

}  // namespace molecule::io
