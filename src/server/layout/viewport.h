// The part of the canvas that is looked at, as the API shows and takes it.
#pragma once

#include <optional>
#include <string>

#include "base/fields.h"
#include "base/instant.h"

namespace molecule::layout {

inline constexpr double offset_max = 10'000'000;  // Pixels from the origin, either way.
inline constexpr double zoom_min = 0.01;
inline constexpr double zoom_max = 100;

struct Viewport {
  double x = 0;
  double y = 0;
  double zoom = 1;
};
BOOST_DESCRIBE_STRUCT(Viewport, (), (x, y, zoom))

// The kept viewport. `saved_at` is null as long as none was kept: then a canvas fits everything.
struct Kept {
  double x = 0;
  double y = 0;
  double zoom = 1;
  std::optional<Instant> saved_at;
};
BOOST_DESCRIBE_STRUCT(Kept, (), (x, y, zoom, saved_at))

struct Saved {
  std::string status;
};
BOOST_DESCRIBE_STRUCT(Saved, (), (status))

}  // namespace molecule::layout
