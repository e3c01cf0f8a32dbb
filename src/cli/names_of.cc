#include "cli/names_of.h"

#include "base/fault.h"
#include "client/record.h"
#include "wire/api/workspaces.h"

namespace molecule::cli {

io::Task<Names> names_of(Session& session) {
  Names names;
  try {
    const json::Document list = co_await session.platform().get("/workspaces");
    for (const auto& each : client::records<api::Workspace>(list.root()))
      names.add(each.text("id"), each.text("name"));
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::forbidden && fault.kind() != Kind::not_found) throw;
  }
  co_return names;
}

}  // namespace molecule::cli
