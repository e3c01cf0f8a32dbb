// Tickets from a shell: made, listed and taken back at the running platform.
#pragma once

#include <optional>
#include <string>

#include "app/config.h"

namespace molecule::app {

struct TicketOptions {
  std::string url;     // Where the platform answers; empty: as the data directory tells.
  std::string output;  // "json" or anything else for text.
  std::string name;
  std::string role;
  std::string parent;  // An id; empty: a root.
  std::optional<int> tier;
  std::optional<long long> expires_in;  // Seconds.
  std::string id;                       // Of the one to take back.
};

// All three throw Fault unavailable `not_reachable` when no platform answers, and what it refuses.

// Prints the line to run on the other machine.
void create_ticket(const Config& config, const TicketOptions& options);
void list_tickets(const Config& config, const TicketOptions& options);
void revoke_ticket(const Config& config, const TicketOptions& options);

}  // namespace molecule::app
