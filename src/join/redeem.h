// A ticket becomes a workspace: once, with a key made here that the platform pins.
#pragma once

#include <filesystem>
#include <string>

#include "base/id.h"
#include "platform/io/clock.h"

namespace molecule::join {

struct Joinable {
  WorkspaceId workspace;
  std::string platform_url;
};

// What the ticket stands for, redeemed now or before: then the workspace's token, our key and the
// platform's fingerprint are among the belongings below `state`. A redemption whose answer was lost
// is asked for again. Throws Fault bad_request `ticket_invalid`, forbidden with the platform's
// code, forbidden `platform_key_wrong` when who answers is not whom the ticket names, and
// unavailable `not_reachable`.
Joinable redeem(const std::string& ticket, const std::filesystem::path& state,
                const std::string& name, const std::string& ca_file, const io::Clock& clock,
                io::Random& random);

}  // namespace molecule::join
