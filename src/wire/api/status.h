// Answers that say only what was done.
#pragma once

#include <string>

#include "base/fields.h"

namespace molecule::api {

struct Done {
  std::string status;  // "saved", "revoked", …
};
BOOST_DESCRIBE_STRUCT(Done, (), (status))

}  // namespace molecule::api
