// What the runtime asks of the platform, over the connection there is, as its workspace.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/secret.h"
#include "client/credential.h"
#include "client/platform.h"

namespace molecule::agent {

using Secrets = std::map<std::string, Secret>;

class Home {
 public:
  Home(client::Platform& platform, client::Credential& self) : platform_(platform), self_(self) {}

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
  io::Task<std::optional<client::Answer>> get(std::string path);
  io::Task<std::optional<client::Answer>> ask(http::Method method, std::string path,
                                              std::string body, std::chrono::milliseconds within);
  std::string own(std::string_view path) const;

  client::Platform& platform_;
  client::Credential& self_;
};

}  // namespace molecule::agent
