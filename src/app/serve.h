// The composition root: the whole platform as locals of one function, in the order they depend on
// each other. Reading it top to bottom is reading the architecture.
#pragma once

#include <functional>

#include "app/config.h"
#include "app/running.h"
#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "platform/io/stop.h"

namespace molecule::app {

// The outside world, so that tests may bring their own.
struct World {
  io::Clock& clock;
  io::Random& random;
};

// What is known once the platform accepts requests.
struct Ready {
  Running at;
  std::uint16_t port = 0;
  std::string claim_url;  // Empty when an operator signed in before, or in the dev profile.
  const http::Router& router;
  io::Stop& stop;
};

// Runs the platform until stop is requested. Throws Fault when it cannot start.
void serve(const Config& config, World world, const std::function<void(const Ready&)>& on_ready);

}  // namespace molecule::app
