// Rows of the platform, as much of them as a model is shown at once.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "platform/json/json.h"

namespace molecule::mcp {

// The row with a part of a long text in it: from this byte on, `max` bytes. What is left out is
// said beside it: `NAME_bytes` of the whole, and `NAME_next`, from where the rest goes on.
std::string with_part(json::Node row, std::string_view name, std::size_t from, std::size_t max);

// The list with these members cut to `max_member` bytes each (they are texts of JSON then), and no
// more rows than fit in `max`. Both say so, the rows with `how_to_get_it`.
std::string excerpt(json::Node rows, std::span<const std::string_view> members,
                    std::size_t max_member, std::size_t max, std::string_view how_to_get_it);

}  // namespace molecule::mcp
