// What verbs are given besides words: text from standard input, files, and secrets, which are in no
// argument.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"

namespace molecule::cli {

constexpr std::size_t input_max = 16u << 20;

// All of standard input. Throws Fault too_large beyond input_max.
std::string standard_input();
// The words, or where they are "-" all of standard input.
std::string text_or_input(std::string_view words);
// A file's text, or for "-" standard input. Throws Fault bad_request when there is none.
std::string file_or_input(std::string_view file);
// Asked for on the terminal without showing it, else all of standard input but its last line end.
// Throws Fault bad_request when nothing comes.
Secret secret_input(std::string_view what);

}  // namespace molecule::cli
