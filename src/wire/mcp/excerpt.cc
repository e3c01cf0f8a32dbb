#include "wire/mcp/excerpt.h"

#include <algorithm>

#include <fmt/format.h>

#include "wire/mcp/clipping.h"

namespace molecule::mcp {
namespace {

using json::Node;
using json::Type;

std::string shortened(Node row, std::span<const std::string_view> members, std::size_t max) {
  if (!row.is(Type::object)) return row.text();
  json::Object out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    std::string value = row.value_at(i).text();
    const bool cut =
        value.size() > max && std::ranges::find(members, row.name_at(i)) != members.end();
    if (cut) {
      out.add(row.name_at(i), clipped(value, max));
    } else {
      out.add(row.name_at(i), RawJson(std::move(value)));
    }
  }
  return out.text();
}

}  // namespace

std::string with_part(Node row, std::string_view name, std::size_t from, std::size_t max) {
  const Node whole = row.find(name);
  if (!whole.is(Type::string) || (from == 0 && whole.string().size() <= max)) return row.text();
  const std::string_view text = whole.string();
  const std::size_t begin = whole_characters(text, from);
  const std::size_t end = whole_characters(text, begin + max);
  json::Object out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row.name_at(i) == name) {
      out.add(name, text.substr(begin, end - begin));
    } else {
      out.add(row.name_at(i), RawJson(row.value_at(i).text()));
    }
  }
  out.add(fmt::format("{}_bytes", name), static_cast<std::int64_t>(text.size()));
  if (end < text.size()) out.add(fmt::format("{}_next", name), static_cast<std::int64_t>(end));
  return out.text();
}

std::string excerpt(Node rows, std::span<const std::string_view> members, std::size_t max_member,
                    std::size_t max, std::string_view how_to_get_it) {
  if (!rows.is(Type::array)) return rows.text();
  std::string out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string row = shortened(rows.at(i), members, max_member);
    if (i > 0 && out.size() + row.size() > max) {
      const std::string note =
          fmt::format("{} more rows are left out here: {}", rows.size() - i, how_to_get_it);
      out += "," + json::Object{}.add("note", note).text();
      break;
    }
    out += (i > 0 ? "," : "") + row;
  }
  return "[" + out + "]";
}

}  // namespace molecule::mcp
