#include "server/layout/viewport_service.h"

#include <cmath>

#include <fmt/core.h>

#include "base/fault.h"
#include "server/layout/viewport_store.h"

namespace molecule::layout {
namespace {

void check(const api::Viewport& viewport) {
  // Written so that what is no number fails every one of them.
  bool placed = std::abs(viewport.x) <= offset_max && std::abs(viewport.y) <= offset_max;
  bool zoomed = viewport.zoom >= zoom_min && viewport.zoom <= zoom_max;
  if (placed && zoomed) return;
  throw bad_request("invalid_viewport",
                    fmt::format("invalid viewport data: x and y are within {} of the origin and "
                                "zoom is from {} to {}",
                                offset_max, zoom_min, zoom_max));
}

}  // namespace

io::Task<api::KeptViewport> Service::viewport(auth::Operator::Caller) {
  auto kept = co_await db_.read([](sql::Read& read) { return read.optional(store::find); });
  co_return kept.value_or(api::KeptViewport{});
}

io::Task<api::Done> Service::keep(auth::Operator::Caller, api::Viewport viewport) {
  check(viewport);
  auto work = [viewport, now = clock_.now()](sql::Tx& tx) {
    tx.run(store::keep, viewport.x, viewport.y, viewport.zoom, now);
  };
  co_await db_.write(work);
  co_return api::Done{"saved"};
}

}  // namespace molecule::layout
