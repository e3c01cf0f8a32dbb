// What others answer: a platform, an agent, a program of the organisation. An answer may hold a
// request and all that was made of it, or a list of many such, so it may be larger than a request;
// how many bytes it has was bounded as it came in.
#pragma once

#include "platform/json/json.h"

namespace molecule::json {

inline constexpr Limits answer_limits{.bytes = 256u << 20, .members = 4'000'000, .nul = Nul::kept};

inline Document parse_answer(std::string_view text) { return Document::parse(text, answer_limits); }

}  // namespace molecule::json
