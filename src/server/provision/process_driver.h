// Agents as processes of this machine: a directory each below one, a kept program in each.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "server/provision/driver.h"

namespace molecule::provision {

struct ProcessSettings {
  std::filesystem::path directory;  // <data>/agents
  std::string platform_url;         // As programs of this machine reach the platform.
  std::int64_t platform_port = 0;
  std::string path;                   // PATH of agents.
  std::string language;               // LANG.
  std::vector<std::string> readable;  // Directories that agents may read besides the system's.
  std::string program;                // Started in place of our own runtime when it is not empty.
  std::int64_t linger = 60;
  int tier_max = 3;  // Whatever a workspace's tier is.
};

class ProcessDriver final : public Driver {
 public:
  explicit ProcessDriver(ProcessSettings settings);

  std::string_view name() const override { return "process"; }
  std::unique_ptr<Running> start(const Order& order) override;
  std::unique_ptr<Running> find(WorkspaceId id) override;
  sandbox::Attendant attend(const Order& order, const Shell& shell) override;
  std::optional<sandbox::Ended> how_it_ended(WorkspaceId id) override;
  sandbox::Measures measures(WorkspaceId id) override;
  sandbox::LogPiece last_lines(WorkspaceId id, std::size_t lines) override;
  sandbox::LogPiece lines_from(WorkspaceId id, std::uint64_t place) override;
  bool erase(WorkspaceId id) override;
  std::vector<WorkspaceId> all_here() override;
  std::string directory(WorkspaceId id) const override { return home(id).string(); }
  Premises premises(WorkspaceId id, int tier) const override;

  // The directories and what lies in them, as a start leaves them.
  void prepare(const Order& order) const;
  // How one is kept here, but for the program.
  sandbox::Kept kept(WorkspaceId id) const;

 private:
  std::filesystem::path home(WorkspaceId id) const { return settings_.directory / id.text(); }
  std::vector<std::string> readable_for(const Order& order) const;
  void make_directories(const Order& order) const;
  sandbox::Program program_for(const Order& order) const;

  ProcessSettings settings_;
  sandbox::Wanted wanted_;
};

// What a tier means to a process (docs/guides/local-agents.md has the table).
sandbox::Limits limits_of(int tier);
// Starts what is kept.
std::unique_ptr<Running> keep(const sandbox::Kept& kept);
// Throws Fault bad_request `directory_of_the_platform`; else the directory as it was found.
sandbox::SeenDirectory require_no_platform_files(const ProcessSettings& settings,
                                                 const std::string& directory);
// The configuration that `molecule runtime` reads.
std::string config_text(const Order& order);

}  // namespace molecule::provision
