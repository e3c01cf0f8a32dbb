#include "cli/nouns.h"

#include <array>

namespace molecule::cli {

std::span<const Verb> nouns() {
  static const std::array all{ws_noun};
  return all;
}

}  // namespace molecule::cli
