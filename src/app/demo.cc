#include "app/demo.h"

#include <map>

#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::app {
namespace {

struct Agent {
  std::string workspace_id;
  std::string token;
};
BOOST_DESCRIBE_STRUCT(Agent, (), (workspace_id, token))

struct DemoFile {
  std::string platform_url;
  std::map<std::string, Agent> agents;
};
BOOST_DESCRIBE_STRUCT(DemoFile, (), (platform_url, agents))

Agent agent_of(const workspaces::Service::Made& made) {
  return {made.row.id.text(), std::string(made.token.reveal())};
}

}  // namespace

io::Task<void> make_demo(DemoParts parts) {
  std::filesystem::path path = parts.data / "demo.json";
  if (auto text = files::read(path)) {
    auto file = json::read<DemoFile>(*text);
    file.platform_url = parts.platform_url;
    files::write_private(path, json::text(file));
    co_return;
  }
  if (!parts.directory.all().empty()) {
    log::info("the store is not empty; the demo organisation was not created");
    co_return;
  }
  workspaces::NewWorkspace coordinator;
  coordinator.name = "pm";
  coordinator.role = "Coordinator: finds the right peer for a task and reports back";
  coordinator.tier = 2;
  coordinator.runtime = "local";
  coordinator.max_concurrent_tasks = 4;
  coordinator.x = 80;
  coordinator.y = 80;
  auto pm = co_await parts.workspaces.make(std::move(coordinator));

  workspaces::NewWorkspace specialist;
  specialist.name = "researcher";
  specialist.role = "Reads files and pages and summarises them";
  specialist.tier = 2;
  specialist.runtime = "external";
  specialist.parent = pm.row.id;
  specialist.delivery = workspaces::Delivery::poll;
  specialist.max_concurrent_tasks = 2;
  specialist.x = 96;
  specialist.y = 210;
  auto researcher = co_await parts.workspaces.make(std::move(specialist));

  DemoFile file;
  file.platform_url = parts.platform_url;
  file.agents["pm"] = agent_of(pm);
  file.agents["researcher"] = agent_of(researcher);
  files::write_private(path, json::text(file));
}

}  // namespace molecule::app
