// A WebSocket over any Stream, either side. Pings are answered and sent, fragments joined, the
// close handshake done here; a message's meaning is the handler's.
//
// One coroutine receives at a time; any number may send, each message whole and in turn. While it
// waits for a message a socket holds no buffer. Of the pings that arrive together the newest is
// answered. Somebody must be receiving: pongs are read there,
// and a peer whose pongs nobody reads counts as gone after three ping intervals.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/http/message.h"
#include "platform/http/websocket_frames.h"
#include "platform/io/clock.h"
#include "platform/io/signal.h"
#include "platform/net/stream.h"
#include "platform/net/wheel.h"

namespace molecule::http {

// The value of Sec-WebSocket-Accept; nullopt when the key is not base64 of 16 bytes.
std::optional<std::string> websocket_accept(std::string_view key);

class FrameSocket final : public WebSocket, private net::Wheel::Entry {
 public:
  enum class Side { server, client };
  struct Options {
    std::size_t message_max = 64u << 10;           // Inbound; a longer one is answered with 1009.
    std::chrono::milliseconds ping_every{30'000};  // Two without an answer end the connection.
    std::chrono::milliseconds write_stall{30'000};
    std::chrono::milliseconds close_wait{2'000};  // For the peer's half of the close handshake.
    std::chrono::milliseconds handshake{10'000};  // Of a client: for the whole of the answer.
    // Pings and pongs of the peer between two pings of ours; more end the connection with 1008.
    std::size_t control_max = 600;
  };
  // `stream` outlives it, or is `owned`. `leftover`: bytes that came behind the handshake.
  FrameSocket(net::Stream& stream, Side side, Options options, std::string leftover,
              std::unique_ptr<net::Stream> owned = nullptr);
  ~FrameSocket() override;

  io::Task<std::optional<Frame>> receive() override;
  io::Task<void> send(Frame::Opcode opcode, std::string_view payload) override;
  io::Task<void> send_raw(std::string_view frames) override;
  io::Task<void> close(std::uint16_t code, std::string_view reason) override;

  // Why the peer closed, once it has: its code (0: it gave none) and what it said.
  struct Closed {
    std::uint16_t code = 0;
    std::string reason;
  };
  const std::optional<Closed>& closed() const { return closed_; }

  // Sends a close frame without waiting for anything; receive() ends when the peer answers, or
  // throws after `patience`, which also shortens a close that is under way.
  void close_soon(std::uint16_t code, std::string_view reason,
                  std::chrono::milliseconds patience) noexcept;
  // Ends whatever is left of the close handshake, then the stream. Throws nothing.
  io::Task<void> finish(std::uint16_t code);

 private:
  void on_due() noexcept override;
  std::optional<std::optional<Frame>> take(FrameReader::Event event);
  void control(Op op, std::string_view payload) noexcept;
  void encode(std::string& out, Op op, std::string_view payload);
  void push_control() noexcept;
  void count_control();
  void answer_ping() noexcept;
  io::Task<void> write(std::string_view frames, std::string_view payload = {});
  void arm_ping();
  void wait_for_close(std::chrono::milliseconds patience) noexcept;

  net::Stream& stream_;
  std::unique_ptr<net::Stream> owned_;
  Side side_;
  Options options_;
  FrameReader reader_;
  std::string pending_;  // Arrived; not read yet from pending_at_ on.
  std::size_t pending_at_ = 0;
  std::optional<std::string> ping_;  // The newest that was not answered yet.
  std::size_t controls_ = 0;         // Since our last ping.
  std::string
      control_out_;  // Control frames that wait for a writer to end; bounded, see control().
  io::SystemRandom random_;
  io::Signal writer_left_;
  bool writing_ = false;
  bool broken_ = false;
  bool close_sent_ = false;
  bool close_received_ = false;
  std::optional<Closed> closed_;
  int pings_open_ = 0;
  net::TimePoint close_by_ = net::no_deadline;  // For the peer's half of the close handshake.
};

// The other side answered the request for a WebSocket with something else than 101.
class WebSocketRefused final : public Fault {
 public:
  WebSocketRefused(int status, std::string body, std::string text)
      : Fault(Kind::bad_gateway, "websocket_refused", std::move(text)),
        status_(status),
        body_(std::move(body)) {}
  int status() const { return status_; }               // 0: it was not HTTP.
  const std::string& answer() const { return body_; }  // What came of its body with the head.

 private:
  int status_;
  std::string body_;
};

// The client's side of the opening handshake over an open stream, which it takes over. `headers`
// are added to the request (Authorization, Sec-WebSocket-Protocol). Throws WebSocketRefused when
// the server answers anything but 101.
io::Task<std::unique_ptr<FrameSocket>> websocket_connect(
    std::unique_ptr<net::Stream> stream, std::string host, std::string target,
    std::vector<std::pair<std::string, std::string>> headers, FrameSocket::Options options = {});

}  // namespace molecule::http
