#include "manage/pages.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/fault.h"
#include "client/operator.h"
#include "manage/tools.h"
#include "platform/json/answer.h"
#include "wire/mcp/clipping.h"

namespace molecule::manage {
namespace {

using json::Node;

constexpr std::int64_t limit_default = 100;
constexpr std::int64_t limit_max = 500;
constexpr std::size_t bytes_max = mcp::shown_of_rows / 2;  // With a line to each member it grows.

std::int64_t limit_of(Node arguments) {
  return std::clamp<std::int64_t>(mcp::whole_of(arguments, "limit").value_or(limit_default), 1,
                                  limit_max);
}

using At = std::vector<Row>::const_iterator;
Page page_from(At from, At end, std::int64_t limit) {
  Page page;
  auto at = from;
  for (; at != end && at - from < limit; ++at) {
    if (at != from && page.list.size() + at->text.size() > bytes_max) break;
    page.list += (page.list.empty() ? "" : ",") + at->text;
    page.next = at->id;
  }
  page.list = "[" + page.list + "]";
  page.left = static_cast<std::size_t>(end - at);
  return page;
}

}  // namespace

std::string page_query(Node arguments) {
  std::string out = fmt::format("limit={}", limit_of(arguments) + 1);
  if (const std::string cursor = mcp::text_of(arguments, "cursor"); !cursor.empty())
    out += "&after=" + client::escaped(cursor);
  return out;
}

Page page_of(Node arguments, const std::vector<Row>& told) {
  const std::string cursor = mcp::text_of(arguments, "cursor");
  auto from = told.begin();
  const auto last = std::ranges::find(told, cursor, &Row::id);
  const bool whole = std::ssize(told) > limit_of(arguments) + 1 || last != told.end();
  if (!cursor.empty() && whole) {
    from = last;
    if (from == told.end())
      throw bad_request("cursor_gone",
                        "cursor: that one is not there any more; list them from the "
                        "beginning");
    ++from;
  }
  return page_from(from, told.end(), limit_of(arguments));
}

mcp::Said paged(Node arguments, Node rows) {
  std::vector<Row> all;
  for (std::size_t i = 0; rows.is(json::Type::array) && i < rows.size(); ++i)
    all.push_back({mcp::text_of(rows.at(i), "id"), rows.at(i).text()});
  Page page = page_of(arguments, all);
  if (page.left > 0) {
    // Still a list, as clients know it.
    json::Object more;
    more.add("note", "more are left out here: `next` as cursor goes on");
    more.add("next", page.next);
    page.list.back() = ',';
    page.list += more.text() + "]";
  }
  return {indented(json::parse_answer(page.list).root())};
}

}  // namespace molecule::manage
