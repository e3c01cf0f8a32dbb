// What lies between one agent and the platform: connections whose bytes come late and in pieces,
// and that break where the test says. Moved by the manual timers of the loop it is on.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/io/manual_timers.h"
#include "platform/net/dial.h"
#include "testing/simulation/chance.h"

namespace molecule::simulation {

class Network final : public net::Connector {
 public:
  using Accept = std::function<void(std::unique_ptr<net::Stream>)>;

  // `accept` is given the other end of each connection; `from` is where it says it comes from. All
  // outlive the network and its connections.
  Network(io::Loop& loop, io::ManualTimers& timers, Chance& chance, std::string from,
          Accept accept);
  ~Network() override;

  struct Weather {
    bool reachable = true;
    std::chrono::milliseconds late_max{5};  // Of each piece.
    std::size_t piece_max = 4096;
  };
  Weather weather;

  io::Task<std::unique_ptr<net::Stream>> dial(const net::Url& url) override;

  // What happens to the connections that are there. A broken one is told to both ends, to one of
  // them later, or to nobody.
  void cut_after(std::uint64_t bytes);  // Of both directions together.
  void reset();
  void silence();  // Nothing comes through any more, and nobody is told.

 private:
  class Line;
  class End;
  std::vector<std::shared_ptr<Line>> lines();

  io::Loop& loop_;
  io::ManualTimers& timers_;
  Chance& chance_;
  const std::string from_;
  Accept accept_;
  std::vector<std::weak_ptr<Line>> lines_;
};

}  // namespace molecule::simulation
