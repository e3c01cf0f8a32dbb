// A client for tests that must control every byte: it sends text as given and reads what comes,
// over a plain blocking socket on the loopback address. It knows just enough HTTP to cut a response
// out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace molecule::testing {

struct PeerResponse {
  int status = 0;  // 0: the connection ended before a whole response came.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // Chunked bodies joined.
  // First header of that name, compared without case; empty when absent.
  std::string header(std::string_view name) const;
};

class HttpPeer {
 public:
  explicit HttpPeer(std::uint16_t port);  // Connects; throws std::runtime_error when refused.
  ~HttpPeer();
  HttpPeer(HttpPeer&& other) noexcept;
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  void send(std::string_view bytes);  // A connection the other side closed is not an error.
  void end_sending();
  void close();

  // One response; `to_head` when it answers HEAD. Bytes behind it are kept for the next call. Waits
  // at most `patience`.
  PeerResponse response(bool to_head = false);
  // Exactly that many bytes, or fewer at the end.
  std::string bytes(std::size_t count);
  // Up to and including `mark`, or everything until the end.
  std::string until(std::string_view mark);
  // Everything until the other side ends.
  std::string rest();
  // True when the other side has ended, within `patience`.
  bool ended();

  // send() and response() in one: a GET-like request with Host and the given extra header lines.
  PeerResponse ask(std::string_view method, std::string_view target, std::string_view headers = {},
                   std::string_view body = {});

  std::chrono::milliseconds patience{10'000};

 private:
  bool more();  // Reads once; false at the end.
  int socket_ = -1;
  std::uint16_t port_;
  std::string received_;
};

}  // namespace molecule::testing
