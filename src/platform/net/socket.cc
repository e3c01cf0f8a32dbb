#include "platform/net/socket.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <deque>
#include <system_error>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "platform/io/signal.h"
#include "platform/log/log.h"
#include "platform/net/readiness.h"
#include "platform/net/wheel.h"

namespace molecule::net {

namespace asio = boost::asio;

namespace {

std::size_t index(Direction direction) { return direction == Direction::read ? 0 : 1; }

ssize_t write_to_pipe(int fd, const iovec* pieces, std::size_t count) noexcept {
  sigset_t broken, before, waiting;
  ::sigemptyset(&broken);
  ::sigaddset(&broken, SIGPIPE);
  ::sigpending(&waiting);
  const bool was_waiting = ::sigismember(&waiting, SIGPIPE) == 1;
  ::pthread_sigmask(SIG_BLOCK, &broken, &before);
  const ssize_t n = ::writev(fd, pieces, static_cast<int>(count));
  const int error = errno;
  if (n < 0 && error == EPIPE && !was_waiting) {
    const timespec at_once{};
    ::sigtimedwait(&broken, nullptr, &at_once);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return n;
}

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

// A descriptor with who waits for it and until when. Readiness comes by edge: what became ready
// while nobody waited is remembered, and the next wait does not sleep.
class Descriptor final : private Readiness::Watched {
 public:
  Descriptor(io::Loop& loop, int fd)
      : loop_(loop), wheel_(Wheel::of(loop)), readiness_(Readiness::of(loop)), fd_(fd) {
    try {
      readiness_.add(fd, *this);
    } catch (...) {
      ::close(fd);
      throw;
    }
  }
  ~Descriptor() {
    close();
    if (here_) here_->descriptor = nullptr;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const noexcept { return fd_; }
  // Nothing follows what is there to read now.
  bool ended() const noexcept { return ended_; }
  io::Loop& loop() noexcept { return loop_; }

  bool arm(Direction direction, Sleeper& sleeper, Wake* at_once) noexcept {
    Side& side = sides_[index(direction)];
    if (fd_ < 0) {
      *at_once = Wake::ready;
      return false;
    }
    if (side.rung || side.deadline <= Wheel::now()) {
      *at_once = Wake::deadline;
      return false;
    }
    const bool over = ended_ && direction == Direction::read;
    const bool later = turn_over(direction);
    if (!later && (std::exchange(side.ready, false) || over)) {
      *at_once = Wake::ready;
      return false;
    }
    side.moved = 0;
    side.sleeper = &sleeper;
    if (later) go_on_later(direction);
    return true;
  }
  void disarm(Direction direction) noexcept { sides_[index(direction)].sleeper = nullptr; }
  void count(Direction direction, std::size_t bytes) noexcept {
    sides_[index(direction)].moved += bytes;
  }
  bool turn_over(Direction direction) const noexcept {
    return sides_[index(direction)].moved >= turn_max;
  }

  void set_deadline(Direction direction, TimePoint at) noexcept {
    Side& side = sides_[index(direction)];
    side.deadline = at;
    side.rung = false;
    wheel_.set(side, at);
  }

  void close() noexcept {
    if (fd_ < 0) return;
    readiness_.forget(fd_, *this);
    ::close(std::exchange(fd_, -1));
    if (!sides_[0].sleeper && !sides_[1].sleeper) return;
    // Whoever closes is not run over by those who waited: they find out in a turn of their own.
    loop_.post([here = here()] {
      if (here->descriptor) here->descriptor->on_ready({true, true, true});
    });
  }

 private:
  struct Side final : Wheel::Entry {
    Sleeper* sleeper = nullptr;
    TimePoint deadline = no_deadline;
    std::size_t moved = 0;  // Since the last wait that slept.
    bool later = false;     // A wake in a later turn is on its way; until then nothing else wakes.
    // Something became ready since the last wait; whether it still is, an attempt shows.
    bool ready = false;
    // The wheel has let go of the deadline. It judges by the exact time, arm() by the coarse one,
    // which may not have reached the deadline yet.
    bool rung = false;
    void on_due() noexcept override {
      rung = true;
      if (Sleeper* waiting = std::exchange(sleeper, nullptr)) waiting->wake(Wake::deadline);
    }
    void on_ready() noexcept {
      if (later) return;
      Sleeper* waiting = std::exchange(sleeper, nullptr);
      ready = waiting == nullptr;
      if (waiting) waiting->wake(Wake::ready);
    }
  };
  // For whoever must know later whether this is still here; one for all of them.
  struct Here {
    Descriptor* descriptor = nullptr;  // Null once it is gone.
  };
  std::shared_ptr<Here> here() {
    if (!here_) here_ = std::make_shared<Here>(Here{this});
    return here_;
  }

  // Wakes who waits in a later turn of the loop, whatever is there.
  void go_on_later(Direction direction) noexcept {
    if (std::exchange(sides_[index(direction)].later, true)) return;
    loop_.post([here = here(), direction] {
      if (!here->descriptor) return;
      Side& side = here->descriptor->sides_[index(direction)];
      side.later = false;
      side.on_ready();
    });
  }

  void on_ready(Ready ready) noexcept override {
    ended_ = ended_ || ready.ended;
    // Whoever is woken may destroy this descriptor.
    if (ready.read && ready.write && sides_[1].sleeper) {
      std::shared_ptr<Here> alive = here();
      sides_[0].on_ready();
      if (alive->descriptor) sides_[1].on_ready();
      return;
    }
    if (ready.write) sides_[1].on_ready();  // Nobody waits for it, or for it alone.
    if (ready.read) sides_[0].on_ready();
  }

  io::Loop& loop_;
  Wheel& wheel_;
  Readiness& readiness_;
  int fd_;
  bool ended_ = false;
  std::array<Side, 2> sides_;
  std::shared_ptr<Here> here_;
};

Socket::Socket(io::Loop& loop, int descriptor, std::string peer)
    : at_(std::make_unique<Descriptor>(loop, descriptor)), peer_(std::move(peer)) {}
Socket::~Socket() = default;

std::unique_ptr<Socket> Socket::adopt(io::Loop& loop, int descriptor, std::string peer) {
  int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return std::unique_ptr<Socket>(new Socket(loop, descriptor, std::move(peer)));
}

io::Task<std::unique_ptr<Socket>> Socket::connect(const sockaddr* address, std::uint32_t size,
                                                  std::string peer, TimePoint by) {
  auto failed = [](int error) {
    return Fault(Kind::bad_gateway, "connect_failed", "cannot connect: " + reason(error));
  };
  int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw failed(errno);
  io::Context here = co_await io::context();
  int rc = ::connect(fd, address, size);
  if (rc != 0 && errno != EINPROGRESS) {
    int error = errno;
    ::close(fd);
    throw failed(error);
  }
  std::unique_ptr<Socket> made = adopt(*here.loop, fd, std::move(peer));
  if (rc == 0) co_return made;
  made->set_deadline(Direction::write, by);
  for (;;) {
    Wake why = co_await made->wait(Direction::write);
    require_ready(why, here);
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error != 0) throw failed(error);
    // A wake without an answer happens; connected is when the peer has a name.
    sockaddr_storage other{};
    length = sizeof other;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&other), &length) == 0) break;
    if (errno != ENOTCONN) throw failed(errno);
  }
  made->set_deadline(Direction::write, no_deadline);
  co_return made;
}

Attempt Socket::try_read(std::span<char> into) noexcept {
  using State = Attempt::State;
  if (at_->fd() < 0) return {State::broken, 0};
  if (drained_ || at_->turn_over(Direction::read)) return {State::wait, 0};
  for (;;) {
    ssize_t n = ::read(at_->fd(), into.data(), into.size());
    if (n > 0) {
      auto bytes = static_cast<std::size_t>(n);
      // A short read leaves nothing behind, except the end itself.
      drained_ = bytes < into.size() && !at_->ended();
      at_->count(Direction::read, bytes);
      return {State::moved, bytes};
    }
    if (n == 0) return {State::end, 0};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {State::wait, 0};
    return {State::broken, 0};
  }
}

Attempt Socket::try_write(std::span<const std::string_view> pieces) noexcept {
  using State = Attempt::State;
  if (at_->fd() < 0) return {State::broken, 0};
  if (at_->turn_over(Direction::write)) return {State::wait, 0};
  std::array<iovec, 32> vectors;
  std::size_t count = 0;
  for (std::string_view piece : pieces) {
    if (piece.empty()) continue;
    if (count == vectors.size()) break;
    vectors[count].iov_base = const_cast<char*>(piece.data());
    vectors[count].iov_len = piece.size();
    ++count;
  }
  if (count == 0) return {State::moved, 0};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  for (;;) {
    ssize_t n = count == 1
                    ? ::send(at_->fd(), vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL)
                    : ::sendmsg(at_->fd(), &message, MSG_NOSIGNAL);
    // A pipe. That its reader has gone is told by a signal there, which nobody may want to die of.
    if (n < 0 && errno == ENOTSOCK) n = write_to_pipe(at_->fd(), vectors.data(), count);
    if (n >= 0) {
      at_->count(Direction::write, static_cast<std::size_t>(n));
      return {State::moved, static_cast<std::size_t>(n)};
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {State::wait, 0};
    return {State::broken, 0};
  }
}

void Socket::count(Direction direction, std::size_t bytes) noexcept {
  at_->count(direction, bytes);
}
bool Socket::turn_over(Direction direction) const noexcept { return at_->turn_over(direction); }

bool Socket::arm(Direction direction, Sleeper& sleeper, Wake* at_once) noexcept {
  if (direction == Direction::read) drained_ = false;
  return at_->arm(direction, sleeper, at_once);
}
void Socket::disarm(Direction direction) noexcept { at_->disarm(direction); }
void Socket::set_deadline(Direction direction, TimePoint at) noexcept {
  at_->set_deadline(direction, at);
}

io::Task<void> Socket::shutdown_write() {
  if (at_->fd() >= 0) ::shutdown(at_->fd(), SHUT_WR);
  co_return;
}

void Socket::close() noexcept {
  drained_ = false;
  at_->close();
}

io::Loop& Socket::loop() { return at_->loop(); }
int Socket::descriptor() const noexcept { return at_->fd(); }

bool Socket::peer_gone() const noexcept {
  if (at_->fd() < 0) return true;
  char byte = 0;
  ssize_t n = ::recv(at_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) return false;
  if (n == 0) return true;
  return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
}

namespace {

std::string address_text(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)).to_string();
  }
  if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    asio::ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    asio::ip::address_v6 address(bytes);
    if (address.is_v4_mapped()) {
      return asio::ip::make_address_v4(asio::ip::v4_mapped, address).to_string();
    }
    return address.to_string();
  }
  return "local";
}

// A bound, listening, non-blocking descriptor.
int listen_on(const asio::ip::tcp::endpoint& at) {
  auto fail = [&at](int fd, int error) {
    if (fd >= 0) ::close(fd);
    const std::string host = at.address().to_string();
    const std::string where =
        (at.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
    if (error == EADDRINUSE)
      throw conflict("address_in_use",
                     where +
                         " is in use by another process: end that one, or take another port (0 is "
                         "any that is free)");
    throw bad_request("bad_listen_address", "cannot listen on " + where + ": " + reason(error));
  };
  int fd = ::socket(at.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) fail(fd, errno);
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, at.data(), static_cast<socklen_t>(at.size())) != 0) fail(fd, errno);
  if (::listen(fd, 4096) != 0) fail(fd, errno);
  return fd;
}

asio::ip::tcp::endpoint endpoint(std::string_view address, std::uint16_t port) {
  boost::system::error_code error;
  asio::ip::address parsed =
      asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, error);
  if (error)
    throw bad_request("bad_listen_address", "the listen address must be a numeric IP address");
  return {parsed, port};
}

}  // namespace

void Listener::require_free(std::string_view address, std::uint16_t port) {
  ::close(listen_on(endpoint(address, port)));
}

// Connections on their way from the loop that accepts to the one that serves them.
struct Listener::Share {
  struct Connection {
    int fd = -1;
    std::string peer;
  };
  explicit Share(io::Loop& of) : loop(of) {}
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() { close(); }
  void take(Connection one) {
    if (closed) {
      ::close(one.fd);
      return;
    }
    waiting.push_back(std::move(one));
    came.notify();
  }
  void close() {
    closed = true;
    for (const Connection& each : waiting) ::close(each.fd);
    waiting.clear();
  }

  io::Loop& loop;
  std::deque<Connection> waiting;
  io::Signal came;
  bool closed = false;
};

// SO_REUSEPORT would spread connections over loops, but lets any process of the same user in, at
// any time: one socket accepts, and hands on.
Listener::Listener(io::Loop& loop, std::string_view address, std::uint16_t port) : loop_(loop) {
  int fd = listen_on(endpoint(address, port));
  at_ = std::make_unique<Descriptor>(loop, fd);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                            : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

Listener::Listener(io::Loop& loop, Listener& first)
    : loop_(loop), share_(std::make_shared<Share>(loop)), port_(first.port_) {
  first.others_.push_back(share_);
}

Listener::Listener(io::Loop& loop, int listening)
    : loop_(loop), at_(std::make_unique<Descriptor>(loop, listening)) {}

Listener::~Listener() {
  if (share_) share_->close();
}

void Listener::close() noexcept {
  if (at_) at_->close();
  if (share_) {
    share_->close();
    share_->came.notify();
  }
}

namespace {
// Waits for a descriptor as Stream::wait does for a stream.
class Accepting final : Sleeper, io::Cancellation::Waiter {
 public:
  explicit Accepting(Descriptor& at) : at_(at) {}
  ~Accepting() override {
    if (armed_) at_.disarm(Direction::read);
  }
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) noexcept {
    const io::Context& context = self.promise().context;
    if (context.cancellation && context.cancellation->requested()) {
      why_ = Wake::cancelled;
      return false;
    }
    self_ = self;
    if (!at_.arm(Direction::read, *this, &why_)) return false;
    armed_ = true;
    if (context.cancellation) link(*context.cancellation);
    return true;
  }
  Wake await_resume() noexcept { return why_; }

 private:
  void wake(Wake why) noexcept override {
    armed_ = false;
    why_ = why;
    unlink();
    self_.resume();
  }
  void on_cancel() noexcept override {
    armed_ = false;
    at_.disarm(Direction::read);
    why_ = Wake::cancelled;
    at_.loop().resume(self_);
  }
  Descriptor& at_;
  Wake why_ = Wake::ready;
  bool armed_ = false;
  std::coroutine_handle<> self_;
};
}  // namespace

io::Task<std::unique_ptr<Socket>> Listener::take_share() {
  constexpr std::chrono::hours look_again{1};
  for (;;) {
    while (!share_->waiting.empty()) {
      Share::Connection one = std::move(share_->waiting.front());
      share_->waiting.pop_front();
      try {
        co_return Socket::adopt(loop_, one.fd, std::move(one.peer));
      } catch (const Fault& fault) {
        log::warn("no room for another connection", log::field("reason", fault.text()));
      }
    }
    if (share_->closed) co_return nullptr;
    co_await share_->came.wait(look_again);
  }
}

io::Task<std::unique_ptr<Socket>> Listener::accept() {
  if (share_) co_return co_await take_share();
  io::Context here = co_await io::context();
  for (;;) {
    if (accepted_ == accepted_per_turn_max) {
      accepted_ = 0;
      co_await io::yield();
    }
    if (at_->fd() < 0) co_return nullptr;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    int fd = ::accept4(at_->fd(), reinterpret_cast<sockaddr*>(&from), &size,
                       SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = errno;
    if (fd >= 0) {
      ++accepted_;
      const std::size_t whose = std::exchange(next_, (next_ + 1) % (others_.size() + 1));
      if (whose > 0) {
        const std::shared_ptr<Share>& other = others_[whose - 1];
        other->loop.post([other, one = Share::Connection{fd, address_text(from)}]() mutable {
          other->take(std::move(one));
        });
        continue;
      }
      try {
        co_return Socket::adopt(loop_, fd, address_text(from));
      } catch (const Fault&) {
        error = ENOSPC;  // The kernel watches as many as it will.
      }
    }
    if (error == EAGAIN || error == EWOULDBLOCK) {
      accepted_ = 0;
      Accepting accepting(*at_);
      Wake why = co_await accepting;
      require_ready(why, here);
    } else if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
               error == ENOSPC) {
      log::warn("no room for another connection", log::field("reason", reason(error)));
      co_await io::sleep(std::chrono::milliseconds(200));
    }
    // Anything else concerns a connection that ended before it was accepted.
  }
}

}  // namespace molecule::net
