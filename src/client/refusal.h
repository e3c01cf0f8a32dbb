// What a platform's refusal means to whoever asked: a Fault of the kind that its status says, with
// the platform's own code and sentence.
#pragma once

#include "base/fault.h"
#include "client/platform.h"

namespace molecule::client {

// Of an answer that is not ok().
Fault refusal(const Answer& answer);

}  // namespace molecule::client
