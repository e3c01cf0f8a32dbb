// What the refusals of model providers mean, as agents' programs pass them on.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/executor.h"

namespace molecule::agent {

// Of a provider's HTTP status; 0: it is not known.
Failure failure_of(int status);
// As far as an error's number and its words say.
Failure failure_in(std::int64_t code, std::string_view words);

}  // namespace molecule::agent
