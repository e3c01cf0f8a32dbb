// The files that come with a message, for the command that works on it, and those that go with its
// answer: a folder of the run's own, gone with it. What lies at the platform is fetched and sent
// over the connection there is; a file somewhere else is none of ours, and stays an address.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/credential.h"
#include "client/platform.h"

namespace molecule::join {

class Enclosures {
 public:
  static constexpr std::size_t bytes_max = 256u << 20;           // Of all files of one message.
  static constexpr std::size_t answer_bytes_max = 64u << 20;     // Of all files of one answer.
  static constexpr std::size_t answer_files_max = 10;            // As many as a message may name.
  static constexpr std::chrono::seconds come_again_within{600};  // While the connection is away.

  // `folder` is nobody else's; what an earlier process left in it goes.
  Enclosures(client::Platform& platform, client::Credential& self, std::filesystem::path folder,
             io::Random& random);

  // One run's.
  class Kit {
   public:
    explicit Kit(std::filesystem::path folder);
    ~Kit();
    Kit(const Kit&) = delete;
    std::filesystem::path came() const { return folder_ / "files"; }
    std::filesystem::path goes() const { return folder_ / "answer"; }
    std::filesystem::path message() const { return folder_ / "message.json"; }
    // How the command finds them.
    std::vector<std::pair<std::string, std::string>> environment() const;

   private:
    const std::filesystem::path folder_;
  };

  // With the files of a request's message in it, in the order of its parts. Throws Fault when one
  // of them cannot be had, or they are too large together.
  io::Task<std::unique_ptr<Kit>> unpack(std::string request);
  // Sends what the command has left for its answer to the platform. The parts that name it, as
  // JSON with a comma before each; empty when there is nothing.
  io::Task<std::string> send(const Kit& kit);

 private:
  struct Part;
  static std::vector<Part> parts_of(const std::string& request, const std::string& workspace);
  io::Task<void> fetch(const Part& part, const std::filesystem::path& into, std::size_t& left);
  io::Task<void> fetch_once(const Part& part, const std::filesystem::path& into, std::size_t left,
                            std::size_t& size);
  std::string at(std::string_view path) const;

  client::Platform& platform_;
  client::Credential& self_;
  const std::filesystem::path folder_;
  io::Random& random_;
  std::uint64_t kits_ = 0;
};

}  // namespace molecule::join
