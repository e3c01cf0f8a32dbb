#include "platform/net/readiness.h"

#include <cerrno>
#include <cstring>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/descriptor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/fault.h"
#include "platform/io/loop_asio.h"

namespace molecule::net {

namespace asio = boost::asio;

struct Readiness::Impl {
  Impl(asio::io_context& context, int set) : descriptor(context, set) {}
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor;
};

namespace {

int new_set() {
  int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0)
    throw unavailable(fmt::format("cannot make another epoll set: {}", std::strerror(errno)));
  return set;
}

// Ties the set to the life of the loop's context.
class ReadinessService final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;
  explicit ReadinessService(asio::execution_context& context)
      : service(context),
        readiness(std::make_unique<Readiness>(std::make_unique<Readiness::Impl>(
            static_cast<asio::io_context&>(context), new_set()))) {}
  void shutdown() noexcept override { readiness.reset(); }
  std::unique_ptr<Readiness> readiness;
};

}  // namespace

Readiness& Readiness::of(io::Loop& loop) {
  return *asio::use_service<ReadinessService>(loop.impl().context).readiness;
}

Readiness::Readiness(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) { wait(); }
Readiness::~Readiness() = default;

void Readiness::add(int descriptor, Watched& watched) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watched;
  if (::epoll_ctl(impl_->descriptor.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0)
    throw unavailable(fmt::format("cannot watch another connection: {}", std::strerror(errno)));
}

void Readiness::forget(int descriptor, Watched& watched) noexcept {
  ::epoll_ctl(impl_->descriptor.native_handle(), EPOLL_CTL_DEL, descriptor, nullptr);
  for (std::size_t i = next_; i < end_; ++i) {
    if (events_[i].data.ptr == &watched) events_[i].data.ptr = nullptr;
  }
}

void Readiness::wait() {
  impl_->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                               [this](const boost::system::error_code& error) {
                                 if (!error) turn();
                               });
}

void Readiness::turn() noexcept {
  int count = ::epoll_wait(impl_->descriptor.native_handle(), events_.data(),
                           static_cast<int>(events_.size()), 0);
  end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  // What runs in here may close any socket, the ones further on in this turn too.
  for (next_ = 0; next_ < end_;) {
    const epoll_event& event = events_[next_++];
    if (event.data.ptr == nullptr) continue;
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    Watched::Ready ready;
    ready.ended = broken || (event.events & EPOLLRDHUP) != 0;
    ready.read = ready.ended || (event.events & EPOLLIN) != 0;
    ready.write = broken || (event.events & EPOLLOUT) != 0;
    static_cast<Watched*>(event.data.ptr)->on_ready(ready);
  }
  next_ = end_ = 0;
  wait();  // Looks at once whether more is ready.
}

}  // namespace molecule::net
