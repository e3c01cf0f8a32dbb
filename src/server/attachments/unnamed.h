// Files that nothing names any more.
#pragma once

#include <vector>

#include "platform/blobs/store.h"
#include "platform/sql/database.h"
#include "server/attachments/attachments.h"

namespace molecule::attachments {

// Takes the rows of those `due` that nothing names, and answers the names of their bytes. The
// others are due again when what names them goes, and, should that have been missed, at `later`.
std::vector<blobs::Name> take_unnamed(sql::Tx& tx, const std::vector<Row>& due, Instant later);

}  // namespace molecule::attachments
