// The way from the agent to the platform: an address of this machine behind which the platform
// answers, over the connection there is. Who asks shows its token, as everywhere.
#pragma once

#include "join/connection.h"
#include "platform/net/socket.h"

namespace molecule::join {

class Door {
 public:
  // Fewer than the streams there may be, so that some are left for registering and beating.
  static constexpr std::size_t connections_max = 48;
  static constexpr std::chrono::seconds ask_within{10};

  // Listens on a loopback address; port 0 picks one. Throws as net::Listener does.
  Door(io::Loop& loop, std::string_view address, std::uint16_t port, Connection& connection);
  // Accepts until cancelled.
  io::Task<void> run();
  std::string url() const { return url_; }

 private:
  io::Task<void> pass(std::unique_ptr<net::Socket> socket);

  Connection& connection_;
  net::Listener listener_;
  const std::string url_;
};

}  // namespace molecule::join
