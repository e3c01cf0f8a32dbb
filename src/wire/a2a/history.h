// How much of a task's history its caller wants: what is kept of it is whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace molecule::a2a {

// An answer, or an event of JSON-RPC, whose task tells no more than the last `length` messages.
std::string with_history(std::string_view rpc, std::int64_t length);

}  // namespace molecule::a2a
