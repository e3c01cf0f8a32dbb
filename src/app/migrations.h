// The schema's history, embedded from migrations/.
#pragma once

#include <span>

#include "platform/sql/database.h"

namespace molecule::app {

std::span<const sql::Migration> migrations();

}  // namespace molecule::app
