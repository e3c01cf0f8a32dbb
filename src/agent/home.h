// What the runtime asks of the platform, over the connection there is, as its workspace.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/secret.h"
#include "join/connection.h"
#include "platform/http/client.h"

namespace molecule::agent {

using Secrets = std::map<std::string, Secret>;

class Home {
 public:
  Home(join::Connection& connection, metrics::Registry& registry)
      : connection_(connection), client_(connection, registry) {}

  // The workspace's secrets, and those of the organisation; nothing while it cannot be asked.
  io::Task<std::optional<Secrets>> secrets();
  // Its colleagues, a line each, and whether some of them are its team; nothing as above.
  struct Peers {
    std::string lines;
    bool team = false;
  };
  io::Task<std::optional<Peers>> peers();
  // Tells of something that it did not do: a row of its activity.
  io::Task<void> tell_refused(std::string tool);
  // Writes to this workspace itself, as it would to another; whether the platform took it.
  io::Task<bool> write_to_self(std::string message_id, std::string text);

 private:
  io::Task<std::optional<http::ClientResponse>> get(std::string path);
  io::Task<std::optional<http::ClientResponse>> ask(http::Method method, std::string path,
                                                    std::string body,
                                                    std::chrono::milliseconds within);

  join::Connection& connection_;
  http::Client client_;
};

}  // namespace molecule::agent
