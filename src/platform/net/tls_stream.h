// One TLS connection as a Stream. Private to tls.cc.
#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "platform/net/socket.h"
#include "platform/net/stream.h"

namespace molecule::net {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<Socket> socket, std::unique_ptr<SSL, FreeSsl> ssl);
  ~TlsStream() override;

  // What the handshake waits for; no value once it is done.
  enum class Step { done, read, write, failed };
  Step shake_hands() noexcept;
  SSL* ssl() { return ssl_.get(); }

  Attempt try_read(std::span<char> into) noexcept override;
  Attempt try_write(std::span<const std::string_view> pieces) noexcept override;
  bool arm(Direction direction, Sleeper& sleeper, Wake* at_once) noexcept override;
  void disarm(Direction direction) noexcept override { socket_->disarm(direction); }
  using Stream::set_deadline;
  void set_deadline(Direction direction, TimePoint at) noexcept override {
    socket_->set_deadline(direction, at);
  }
  io::Task<void> shutdown_write() override;
  void close() noexcept override;
  const std::string& peer() const override { return socket_->peer(); }
  bool secure() const override { return true; }
  io::Loop& loop() override { return socket_->loop(); }

  // The library's way to the socket. Bytes it must send while it only wants to read (the answer to
  // a key update) are held here when the socket is full, so that reading never waits for writing.
  int receive(char* into, int size, bool* again) noexcept;
  int transmit(const char* from, int size, bool* again) noexcept;

 private:
  bool flush_held() noexcept;

  std::unique_ptr<Socket> socket_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string held_;
  bool reading_ = false;
  bool broken_ = false;
};

}  // namespace molecule::net
