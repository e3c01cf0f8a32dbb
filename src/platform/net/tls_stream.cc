#include "platform/net/tls_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <openssl/err.h>
#include <sys/socket.h>

namespace molecule::net {
namespace {

constexpr std::size_t record_max = 16u << 10;
constexpr std::size_t held_max = 4u << 10;

// The library's own socket BIO writes with write(2), which raises SIGPIPE when the peer has gone;
// ours does not, and needs no signal to be ignored in the whole process.
TlsStream& stream_of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

int bio_read(BIO* bio, char* into, int size) {
  bool again = false;
  int n = stream_of(bio).receive(into, size, &again);
  BIO_clear_retry_flags(bio);
  if (again) BIO_set_retry_read(bio);
  return n;
}

int bio_write(BIO* bio, const char* from, int size) {
  bool again = false;
  int n = stream_of(bio).transmit(from, size, &again);
  BIO_clear_retry_flags(bio);
  if (again) BIO_set_retry_write(bio);
  return n;
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* bio_method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "molecule socket");
    if (method) {
      BIO_meth_set_read(method, bio_read);
      BIO_meth_set_write(method, bio_write);
      BIO_meth_set_ctrl(method, bio_control);
    }
    return method;
  }();
  return made;
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<Socket> socket, std::unique_ptr<SSL, FreeSsl> ssl)
    : socket_(std::move(socket)), ssl_(std::move(ssl)) {
  BIO* bio = BIO_new(bio_method());
  if (!bio) throw internal("the TLS library is out of memory");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsStream::~TlsStream() = default;

int TlsStream::receive(char* into, int size, bool* again) noexcept {
  int fd = socket_->descriptor();
  if (fd < 0) return -1;
  // Also within one read of the library: it goes on by itself behind records without data.
  if (socket_->turn_over(Direction::read)) {
    *again = true;
    return -1;
  }
  for (;;) {
    ssize_t n = ::recv(fd, into, static_cast<std::size_t>(size), 0);
    if (n >= 0) {
      socket_->count(Direction::read, static_cast<std::size_t>(n));
      return static_cast<int>(n);
    }
    if (errno == EINTR) continue;
    *again = errno == EAGAIN || errno == EWOULDBLOCK;
    return -1;
  }
}

bool TlsStream::flush_held() noexcept {
  int fd = socket_->descriptor();
  while (!held_.empty()) {
    ssize_t n = ::send(fd, held_.data(), held_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    held_.erase(0, static_cast<std::size_t>(n));
  }
  return true;
}

int TlsStream::transmit(const char* from, int size, bool* again) noexcept {
  int fd = socket_->descriptor();
  if (fd < 0) return -1;
  for (;;) {
    ssize_t n = flush_held() ? ::send(fd, from, static_cast<std::size_t>(size), MSG_NOSIGNAL) : -1;
    if (n >= 0) return static_cast<int>(n);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    if (!reading_) {
      *again = true;
      return -1;
    }
    if (held_.size() + static_cast<std::size_t>(size) > held_max) return -1;
    held_.append(from, static_cast<std::size_t>(size));
    return size;
  }
}

TlsStream::Step TlsStream::shake_hands() noexcept {
  ERR_clear_error();
  int rc = SSL_do_handshake(ssl_.get());
  if (rc == 1) return Step::done;
  switch (SSL_get_error(ssl_.get(), rc)) {
    case SSL_ERROR_WANT_READ: return Step::read;
    case SSL_ERROR_WANT_WRITE: return Step::write;
    default: broken_ = true; return Step::failed;
  }
}

Attempt TlsStream::try_read(std::span<char> into) noexcept {
  using State = Attempt::State;
  if (broken_) return {State::broken, 0};
  ERR_clear_error();
  std::size_t bytes = 0;
  reading_ = true;
  int rc = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
  reading_ = false;
  if (rc == 1) return {State::moved, bytes};
  switch (SSL_get_error(ssl_.get(), rc)) {
    case SSL_ERROR_WANT_READ: return {State::wait, 0};
    case SSL_ERROR_ZERO_RETURN: return {State::end, 0};
    // An end without the peer's word for it may have been cut by somebody else.
    default: broken_ = true; return {State::broken, 0};
  }
}

Attempt TlsStream::try_write(std::span<const std::string_view> pieces) noexcept {
  using State = Attempt::State;
  if (broken_) return {State::broken, 0};
  // Small pieces share a record: a head and a short body cost one encryption and one send.
  std::array<char, record_max> record;
  std::size_t total = 0, index = 0, offset = 0;
  for (;;) {
    std::size_t size = 0;
    std::size_t at = index, from = offset;
    while (at < pieces.size() && size < record.size()) {
      std::size_t take = std::min(pieces[at].size() - from, record.size() - size);
      if (take > 0) std::memcpy(record.data() + size, pieces[at].data() + from, take);
      size += take;
      from += take;
      if (from == pieces[at].size()) {
        ++at;
        from = 0;
      }
    }
    if (size == 0) return {State::moved, total};
    if (socket_->turn_over(Direction::write))
      return {total > 0 ? State::moved : State::wait, total};
    ERR_clear_error();
    std::size_t bytes = 0;
    int rc = SSL_write_ex(ssl_.get(), record.data(), size, &bytes);
    if (rc != 1) {
      if (SSL_get_error(ssl_.get(), rc) == SSL_ERROR_WANT_WRITE) {
        return {total > 0 ? State::moved : State::wait, total};
      }
      broken_ = true;
      return {total > 0 ? State::moved : State::broken, total};
    }
    total += bytes;
    socket_->count(Direction::write, bytes);
    for (std::size_t moved = bytes; moved > 0 && index < pieces.size();) {
      std::size_t take = std::min(pieces[index].size() - offset, moved);
      offset += take;
      moved -= take;
      if (offset == pieces[index].size()) {
        ++index;
        offset = 0;
      }
    }
    while (index < pieces.size() && pieces[index].size() == offset) {
      ++index;
      offset = 0;
    }
  }
}

bool TlsStream::arm(Direction direction, Sleeper& sleeper, Wake* at_once) noexcept {
  // Decoded bytes do not show on the socket.
  if (direction == Direction::read && (broken_ || SSL_pending(ssl_.get()) > 0)) {
    *at_once = Wake::ready;
    return false;
  }
  socket_->forget_drained();
  return socket_->arm(direction, sleeper, at_once);
}

io::Task<void> TlsStream::shutdown_write() {
  io::Context here = co_await io::context();
  while (!broken_) {
    ERR_clear_error();
    int rc = SSL_shutdown(ssl_.get());
    if (rc >= 0) break;
    if (SSL_get_error(ssl_.get(), rc) != SSL_ERROR_WANT_WRITE) break;
    Wake why = co_await wait(Direction::write);
    require_ready(why, here);
  }
  co_await socket_->shutdown_write();
}

void TlsStream::close() noexcept {
  broken_ = true;
  socket_->close();
}

}  // namespace molecule::net
