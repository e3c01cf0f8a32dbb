#include "server/auth/residents.h"

#include "base/fault.h"
#include "wire/api/credentials.h"

namespace molecule::auth {

void require_present(const Residents& residents, WorkspaceId id) {
  switch (residents.standing(id)) {
    case Standing::present: return;
    case Standing::unknown: throw not_found("workspace");
    case Standing::removed:
      throw Fault(Kind::gone, "workspace_removed", "workspace removed")
          .with(json::members(api::UnknownId{id}));
  }
}

}  // namespace molecule::auth
