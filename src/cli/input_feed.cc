#include "cli/input_feed.h"

#include <array>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::cli {
namespace {

constexpr std::size_t piece_max = 16u << 10;

}  // namespace

InputFeed::InputFeed(io::Loop& loop, int descriptor) : loop_(loop), descriptor_(descriptor) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw internal("no pipe can be made");
  over_reads_ = files::Descriptor(ends[0]);
  over_writes_ = files::Descriptor(ends[1]);
  thread_ = std::thread([this] { read(); });
}

InputFeed::~InputFeed() {
  {
    const std::scoped_lock lock(mutex_);
    over_ = true;
  }
  taken_.notify_all();
  over_writes_ = files::Descriptor();
  thread_.join();
}

void InputFeed::read() {
  for (;;) {
    std::array<pollfd, 2> watched{pollfd{descriptor_, POLLIN, 0},
                                  pollfd{over_reads_.get(), POLLIN, 0}};
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
    if (watched[1].revents != 0) return;
    if (watched[0].revents == 0) continue;
    std::string piece(piece_max, '\0');
    const ssize_t got = ::read(descriptor_, piece.data(), piece.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    const bool last = piece.empty();
    std::unique_lock lock(mutex_);
    piece_ = std::move(piece);
    loop_.post([came = came_] { came->notify(); });
    taken_.wait(lock, [this] { return !piece_ || over_; });
    if (last || over_) return;
  }
}

io::Task<std::string> InputFeed::next() {
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      if (piece_) {
        std::string piece = std::move(*piece_);
        piece_.reset();
        taken_.notify_all();
        co_return piece;
      }
    }
    co_await came_->wait(std::chrono::hours(1));
  }
}

}  // namespace molecule::cli
