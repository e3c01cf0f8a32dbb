// Statements of the one viewport.
#pragma once

#include "platform/sql/query.h"
#include "wire/api/viewport.h"

namespace molecule::layout::store {

inline constexpr sql::Query<api::KeptViewport()> find{"layout.viewport", R"(
    SELECT x, y, zoom, saved_at FROM canvas_viewport WHERE id = 1)"};
inline constexpr sql::Query<void(double, double, double, Instant)> keep{"layout.keep_viewport", R"(
    INSERT INTO canvas_viewport (id, x, y, zoom, saved_at) VALUES (1, $1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET
        x = excluded.x, y = excluded.y, zoom = excluded.zoom, saved_at = excluded.saved_at)"};

}  // namespace molecule::layout::store
