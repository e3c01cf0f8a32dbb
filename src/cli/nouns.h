// The verbs of each noun, one file per noun. What a noun needs of another is in its own header.
#pragma once

#include "cli/verb.h"

namespace molecule::cli {

extern const Verb ws_noun;

// All of them, in the order in which help lists them.
std::span<const Verb> nouns();

}  // namespace molecule::cli
