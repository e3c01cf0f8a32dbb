// A request as handlers see it and a response as they return it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fault.h"
#include "base/id.h"
#include "platform/io/task.h"

namespace molecule::io {
class Aside;
class Signal;
}  // namespace molecule::io

namespace molecule::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options };
std::string_view method_text(Method method);

// Who asks, as the gate proved it. The meaning of `kind` belongs to the gate; http only carries it.
struct Principal {
  int kind = 0;          // 0: nobody.
  IdBytes subject{};     // Whom the credential names (a workspace), nil when it names the operator.
  IdBytes credential{};  // Which credential was used, for audit.
  // By which people recognise that credential; empty where there is only one.
  std::array<char, 16> mark{};
  // How much longer the credential is good, as far as is known now. Nobody's is good for ever.
  std::chrono::milliseconds lasts = for_ever;
  static constexpr std::chrono::milliseconds for_ever = std::chrono::milliseconds::max();
};

// What the gate counted a request against, told in every answer to it as X-RateLimit-Limit,
// -Remaining and -Reset.
struct Quota {
  enum class Kind : std::uint8_t { untold, counted, unlimited };
  Kind kind = Kind::untold;
  std::uint32_t limit = 0;
  std::uint32_t remaining = 0;
  std::uint32_t reset = 0;  // Seconds until the window ends.
};

// How a request came here.
enum class Way : std::uint8_t {
  direct,   // No proxy says that it passed it on.
  proxied,  // By a proxy that is trusted to say for whom.
  claimed,  // By something that says it is a proxy and is not in trusted-proxies: not believed.
};

// A body that its route reads as it comes (Route::reads_body). What has been read is nobody's any
// more: the body is in memory a piece at a time.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // What the request says it will be; nothing when it does not say.
  virtual std::optional<std::uint64_t> announced() const = 0;
  // The next bytes, until the next call; empty at the end. Throws Fault when the peer is gone or
  // too slow, breaks the encoding or sends more than the route takes; what is answered then is the
  // server's business, whatever the handler makes of it.
  virtual io::Task<std::string_view> next() = 0;
};

// Views point into the connection's buffers and live until the handler's response has been sent.
struct Header {
  std::string_view name;   // As received; compare without case.
  std::string_view value;  // Trimmed.
};

class Request {
 public:
  Method method = Method::get;
  std::string_view path;  // Percent-encoded as received, without the query; always starts with '/'.
  std::string_view query;  // Without '?', may be empty.
  std::vector<Header> headers;
  std::string_view body;            // Whole; the route's cap was enforced while reading.
  BodyReader* incoming = nullptr;   // Instead of it, for a route that reads_body().
  std::string_view host;            // The Host header, exactly one.
  std::string_view peer;            // Client address text: TCP peer, or from a trusted proxy.
  bool secure = false;              // Arrived over TLS.
  Way way = Way::direct;            // How it came, as far as its connection and headers tell.
  std::string id;                   // X-Request-Id of the response and of every log line.
  std::vector<std::string> params;  // Percent-decoded values of the pattern's {names}, in order.
  Principal principal;              // Set by the gate.
  Quota quota;                      // Set by the gate, also when it refuses.
  io::Aside* aside = nullptr;       // Where a body too long for a loop is read.

  // First header of that name, compared without case.
  std::optional<std::string_view> header(std::string_view name) const;
  // Decoded value of a query member, first one when repeated.
  std::optional<std::string> query_value(std::string_view name) const;
  // Value of a cookie.
  std::optional<std::string_view> cookie(std::string_view name) const;
};

// Writes a streamed body: each write is flushed; waits while the peer is slow (bounded by the
// server's write limits) and throws Fault cancelled when the peer is gone.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual io::Task<void> write(std::string_view bytes) = 0;
  // A field to follow the body of a stream whose length is not known before. Control characters in
  // the value are replaced by spaces.
  virtual void trailer(std::string_view name, std::string_view value) = 0;
  // True once the peer is gone, its credential has ended or the server drains: end the stream at
  // the next good place. A handler that has not returned when the drain ends is cancelled.
  virtual bool closed() const = 0;
  // Notifies `signal` when closed() becomes true, for handlers that wait for something else
  // meanwhile. It must live until the handler returns; null takes it back.
  virtual void notify_closed(io::Signal* signal) = 0;
};

struct Frame {
  enum class Opcode : std::uint8_t { text, binary } opcode = Opcode::text;
  std::string payload;
};

// One WebSocket (RFC 6455), either side. Fragments are joined, pings answered, sizes bounded.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Next message; nullopt after an orderly close. Throws Fault cancelled when the connection broke.
  virtual io::Task<std::optional<Frame>> receive() = 0;
  // Sends one message; several may be queued as one write by passing ready-made frames to send_raw.
  virtual io::Task<void> send(Frame::Opcode opcode, std::string_view payload) = 0;
  // Sends already encoded server frames (see encode_frame), so that one event is encoded once for
  // many.
  virtual io::Task<void> send_raw(std::string_view frames) = 0;
  virtual io::Task<void> close(std::uint16_t code, std::string_view reason) = 0;
};
std::string encode_frame(Frame::Opcode opcode, std::string_view payload);  // Server side, unmasked.

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;
  // Serve these bytes instead of `body`; they live as long as the program (embedded assets).
  std::string_view fixed;
  // Streamed body (SSE and the like): head first, then this runs until it returns or the peer is
  // gone.
  std::move_only_function<io::Task<void>(BodyWriter&)> stream;
  // Of a streamed body whose size is known before: its Content-Length.
  std::optional<std::uint64_t> stream_length;
  // Accepts a WebSocket: 101 first, then this runs with it. `subprotocol` is echoed when not empty.
  std::move_only_function<io::Task<void>(WebSocket&)> socket;
  std::string subprotocol;

  static Response json(int status, std::string body) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
  }
  Response&& with(std::string name, std::string value) && {
    headers.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
};

std::string_view reason_phrase(int status);

// {"error":…,"code":…} with the Fault's extra members, Retry-After and status.
Response error_response(int status, std::string_view code, std::string_view text,
                        std::string_view members = {});
Response fault_response(const Fault& fault);

}  // namespace molecule::http
