// Who reaches whom, for all nouns that have a verb for it.
#pragma once

#include "cli/session.h"

namespace molecule::cli {

io::Task<int> list_peers(Session& session, const Given& given);

}  // namespace molecule::cli
