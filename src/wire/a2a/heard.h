// The bounds of what an agent answers, as it comes in: less deep than what is kept may be, since it
// is put into more on its way, and with no more in it than can be told together with others.
#pragma once

#include "platform/json/json.h"

namespace molecule::a2a {

inline constexpr json::Limits heard_limits{
    .bytes = 64u << 20, .depth = 56, .members = 1'000'000, .nul = json::Nul::kept};

}  // namespace molecule::a2a
