#include "server/attachments/unnamed.h"

#include "server/attachments/attachments_store.h"

namespace molecule::attachments {

std::vector<blobs::Name> take_unnamed(sql::Tx& tx, const std::vector<Row>& due, Instant later) {
  std::vector<blobs::Name> names;
  for (const Row& row : due) {
    if (tx.optional(store::mentioned, row.id)) {
      tx.post(store::look_later, row.id, later);
      continue;
    }
    tx.post(store::erase, row.id);
    tx.post(store::add_total, row.workspace_id, -row.size);
    tx.post(store::erase_total, row.workspace_id);
    names.push_back(blob_of(row.digest));
  }
  return names;
}

}  // namespace molecule::attachments
