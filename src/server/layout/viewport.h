// How far and how close the canvas may be looked at.
#pragma once

namespace molecule::layout {

inline constexpr double offset_max = 10'000'000;  // Pixels from the origin, either way.
inline constexpr double zoom_min = 0.01;
inline constexpr double zoom_max = 100;

}  // namespace molecule::layout
