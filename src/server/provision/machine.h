// Which machine this is to agents: the data directory that their files lie in, and a name for
// people.
#pragma once

#include <filesystem>
#include <string>

#include "platform/io/clock.h"

namespace molecule::provision {

std::string machine_name();
// Made at the first call, in a file of the directory.
std::string machine_of(const std::filesystem::path& directory, io::Random& random);

}  // namespace molecule::provision
