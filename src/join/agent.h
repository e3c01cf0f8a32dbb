// What stands behind the connection: somebody who answers the platform's requests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "platform/io/task.h"
#include "platform/net/stream.h"

namespace molecule::join {

// How it does, for the platform's people.
struct Health {
  double error_rate = 0;  // From 0 to 1.
  std::string trouble;    // What last went wrong, where something did.
  std::string at;         // What it is at; empty: nothing.
};

class Agent {
 public:
  virtual ~Agent() = default;
  // One connection of the platform's, to its end.
  virtual io::Task<void> serve(std::unique_ptr<net::Stream> stream) = 0;
  // Its A2A card; nothing while it is not there.
  virtual io::Task<std::optional<std::string>> card() = 0;
  // Whether anybody answers at all, busy or not.
  virtual io::Task<bool> is_there() = 0;
  // Tasks that it is at.
  virtual std::size_t working() const = 0;
  // Since the platform was told last.
  virtual Health health() { return {}; }
  // The platform has been told what health() said.
  virtual void health_told() {}
  // Grows when its card has become another one.
  virtual std::uint64_t edition() const { return 0; }
};

}  // namespace molecule::join
