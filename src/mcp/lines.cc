#include "mcp/lines.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>

#include <poll.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::mcp {
namespace {

constexpr std::size_t piece = 64u << 10;
// What a pipe that says that it takes more takes without waiting.
constexpr std::size_t taken_at_once = PIPE_BUF;
constexpr int last_words_ms = 1000;

}  // namespace

Lines::Lines(io::Loop& loop, int in, int out, Ears ears)
    : loop_(loop),
      in_(in),
      out_(out),
      ears_(std::move(ears)),
      lines_(line_max, {[this](std::string line) { hand_on(std::move(line)); },
                        [this] { loop_.post(ears_.too_long); }}) {
  int ends[2];
  if (::pipe(ends) != 0)
    throw Fault(Kind::unavailable, "no_descriptors", "there are no file descriptors left");
  wake_read_ = files::Descriptor(ends[0]);
  wake_write_ = files::Descriptor(ends[1]);
  reader_ = std::thread([this] { read_all(); });
  writer_ = std::thread([this] { write_all(); });
}

Lines::~Lines() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  wake_write_ = {};
  reader_.join();
  writer_.join();
}

void Lines::write(std::string line) {
  line += '\n';
  std::lock_guard lock(mutex_);
  if (deaf_) return;
  if (unwritten_bytes_ + line.size() > waiting_max) {
    deaf_ = true;
    loop_.post(ears_.end);
  } else {
    unwritten_bytes_ += line.size();
    unwritten_.push_back(std::move(line));
  }
  changed_.notify_all();
}

bool Lines::wait_for_input() const {
  for (;;) {
    std::array<pollfd, 2> both{{{in_, POLLIN, 0}, {wake_read_.get(), POLLIN, 0}}};
    if (::poll(both.data(), both.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    if (both[1].revents != 0) return false;
    if (both[0].revents != 0) return true;
  }
}

void Lines::read_all() {
  const auto buffer = std::make_unique_for_overwrite<char[]>(piece);
  while (wait_for_input()) {
    const ssize_t got = ::read(in_, buffer.get(), piece);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) break;
    lines_.take({buffer.get(), static_cast<std::size_t>(got)});
  }
  lines_.finish();
  std::lock_guard lock(mutex_);
  if (!closing_) loop_.post(ears_.end);
}

void Lines::hand_on(std::string line) {
  const std::size_t size = line.size();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closing_ || unread_ == 0 || unread_ + size <= waiting_max; });
    if (closing_) return;
    unread_ += size;
  }
  loop_.post([this, line = std::move(line)]() mutable {
    const std::size_t taken = line.size();
    ears_.line(std::move(line));
    {
      std::lock_guard lock(mutex_);
      unread_ -= taken;
    }
    changed_.notify_all();
  });
}

void Lines::write_all() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closing_ || deaf_ || !unwritten_.empty(); });
    if (deaf_ || unwritten_.empty()) return;
    const std::string line = std::move(unwritten_.front());
    unwritten_.pop_front();
    unwritten_bytes_ -= line.size();
    std::string_view rest = line;
    while (!rest.empty()) {
      const bool last_words = closing_;
      lock.unlock();
      pollfd ready{out_, POLLOUT, 0};
      const int waited = ::poll(&ready, 1, last_words_ms);
      ssize_t sent = 0;
      const bool may = waited > 0;
      if (may) sent = ::write(out_, rest.data(), std::min(rest.size(), taken_at_once));
      const int error = errno;
      lock.lock();
      if (may && sent < 0 && error != EINTR && error != EAGAIN) deaf_ = true;
      if (!may && last_words) deaf_ = true;
      if (deaf_) {
        if (!closing_) loop_.post(ears_.end);
        return;
      }
      if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
}

}  // namespace molecule::mcp
