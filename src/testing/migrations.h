// The project's schema history, read from the source tree, for store tests.
#pragma once

#include <span>

#include "platform/sql/database.h"

namespace molecule::test {

// Every file of migrations/, in order. Lives as long as the program.
std::span<const sql::Migration> migrations();

}  // namespace molecule::test
