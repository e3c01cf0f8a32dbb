// What the platform says about itself.
#pragma once

#include <string>

#include "base/fields.h"

namespace molecule::api {

struct Health {
  std::string status = "ok";
  std::string version;
  std::string uptime;    // "93s"
  std::string database;  // "ok" or "unavailable"
};
BOOST_DESCRIBE_STRUCT(Health, (), (status, version, uptime, database))

}  // namespace molecule::api
