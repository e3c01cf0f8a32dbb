// Data shared by several loops that cannot be touched without its lock: many readers or one writer.
// Hold it for a look-up or an assignment, never across an await or a system call.
#pragma once

#include <mutex>
#include <shared_mutex>
#include <utility>

namespace molecule::io {

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class Fn>
  decltype(auto) read(Fn&& fn) const {
    std::shared_lock lock(mutex_);
    return std::forward<Fn>(fn)(std::as_const(value_));
  }
  template <class Fn>
  decltype(auto) write(Fn&& fn) {
    std::unique_lock lock(mutex_);
    return std::forward<Fn>(fn)(value_);
  }

 private:
  mutable std::shared_mutex mutex_;
  T value_{};
};

}  // namespace molecule::io
