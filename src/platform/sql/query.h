// A statement is a typed constant: name, argument types, row type, one text for both engines.
//
//   constexpr sql::Query<Workspace(WorkspaceId)> find{"workspaces.find", R"(SELECT … WHERE id =
//   $1)"}; constexpr sql::Query<void(WorkspaceId, Instant)> touch{"workspaces.touch", R"(UPDATE
//   …)"};
//
// Parameters are $1, $2 … in argument order and may repeat. The name is unique in the program; it
// is the key of the prepared statement, of timings and of log lines. Every query registers itself
// with the preparation test through sql::catalogue in its slice's store header.
#pragma once

#include <string_view>

namespace molecule::sql {

template <class Signature>
struct Query;

template <class Row, class... Args>
struct Query<Row(Args...)> {
  using row = Row;
  std::string_view name;
  std::string_view text;
};

}  // namespace molecule::sql
