#include "join/polling_socket.h"

#include <array>

#include "platform/json/json.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;
using Kind = relay::ParcelMessage::Kind;

constexpr auto answer_within = 15s;  // Beyond what the platform may hold a request.
constexpr auto turn_within = 1h;     // Another message that goes out; its own limits end it.

io::Task<http::ClientResponse> post(http::Client& client, const net::Url& url,
                                    const std::string& authorization, std::string_view body) {
  const std::array<http::Header, 2> headers{
      http::Header{"Authorization", authorization},
      http::Header{"Content-Type", "application/octet-stream"}};
  http::ClientRequest request;
  request.method = http::Method::post;
  request.url = &url;
  request.headers = headers;
  request.body = body;
  request.limits.head = std::chrono::seconds(relay::parcel_wait_seconds) + answer_within;
  request.limits.body = answer_within;
  request.limits.body_max = 2 * relay::parcel_max;
  co_return co_await client.send(request);
}

http::WebSocketRefused refused(const http::ClientResponse& answer) {
  return {answer.status, std::string(answer.body()),
          fmt::format("the platform does not take polls either: it answered with status {}",
                      answer.status)};
}

}  // namespace

io::Task<std::unique_ptr<PollingSocket>> PollingSocket::begin(http::Client& client,
                                                              const net::Url& base,
                                                              std::string authorization) {
  const http::ClientResponse answer = co_await post(client, base, authorization, {});
  if (answer.status != 201) throw refused(answer);
  relay::PollBegun begun;
  try {
    begun = json::read<relay::PollBegun>(answer.body());
  } catch (const Fault&) {
    throw refused(answer);  // A login page, or whatever answers everything.
  }
  net::Url url = base;
  url.target += "/" + begun.poll;
  co_return std::unique_ptr<PollingSocket>(
      new PollingSocket(client, std::move(url), std::move(authorization)));
}

io::Task<std::string> PollingSocket::ask(std::string_view path, std::int64_t number,
                                         std::string_view body) {
  net::Url url = base_;
  url.target += fmt::format("/{}?number={}", path, number);
  http::ClientResponse answer = co_await post(client_, url, authorization_, body);
  if (answer.status != 200 && answer.status != 204) throw refused(answer);
  co_return std::move(answer).take_body();
}

io::Task<std::optional<http::Frame>> PollingSocket::receive() {
  while (come_.done()) {
    std::string parcel = co_await ask("next", ++taken_, {});
    come_ = relay::ParcelReader(std::move(parcel));
  }
  relay::ParcelMessage message = come_.next();
  if (message.kind == Kind::close) {
    closed_ = {relay::close_code(message.bytes), std::string(relay::close_reason(message.bytes))};
    co_return std::nullopt;
  }
  const bool text = message.kind == Kind::text;
  co_return http::Frame{text ? http::Frame::Opcode::text : http::Frame::Opcode::binary,
                        std::move(message.bytes)};
}

io::Task<void> PollingSocket::put(Kind kind, std::string_view bytes) {
  // One request at a time, so that they come in order.
  while (putting_) co_await put_ended_.wait(turn_within);
  struct Putting {
    explicit Putting(PollingSocket& at) : socket(at) { socket.putting_ = true; }
    ~Putting() {
      socket.putting_ = false;
      socket.put_ended_.notify();
    }
    PollingSocket& socket;
  };
  const Putting putting(*this);
  std::string parcel;
  relay::pack(parcel, kind, bytes);
  co_await ask("parcels", ++put_, parcel);
}

io::Task<void> PollingSocket::send(http::Frame::Opcode opcode, std::string_view payload) {
  co_await put(opcode == http::Frame::Opcode::text ? Kind::text : Kind::binary, payload);
}

io::Task<void> PollingSocket::send_raw(std::string_view) {
  throw internal("a relay sends no frames of WebSockets");
  co_return;
}

io::Task<void> PollingSocket::close(std::uint16_t code, std::string_view reason) {
  if (closed_) co_return;
  co_await put(Kind::close, relay::close_bytes(code, reason));
}

}  // namespace molecule::join
