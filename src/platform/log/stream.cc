#include "platform/log/stream.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace molecule::log {
namespace {

using namespace std::chrono_literals;

// Between two looks whether the reader has made room.
constexpr auto look_every = 20ms;

// O_NONBLOCK belongs to whoever shares the descriptor, too, so a pipe or a terminal is opened anew
// with it. A file never makes wait, and a place of its own in one would write over others.
int opened_anew(int fd, mode_t mode) {
  if (!S_ISFIFO(mode) && !S_ISCHR(mode)) return -1;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

}  // namespace

Stream::Stream(int fd) : fd_(fd) {
  struct stat facts{};
  if (::fstat(fd, &facts) == 0) {
    socket_ = S_ISSOCK(facts.st_mode);
    own_ = opened_anew(fd, facts.st_mode);
  }
  backlog_.reserve(backlog_max + line_max);  // Nothing is allocated when memory is short.
  // Signals are for whoever waits for them: a thread begins with the mask of its maker.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { work(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Stream::~Stream() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  waits_.notify_one();
  thread_.join();
  if (own_ >= 0) ::close(own_);
}

std::uint64_t Stream::dropped() const noexcept {
  std::lock_guard lock(mutex_);
  return dropped_;
}

void Stream::write(std::string_view line) noexcept {
  std::lock_guard lock(mutex_);
  std::size_t begun = 0;
  if (backlog_.empty()) begun = write_some(line);
  if (begun == line.size()) return;
  // What was begun is brought to its end, or lines would run into each other.
  if (begun == 0 && backlog_.size() + line.size() > backlog_max) {
    ++dropped_;
    ++untold_;
    return;
  }
  backlog_ += line.substr(begun);
  waits_.notify_one();
}

std::size_t Stream::write_some(std::string_view text) noexcept {
  const int to = own_ >= 0 ? own_ : fd_;
  std::size_t done = 0;
  while (done < text.size()) {
    pollfd ready{to, POLLOUT, 0};
    if (::poll(&ready, 1, 0) <= 0) break;
    // Nobody reads any more: what is said is lost.
    if ((ready.revents & (POLLERR | POLLNVAL)) != 0) return text.size();
    if ((ready.revents & POLLOUT) == 0) break;
    const char* from = text.data() + done;
    const std::size_t left = text.size() - done;
    const ssize_t wrote =
        socket_ ? ::send(to, from, left, MSG_DONTWAIT | MSG_NOSIGNAL) : ::write(to, from, left);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno == EAGAIN ? done : text.size();
    done += static_cast<std::size_t>(wrote);
  }
  return done;
}

void Stream::work() {
  std::unique_lock lock(mutex_);
  std::chrono::milliseconds left = patience;
  for (;;) {
    waits_.wait(lock, [&] { return stopping_ || !backlog_.empty(); });
    if (backlog_.empty()) return;
    backlog_.erase(0, write_some(backlog_));
    if (!backlog_.empty()) {
      if (stopping_ && left.count() <= 0) return;
      left -= stopping_ ? look_every : 0ms;
      waits_.wait_for(lock, look_every, [] { return false; });
      continue;
    }
    const std::uint64_t untold = std::exchange(untold_, 0);
    if (untold == 0 || stopping_) continue;
    lock.unlock();
    warn("lines of this log were dropped, since nobody read them", field("lines", untold));
    lock.lock();
  }
}

}  // namespace molecule::log
