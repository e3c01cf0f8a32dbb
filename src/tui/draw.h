// From what is known to what is seen.
#pragma once

#include "tui/model.h"
#include "tui/picture.h"
#include "tui/press.h"

namespace molecule::tui {

struct Drawn {
  Picture picture;
  Shown shown;
};
// Settles selections and places of lists in `model`, so that they are where they are shown.
Drawn draw(Model& model, int rows, int columns);

// Smaller than this, only that it is too small is said.
constexpr int rows_min = 6;
constexpr int columns_min = 24;

}  // namespace molecule::tui
