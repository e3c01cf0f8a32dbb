// A task told anew to who knows it already.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/a2a/a2a.h"

namespace molecule::a2a {

// What a stream says of a task as it is told in a generation, as results of JSON-RPC: each of its
// artifacts whole, then its state.
std::vector<std::string> updates_of(std::string_view task, Generation told_in);

// The same of a JSON-RPC answer whose result is a task; empty when it is something else.
std::vector<std::string> updates_in(std::string_view rpc, Generation told_in);

}  // namespace molecule::a2a
