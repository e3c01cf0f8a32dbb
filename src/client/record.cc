#include "client/record.h"

namespace molecule::client {

std::string told(json::Node value) {
  if (!value || value.is(json::Type::null)) return {};
  if (value.is(json::Type::string)) return std::string(value.string());
  return value.text();
}

}  // namespace molecule::client
