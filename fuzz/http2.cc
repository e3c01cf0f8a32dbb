// A connection of HTTP/2 that sends whatever it likes: what reaches the server is text of HTTP/1.1
// whose head the strict reader takes or refuses, and never a byte of a second request; what the
// connection holds stays within its bounds. The first byte says how the pieces are cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "platform/http/chunked.h"
#include "platform/http/request_head.h"
#include "platform/http2/multiplexer.h"
#include "platform/io/scope.h"

namespace {

using namespace molecule;

// What the peer sends, in pieces; what it is sent it takes.
class Bytes final : public net::Stream {
 public:
  Bytes(io::Loop& loop, std::string_view bytes, std::size_t piece)
      : loop_(loop), left_(bytes), piece_(piece) {}
  net::Attempt try_read(std::span<char> into) noexcept override {
    const std::size_t n = std::min({into.size(), left_.size(), piece_});
    if (n == 0) return {net::Attempt::State::end, 0};
    std::memcpy(into.data(), left_.data(), n);
    left_.remove_prefix(n);
    return {net::Attempt::State::moved, n};
  }
  net::Attempt try_write(std::span<const std::string_view> pieces) noexcept override {
    std::size_t n = 0;
    for (std::string_view piece : pieces) n += piece.size();
    return {net::Attempt::State::moved, n};
  }
  bool arm(net::Direction, net::Sleeper&, net::Wake* at_once) noexcept override {
    *at_once = net::Wake::ready;
    return false;
  }
  void disarm(net::Direction) noexcept override {}
  void set_deadline(net::Direction, net::TimePoint) noexcept override {}
  io::Task<void> shutdown_write() override { co_return; }
  void close() noexcept override { left_ = {}; }
  const std::string& peer() const override { return peer_; }
  bool secure() const override { return false; }
  io::Loop& loop() override { return loop_; }

 private:
  io::Loop& loop_;
  std::string_view left_;
  std::size_t piece_;
  std::string peer_ = "192.0.2.1";
};

// One request at most, and all of it.
void check(std::string_view text) {
  http::HeadScanner scanner;
  const auto found = scanner.scan(text);
  if (found == http::HeadScanner::Found::more) {
    if (text.size() > http::head_max) std::abort();
    return;
  }
  if (found != http::HeadScanner::Found::head) return;
  http::Request request;
  http::Framing framing;
  if (http::parse_head(text.substr(0, scanner.size()), request, framing)) return;
  if (framing.keep_alive || framing.upgrade) std::abort();
  std::string_view body = text.substr(scanner.size());
  if (!framing.chunked) {
    if (body.size() > framing.length) std::abort();
    return;
  }
  std::string out;
  const auto state = http::ChunkedReader(SIZE_MAX).read(body, out);
  if (state == http::ChunkedReader::State::bad || !body.empty()) std::abort();
}

io::Task<void> serve(std::unique_ptr<net::Stream> stream) {
  std::string text;
  char room[97];
  for (;;) {
    const net::Attempt attempt = stream->try_read(room);
    if (attempt.state != net::Attempt::State::moved) break;
    text.append(room, attempt.bytes);
  }
  check(text);
  const std::string_view answer =
      text.size() % 2 == 0
          ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
          : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\na: b\r\n\r\n";
  const std::string_view pieces[] = {answer};
  stream->try_write(pieces);
  co_return;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static metrics::Registry registry;
  const std::size_t piece = data[0] == 0 ? SIZE_MAX : data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  io::Loop loop;
  http2::Multiplexer multiplexer(registry);
  const http::Limits limits;
  Bytes stream(loop, text, piece);
  auto session = multiplexer.session(stream, limits, serve);
  auto main = [](http::Multiplexer::Session& of) -> io::Task<void> {
    co_await of.run("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  };
  io::run(loop, main(*session));
  return 0;
}
