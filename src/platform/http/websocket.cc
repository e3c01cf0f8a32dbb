#include "platform/http/websocket.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <openssl/evp.h>

#include "platform/crypto/encoding.h"
#include "platform/http/flush.h"
#include "platform/http/request_head.h"
#include "platform/http/syntax.h"

namespace molecule::http {

namespace {

constexpr std::size_t control_out_max = 4096;  // Of control frames that wait; more is a flood.

// Where bytes land between the kernel and the reader: per thread, because a loop is one thread, and
// never kept over a wait.
std::span<char> landing() {
  thread_local std::unique_ptr<char[]> bytes(new char[16384]);
  return {bytes.get(), 16384};
}

Fault gone(const char* text) { return {Kind::cancelled, "cancelled", text}; }

constexpr std::size_t copied_max = 1024;  // Copying less is cheaper than a second piece.
constexpr std::uint16_t close_policy = 1008;
constexpr std::size_t close_reason_max = 123;  // What a control frame holds beside the code.

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code);
  payload += reason.substr(0, close_reason_max);
  return payload;
}

FrameSocket::Closed closed_by(std::string_view payload) {
  if (payload.size() < 2) return {};
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(payload[at]); };
  return {static_cast<std::uint16_t>(byte(0) << 8 | byte(1)), std::string(payload.substr(2))};
}

}  // namespace

std::optional<std::string> websocket_accept(std::string_view key) {
  auto raw = crypto::base64_decode(key);
  if (!raw || raw->size() != 16) return std::nullopt;
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  // SHA-1 is what the protocol asks for; nothing is protected by it.
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    return std::nullopt;
  return crypto::base64_encode(crypto::Bytes(digest.data(), size));
}

FrameSocket::FrameSocket(net::Stream& stream, Side side, Options options, std::string leftover,
                         std::unique_ptr<net::Stream> owned)
    : stream_(stream),
      owned_(std::move(owned)),
      side_(side),
      options_(options),
      reader_(side == Side::server, options.message_max),
      pending_(std::move(leftover)) {
  stream_.set_deadline(net::no_deadline);
  arm_ping();
}

FrameSocket::~FrameSocket() = default;

void FrameSocket::arm_ping() {
  net::Wheel::of(stream_.loop()).set(*this, net::Wheel::now(stream_.loop()) + options_.ping_every);
}

void FrameSocket::on_due() noexcept {
  if (broken_ || close_sent_) return;
  if (pings_open_ >= 2) {
    broken_ = true;
    stream_.close();
    return;
  }
  controls_ = 0;
  ++pings_open_;
  control(Op::ping, {});
  arm_ping();
}

void FrameSocket::encode(std::string& out, Op op, std::string_view payload) {
  if (side_ == Side::server) {
    append_frame(out, op, payload);
    return;
  }
  std::array<std::uint8_t, 4> mask{};
  random_.fill(mask);
  append_frame(out, op, payload, &mask);
}

// Sends a control frame now when nobody is writing, else right behind the current message. What the
// kernel does not take waits for the next write: a peer that slow is found by the pings.
void FrameSocket::control(Op op, std::string_view payload) noexcept {
  if (broken_ || close_sent_) return;
  if (op == Op::close) close_sent_ = true;
  if (control_out_.size() > control_out_max) {
    broken_ = true;
    stream_.close();
    return;
  }
  encode(control_out_, op, payload);
  if (!writing_) push_control();
}

void FrameSocket::push_control() noexcept {
  if (control_out_.empty() || broken_) return;
  Pieces pieces;
  pieces.views[0] = control_out_;
  Sent sent = send_now(stream_, pieces);
  if (sent == Sent::broken) broken_ = true;
  control_out_.erase(0, control_out_.size() - pieces.views[0].size());
}

// What one event means: nothing to hand on, a frame, or the end (an empty frame).
std::optional<std::optional<Frame>> FrameSocket::take(FrameReader::Event event) {
  switch (event) {
    case FrameReader::Event::message: {
      Frame frame;
      frame.opcode = reader_.op() == Op::text ? Frame::Opcode::text : Frame::Opcode::binary;
      frame.payload = std::move(reader_.message());
      return frame;
    }
    case FrameReader::Event::ping:
      count_control();
      ping_ = reader_.control();
      return std::nullopt;
    case FrameReader::Event::pong:
      count_control();
      pings_open_ = 0;
      return std::nullopt;
    case FrameReader::Event::close:
      close_received_ = true;
      closed_ = closed_by(reader_.control());
      answer_ping();
      // The answer repeats the code.
      control(Op::close, std::string_view(reader_.control()).substr(0, 2));
      return std::optional<Frame>();
    case FrameReader::Event::error: {
      std::uint16_t code = reader_.error_code();
      control(Op::close, close_payload(code, reader_.error_reason()));
      throw gone("the peer broke the WebSocket protocol");
    }
    case FrameReader::Event::more: break;
  }
  return std::nullopt;
}

void FrameSocket::count_control() {
  if (++controls_ <= options_.control_max) return;
  close_soon(close_policy, "too many control frames", options_.close_wait);
  throw gone("the peer floods the connection with control frames");
}

void FrameSocket::answer_ping() noexcept {
  if (ping_) control(Op::pong, *ping_);
  ping_.reset();
}

io::Task<std::optional<Frame>> FrameSocket::receive() {
  if (close_received_) co_return std::nullopt;
  for (;;) {
    std::string_view rest = std::string_view(pending_).substr(pending_at_);
    while (!rest.empty()) {
      auto taken = take(reader_.read(rest));
      if (taken) {
        pending_at_ = pending_.size() - rest.size();
        answer_ping();
        co_return std::move(*taken);
      }
    }
    std::string().swap(pending_);
    pending_at_ = 0;
    answer_ping();
    if (broken_) throw gone("the connection is lost");
    net::Attempt attempt = stream_.try_read(landing());
    if (attempt.state == net::Attempt::State::moved) {
      rest = {landing().data(), attempt.bytes};
      while (!rest.empty()) {
        auto taken = take(reader_.read(rest));
        if (taken) {
          pending_.assign(rest);
          answer_ping();
          co_return std::move(*taken);
        }
      }
      answer_ping();
      continue;
    }
    if (attempt.state != net::Attempt::State::wait) {
      broken_ = true;
      throw gone("the connection is lost");
    }
    net::Wake why = co_await stream_.wait(net::Direction::read);
    if (why == net::Wake::ready) continue;
    if (why == net::Wake::deadline) broken_ = true;
    throw gone(why == net::Wake::deadline ? "the peer did not close in time"
                                          : "the operation was cancelled");
  }
}

io::Task<void> FrameSocket::write(std::string_view frames, std::string_view payload) {
  while (writing_) co_await writer_left_.wait(options_.write_stall);
  if (broken_ || close_sent_) throw gone("the connection is closed");
  writing_ = true;
  Pieces pieces;
  std::string control = std::exchange(control_out_, {});
  pieces.views[0] = control;
  pieces.views[1] = frames;
  pieces.views[2] = payload;
  Sent sent = send_now(stream_, pieces);
  if (sent == Sent::partly) sent = co_await send_all(stream_, pieces, options_.write_stall);
  writing_ = false;
  if (sent == Sent::all) {
    push_control();
    writer_left_.notify();
    co_return;
  }
  // A frame may be cut in two: nothing can follow it.
  broken_ = true;
  stream_.close();
  writer_left_.notify();
  throw gone(sent == Sent::stalled ? "the peer is too slow" : "the connection is lost");
}

io::Task<void> FrameSocket::send(Frame::Opcode opcode, std::string_view payload) {
  const Op op = opcode == Frame::Opcode::text ? Op::text : Op::binary;
  std::string out;
  // A server sends what it was given, from where it lies: many may be sent the same.
  if (side_ == Side::server && payload.size() > copied_max) {
    append_frame_head(out, op, payload.size());
    co_await write(out, payload);
    co_return;
  }
  out.reserve(payload.size() + 14);
  encode(out, op, payload);
  co_await write(out);
}

io::Task<void> FrameSocket::send_raw(std::string_view frames) {
  if (side_ == Side::client) throw internal("encoded server frames cannot be sent by a client");
  co_await write(frames);
}

io::Task<void> FrameSocket::close(std::uint16_t code, std::string_view reason) {
  while (writing_) co_await writer_left_.wait(options_.write_stall);
  if (broken_ || close_sent_) co_return;
  control(Op::close, close_payload(code, reason));
  wait_for_close(options_.close_wait);
}

void FrameSocket::close_soon(std::uint16_t code, std::string_view reason,
                             std::chrono::milliseconds patience) noexcept {
  if (broken_) return;
  if (!close_sent_) control(Op::close, close_payload(code, reason));
  wait_for_close(patience);
}

// However often closing is begun, its end only comes nearer.
void FrameSocket::wait_for_close(std::chrono::milliseconds patience) noexcept {
  close_by_ = std::min(close_by_, net::Wheel::now(stream_.loop()) + patience);
  stream_.set_deadline(net::Direction::read, close_by_);
}

io::Task<void> FrameSocket::finish(std::uint16_t code) {
  try {
    if (!broken_ && !close_sent_) co_await close(code, {});
    if (!broken_ && !control_out_.empty()) {
      Pieces pieces;
      pieces.views[0] = control_out_;
      Sent sent = co_await send_all(stream_, pieces, options_.close_wait);
      if (sent != Sent::all) broken_ = true;
    }
    if (!broken_) co_await stream_.shutdown_write();
    // Reading on until the peer ends keeps the close frame from being lost to a reset.
    wait_for_close(options_.close_wait);
    std::size_t left = 1u << 20;
    while (!broken_) {
      net::Attempt attempt = stream_.try_read(landing());
      if (attempt.state == net::Attempt::State::moved) {
        if (attempt.bytes >= left) break;
        left -= attempt.bytes;
        continue;
      }
      if (attempt.state != net::Attempt::State::wait) break;
      net::Wake why = co_await stream_.wait(net::Direction::read);
      if (why != net::Wake::ready) break;
    }
  } catch (const Fault&) {
    // Closing was all that was left to do.
  }
  broken_ = true;
  stream_.close();
}

io::Task<std::unique_ptr<FrameSocket>> websocket_connect(
    std::unique_ptr<net::Stream> stream, std::string host, std::string target,
    std::vector<std::pair<std::string, std::string>> headers, FrameSocket::Options options) {
  std::array<std::uint8_t, 16> nonce{};
  io::SystemRandom random;
  random.fill(nonce);
  std::string key = crypto::base64_encode(nonce);
  std::string request =
      "GET " + target + " HTTP/1.1\r\nHost: " + host +
      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: " +
      key + "\r\n";
  for (const auto& [name, value] : headers) {
    if (!all_are(name, detail::token_char) || !all_are(value, detail::value_char)) {
      throw bad_request("a header of the WebSocket request has characters that are not allowed");
    }
    request += name + ": " + value + "\r\n";
  }
  request += "\r\n";
  stream->set_deadline(net::Wheel::now(stream->loop()) + options.handshake);
  co_await stream->write(request);

  std::string answer;
  HeadScanner scanner;
  HeadScanner::Found found = HeadScanner::Found::more;
  std::array<char, 2048> part;
  while (found == HeadScanner::Found::more) {
    std::size_t n = co_await stream->read(part);
    if (n == 0) throw net::connection_lost();
    answer.append(part.data(), n);
    found = scanner.scan(answer);
  }
  if (found != HeadScanner::Found::head || !answer.starts_with("HTTP/1.1 "))
    throw WebSocketRefused(0, {}, "the peer did not answer in HTTP");
  const std::string status = answer.substr(9, 3);
  if (status != "101") {
    int code = 0;
    std::from_chars(status.data(), status.data() + status.size(), code);
    throw WebSocketRefused(code, answer.substr(scanner.size()),
                           "the peer answered the WebSocket request with status " + status);
  }
  std::optional<std::string> accept;
  std::string_view rest = std::string_view(answer).substr(0, scanner.size());
  while (!rest.empty()) {
    std::size_t end = rest.find("\r\n");
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (equal_ignoring_case(line.substr(0, colon), "sec-websocket-accept")) {
      accept = std::string(trim(line.substr(colon + 1)));
    }
  }
  if (!accept || accept != websocket_accept(key))
    throw WebSocketRefused(101, {}, "the peer did not prove that it speaks WebSocket");
  net::Stream& under = *stream;
  co_return std::make_unique<FrameSocket>(under, FrameSocket::Side::client, options,
                                          answer.substr(scanner.size()), std::move(stream));
}

}  // namespace molecule::http
