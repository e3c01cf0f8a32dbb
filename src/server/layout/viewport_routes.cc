#include "server/layout/viewport_service.h"

namespace molecule::layout {
namespace {

using auth::Operator;

constexpr std::size_t body_max = 1u << 10;  // Three numbers.

constexpr auto table = http::table(http::get<Operator, &Service::viewport>("/canvas/viewport")
                                       .says("Where the canvas was looked at last."),
                                   http::put<Operator, &Service::keep>("/canvas/viewport")
                                       .body_limit(body_max)
                                       .says("Keeps where the canvas is looked at.")
                                       .refuses("invalid_viewport"));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::layout
