// The part of the canvas that is looked at.
#pragma once

#include <array>
#include <optional>

#include "base/fields.h"
#include "base/instant.h"
#include "platform/json/shape.h"

namespace molecule::api {

// Body of PUT /canvas/viewport.
struct Viewport {
  double x = 0;
  double y = 0;
  double zoom = 1;

  static constexpr std::array about{
      json::About{"x", "pixels from the origin, at most 10000000 either way"},
      json::About{"zoom", "0.01 to 100"}};
};
BOOST_DESCRIBE_STRUCT(Viewport, (), (x, y, zoom))

struct KeptViewport {
  double x = 0;
  double y = 0;
  double zoom = 1;
  std::optional<Instant> saved_at;

  static constexpr std::array about{
      json::About{"saved_at", "null as long as none was kept: then a canvas fits everything"}};
};
BOOST_DESCRIBE_STRUCT(KeptViewport, (), (x, y, zoom, saved_at))

}  // namespace molecule::api
