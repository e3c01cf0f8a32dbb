// Where a request stands in a trace that its sender keeps (W3C Trace Context): passed on as it
// came, if it is one.
#pragma once

#include <string>
#include <string_view>

namespace molecule::a2a {

inline constexpr std::string_view trace_parent_name = "traceparent";
inline constexpr std::string_view trace_state_name = "tracestate";
inline constexpr std::size_t trace_max = 512;  // Bytes of either.

struct Trace {
  std::string parent;
  std::string state;  // May be empty.
};

// Empty parts are left out: without a parent that is one there is no state either.
Trace trace_of(std::string_view parent, std::string_view state);

}  // namespace molecule::a2a
