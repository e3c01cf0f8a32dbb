#include "app/migrations.h"

#include <array>

namespace molecule::app {
namespace {

constexpr auto all = std::to_array<sql::Migration>({
#include "assets/migrations_table.inc"
});

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace molecule::app
