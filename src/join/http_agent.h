// An agent of this machine that listens: what the platform asks is passed on as it is.
#pragma once

#include "join/agent.h"
#include "platform/http/client.h"
#include "platform/net/dial.h"
#include "platform/net/url.h"

namespace molecule::join {

class HttpAgent final : public Agent {
 public:
  HttpAgent(net::Connector& dialer, net::Url url, metrics::Registry& registry)
      : dialer_(dialer), url_(std::move(url)), client_(dialer, registry) {}

  // While nothing listens the platform is answered with 503, so that it keeps the message.
  io::Task<void> serve(std::unique_ptr<net::Stream> stream) override;
  io::Task<std::optional<std::string>> card() override;
  io::Task<bool> is_there() override;
  std::size_t working() const override { return open_; }

 private:
  net::Connector& dialer_;
  const net::Url url_;
  http::Client client_;
  std::size_t open_ = 0;
};

}  // namespace molecule::join
