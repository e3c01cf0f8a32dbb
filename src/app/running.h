// Where the platform of a data directory answers, as the process that runs there tells the others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "app/config.h"

namespace molecule::app {

struct Running {
  std::string url;         // Where it listens: for programs of this machine.
  std::string public_url;  // What people and agents open; the same where nothing stands in front.
};

// With these settings, and on this port.
Running addresses(const Config& config, std::uint16_t port);

// The line of the lock file, fit to be read by a person too.
std::string told_line(const Running& running);
// Nothing when no process of this machine runs on the directory, or is not that far.
std::optional<Running> running_on(const std::filesystem::path& data);

}  // namespace molecule::app
