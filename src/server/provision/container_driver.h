// Agents in containers of an engine on this machine, Docker or Podman. The directories are those of
// the process driver; what is kept is the minder of a container, so that one is found again, heard
// and told to end as the other is.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "server/provision/process_driver.h"

namespace molecule::container {
class Engine;
}

namespace molecule::provision {

struct ContainerSettings {
  std::string socket;  // The engine's.
  // By runtime; the one of no name is for all others, with {} for the runtime's name.
  std::map<std::string, std::string, std::less<>> images;
};

std::string image_of(const ContainerSettings& settings, std::string_view runtime);

class ContainerDriver final : public Driver {
 public:
  // Containers of the platform are told by its machine's name, whoever else uses the engine.
  ContainerDriver(ContainerSettings settings, const ProcessSettings& process, std::string machine);
  ~ContainerDriver() override;

  std::string_view name() const override { return "container"; }
  std::unique_ptr<Running> start(const Order& order) override;
  std::unique_ptr<Running> find(WorkspaceId id) override { return beside_.find(id); }
  sandbox::Attendant attend(const Order& order, const Shell& shell) override;
  std::optional<sandbox::Ended> how_it_ended(WorkspaceId id) override;
  sandbox::Measures measures(WorkspaceId id) override;
  sandbox::LogPiece last_lines(WorkspaceId id, std::size_t lines) override {
    return beside_.last_lines(id, lines);
  }
  sandbox::LogPiece lines_from(WorkspaceId id, std::uint64_t place) override {
    return beside_.lines_from(id, place);
  }
  bool erase(WorkspaceId id) override;
  std::vector<WorkspaceId> all_here() override { return beside_.all_here(); }
  std::string directory(WorkspaceId id) const override { return beside_.directory(id); }
  Premises premises(WorkspaceId id, int tier) const override;

 private:
  std::filesystem::path home(WorkspaceId id) const { return process_.directory / id.text(); }
  std::filesystem::path word(WorkspaceId id) const { return home(id) / "word"; }
  std::string container_name(WorkspaceId id) const;
  std::string description_for(const Order& order) const;
  void sweep_now_and_then();
  void sweep();

  ContainerSettings settings_;
  ProcessSettings process_;
  std::string machine_;
  ProcessDriver beside_;
  std::mutex mutex_;
  std::condition_variable over_changed_;
  bool over_ = false;
  std::thread sweeper_;
};

}  // namespace molecule::provision
