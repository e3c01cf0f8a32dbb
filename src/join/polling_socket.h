// The agent's end of a relay where something on the way takes no WebSockets: what it sends goes out
// as requests, and what comes is asked for by requests that the platform holds. Any request that
// fails ends it; the session goes on over another, as after any break.
//
// Belongs to one loop, and obeys nobody's cancellation but its callers'.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "platform/http/client.h"
#include "platform/http/websocket.h"
#include "platform/io/signal.h"
#include "wire/relay/parcel.h"

namespace molecule::join {

class PollingSocket final : public http::WebSocket {
 public:
  // `base`: the platform's path of the workspace's polls. Throws http::WebSocketRefused for any
  // other answer than 201, and as http::Client does. `client` outlives it.
  static io::Task<std::unique_ptr<PollingSocket>> begin(http::Client& client, const net::Url& base,
                                                        std::string authorization);

  io::Task<std::optional<http::Frame>> receive() override;
  io::Task<void> send(http::Frame::Opcode opcode, std::string_view payload) override;
  io::Task<void> send_raw(std::string_view frames) override;
  io::Task<void> close(std::uint16_t code, std::string_view reason) override;

  const std::optional<http::FrameSocket::Closed>& closed() const { return closed_; }

 private:
  PollingSocket(http::Client& client, net::Url base, std::string authorization)
      : client_(client), base_(std::move(base)), authorization_(std::move(authorization)) {}
  io::Task<std::string> ask(std::string_view path, std::int64_t number, std::string_view body);
  io::Task<void> put(relay::ParcelMessage::Kind kind, std::string_view bytes);

  http::Client& client_;
  net::Url base_;  // Of this poll, once it has begun.
  std::string authorization_;
  relay::ParcelReader come_{std::string()};
  std::int64_t put_ = 0, taken_ = 0;
  bool putting_ = false;
  io::Signal put_ended_;
  std::optional<http::FrameSocket::Closed> closed_;
};

}  // namespace molecule::join
