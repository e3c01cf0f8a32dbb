// A statement is a typed constant: name, argument types, row type, one text for both engines.
//
//   constexpr sql::Query<Workspace(WorkspaceId)> find{"workspaces.find", R"(SELECT … WHERE id =
//   $1)"}; constexpr sql::Query<void(WorkspaceId, Instant)> touch{"workspaces.touch", R"(UPDATE
//   …)"};
//
// Parameters are $1, $2 … in argument order and may repeat; README.md says what both engines
// understand. The name is unique in the program and stands in log lines. Text and name outlive
// every use: constants do. Each slice's tests compile all its queries on both engines
// (check_prepares).
#pragma once

#include <algorithm>
#include <array>
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

// One text from parts that several statements share, put together by the compiler:
//   constexpr sql::Query<Row(WorkspaceId)> newest{"…", sql::joined<columns, of_workspace>};
template <const std::string_view&... Parts>
struct Joined {
  static constexpr auto letters = [] {
    std::array<char, (Parts.size() + ...)> out{};
    auto at = out.begin();
    ((at = std::copy(Parts.begin(), Parts.end(), at)), ...);
    return out;
  }();
};
template <const std::string_view&... Parts>
inline constexpr std::string_view joined{Joined<Parts...>::letters.data(),
                                         Joined<Parts...>::letters.size()};

}  // namespace molecule::sql
