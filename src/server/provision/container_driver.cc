#include "server/provision/container_driver.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/container/inside.h"
#include "platform/container/minder.h"
#include "platform/files/files.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/sandbox/trees.h"

namespace molecule::provision {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto sweep_every = 5s;
constexpr std::int64_t mb = 1 << 20;
constexpr std::string_view platform_label = "molecule.platform";
constexpr std::string_view workspace_label = "molecule.workspace";
constexpr const char* inside = "/agent";   // Where an agent's directories are in its container.
constexpr std::int64_t grace = 10;         // From SIGTERM to SIGKILL, for the container;
constexpr std::int64_t minder_grace = 16;  // and for its minder, which removes it then.

// Hundredths of a processor.
std::int64_t processors_of(int tier) {
  switch (tier) {
    case 1: return 50;
    case 2: return 100;
    case 4: return 400;
    default: return 200;
  }
}

// Asks the engine, and waits.
template <class Fn>
auto asked(const std::string& socket, Fn what) {
  io::Loop loop;
  metrics::Registry registry;
  container::Engine engine(socket, registry);
  auto whole = [&]() -> decltype(what(engine)) {
    co_await engine.meet();
    co_return co_await what(engine);
  };
  return io::run(loop, io::within(20s, whole()));
}

}  // namespace

std::string image_of(const ContainerSettings& settings, std::string_view runtime) {
  const auto own = settings.images.find(runtime);
  if (own != settings.images.end()) return own->second;
  const auto rest = settings.images.find(std::string_view());
  std::string image =
      rest == settings.images.end() ? std::string("localhost/molecule-{}:latest") : rest->second;
  const std::size_t at = image.find("{}");
  if (at != std::string::npos) image.replace(at, 2, runtime);
  return image;
}

ContainerDriver::ContainerDriver(ContainerSettings settings, const ProcessSettings& process,
                                 std::string machine)
    : settings_(std::move(settings)),
      process_(process),
      machine_(std::move(machine)),
      beside_(process),
      sweeper_([this] { sweep_now_and_then(); }) {}

ContainerDriver::~ContainerDriver() {
  {
    const std::scoped_lock lock(mutex_);
    over_ = true;
  }
  over_changed_.notify_all();
  sweeper_.join();
}

std::string ContainerDriver::container_name(WorkspaceId id) const {
  return "molecule-" + id.text();
}

// What the minder is told: all of the container, and nothing that is secret.
std::string ContainerDriver::description_for(const Order& order) const {
  const fs::path at = home(order.id);
  const int tier = std::min(order.tier, process_.tier_max);
  const sandbox::Limits limits = limits_of(tier);
  const std::string place = inside;
  container::Minded minded;
  minded.socket = settings_.socket;
  minded.link = (at / "link").string();
  minded.word = word(order.id).string();
  minded.port = process_.platform_port;
  container::Spec& spec = minded.spec;
  spec.name = container_name(order.id);
  spec.image = image_of(settings_, order.runtime);
  spec.command = {"molecule",
                  std::string(container::inside_word),
                  fmt::format("{}/{}", container::link_inside, container::link_name),
                  std::to_string(process_.platform_port),
                  "molecule",
                  "runtime",
                  "--config",
                  place + "/config"};
  spec.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                      "HOME=" + place + "/home",
                      "LANG=" + process_.language,
                      "WORKSPACE_ID=" + order.id.text(),
                      "PLATFORM_URL=" + process_.platform_url,
                      "WORKSPACE_CONFIG_PATH=" + place + "/config"};
  spec.directory = place + "/workspace";
  spec.host_name = "agent";
  spec.user = beside_.premises(order.id, tier).user;
  spec.labels = {{std::string(workspace_label), order.id.text()},
                 {std::string(platform_label), machine_}};
  for (const char* each : {"config", "workspace", "home"})
    spec.mounts.push_back({(at / each).string(), place + "/" + each, false, true});
  spec.mounts.push_back({minded.link, std::string(container::link_inside), false, false});
  if (order.shared) {
    require_no_platform_files(process_, *order.shared);
    spec.mounts.push_back({*order.shared, *order.shared, false, order.shared_writable});
  }
  spec.temporary = "/tmp";
  spec.temporary_bytes = std::min<std::int64_t>(limits.memory / 4, 1024 * mb);
  spec.temporary_runs = true;
  if (tier == 1) {
    spec.network = "none";
  } else {
    minded.network = "molecule-" + machine_.substr(0, 12);
    spec.network = minded.network;
  }
  spec.memory = limits.memory;
  spec.processes = limits.processes;
  spec.open_files = limits.open_files;
  spec.file_bytes = limits.file_size;
  spec.hundredths = processors_of(tier);
  spec.grace = grace;
  return json::text(minded);
}

std::unique_ptr<Running> ContainerDriver::start(const Order& order) {
  if (!sandbox::chooses_users())
    throw Fault(
        Kind::unavailable, "provisioner_unavailable",
        "agents in containers need a platform that runs as root: each is a user of its own");
  const fs::path at = home(order.id);
  beside_.prepare(order);
  files::make_private_directory(word(order.id));
  // The agent's user, who cannot come to it but by its container, connects there.
  files::make_private_directory(at / "link");
  fs::permissions(at / "link", static_cast<fs::perms>(0755));
  for (const char* each : {"why", "facts"}) fs::remove(word(order.id) / each);
  files::write_private(word(order.id) / "container", description_for(order));

  const int tier = std::min(order.tier, process_.tier_max);
  sandbox::Kept kept = beside_.kept(order.id);
  kept.grace = minder_grace;
  sandbox::Program& program = kept.program;
  program.arguments = {sandbox::own_program(), std::string(container::minder_word),
                       (word(order.id) / "container").string()};
  program.environment = {"PATH=/usr/bin:/bin", "LANG=" + process_.language,
                         "WORKSPACE_ID=" + order.id.text()};
  program.directory = word(order.id).string();
  sandbox::Confinement& confinement = program.confinement;
  for (const char* each : {"config", "workspace", "home", "link", "word"})
    confinement.writable.push_back((at / each).string());
  std::error_code error;
  const fs::path socket = fs::weakly_canonical(settings_.socket, error);
  confinement.readable = {socket.parent_path().string()};
  confinement.temporary = (at / "tmp").string();
  // Its disk is the agent's; what else it may take is the engine's to bound.
  const sandbox::Limits limits = limits_of(tier);
  confinement.limits.disk = limits.disk;
  confinement.limits.files = limits.files;
  return keep(kept);
}

sandbox::Attendant ContainerDriver::attend(const Order&, const Shell&) {
  throw Fault(Kind::unavailable, "terminal_unavailable",
              "there is no terminal in a container yet; `docker exec` or `podman exec` on the "
              "platform's machine opens one");
}

std::optional<sandbox::Ended> ContainerDriver::how_it_ended(WorkspaceId id) {
  auto ended = beside_.how_it_ended(id);
  if (ended && ended->reason.empty()) ended->reason = container::why_of(word(id)).value_or("");
  return ended;
}

sandbox::Measures ContainerDriver::measures(WorkspaceId id) {
  const auto facts = container::facts_of(word(id));
  if (!facts) return {};
  sandbox::Measures measures{facts->applied, facts->missing};
  measures.applied.insert(measures.applied.begin(),
                          fmt::format("a container of {} {}", facts->name, facts->version));
  return measures;
}

Premises ContainerDriver::premises(WorkspaceId id, int tier) const {
  Premises premises = beside_.premises(id, tier);
  premises.driver = name();
  return premises;
}

bool ContainerDriver::erase(WorkspaceId id) {
  // One that was never started in a container has nothing there.
  if (fs::exists(word(id))) {
    try {
      asked(settings_.socket, [this, id](container::Engine& engine) -> io::Task<void> {
        co_await engine.remove(container_name(id));
      });
    } catch (const Fault& fault) {
      log::warn("container not removed", log::field("workspace", id),
                log::field("reason", fault.text()));
      return false;
    }
  }
  return beside_.erase(id);
}

void ContainerDriver::sweep_now_and_then() {
  bool told = false;
  std::unique_lock lock(mutex_);
  while (!over_) {
    lock.unlock();
    try {
      sweep();
      told = false;
    } catch (const Fault& fault) {
      if (!told)
        log::warn("the container engine does not answer", log::field("reason", fault.text()));
      told = true;
    }
    lock.lock();
    over_changed_.wait_for(lock, sweep_every, [this] { return over_; });
  }
}

// A container whose minder is gone was left by one that was killed.
void ContainerDriver::sweep() {
  const auto look = [this](container::Engine& engine) -> io::Task<int> {
    int removed = 0;
    const auto all = co_await engine.all(std::string(platform_label), machine_);
    for (const container::Container& each : all) {
      const auto label = each.labels.find(std::string(workspace_label));
      if (label == each.labels.end()) continue;
      const auto id = WorkspaceId::parse(label->second);
      if (id && sandbox::Keeper::find(home(*id) / "run")) continue;
      log::warn("container of no agent is removed", log::field("container", each.name));
      co_await engine.remove(each.id);
      ++removed;
    }
    co_return removed;
  };
  asked(settings_.socket, look);
}

}  // namespace molecule::provision
