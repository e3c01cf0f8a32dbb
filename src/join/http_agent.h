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
  // What it is at it may tell by itself, through the door: nobody looks into its connections, and
  // one that is kept for the next message is no task.
  std::size_t working() const override { return 0; }

 private:
  io::Task<bool> answers();

  net::Connector& dialer_;
  const net::Url url_;
  std::size_t at_it_ = 0;  // Connections of the platform's that are not over.
  std::uint64_t looks_ = 0;
  bool silent_ = false;  // It took the last question and did not answer it.
  http::Client client_;
};

}  // namespace molecule::join
