// Sockets that are files: whoever may open the file is who can be there, whatever a URL says.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "platform/net/dial.h"

namespace molecule::net {

// Connects to one file; of a URL it looks at nothing.
class LocalConnector final : public Connector {
 public:
  static constexpr std::chrono::milliseconds connect_timeout{5000};

  explicit LocalConnector(std::string file) : file_(std::move(file)) {}
  // Throws Fault bad_gateway `agent_unreachable` or `agent_timeout`, or cancelled.
  io::Task<std::unique_ptr<Stream>> dial(const Url& url) override;
  const std::string& file() const { return file_; }

 private:
  std::string file_;
};

// A descriptor that listens at the file, in the place of what a listener before it has left there.
// Who may connect says the directory that it lies in. Throws Fault conflict `address_in_use` where
// somebody listens, or bad_request `bad_listen_address`.
int listen_at(const std::filesystem::path& file);

}  // namespace molecule::net
