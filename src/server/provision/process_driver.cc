#include "server/provision/process_driver.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/process/child.h"
#include "platform/sandbox/own_files.h"
#include "platform/sandbox/trees.h"
#include "wire/runtimes/runtimes.h"

namespace molecule::provision {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t read_max = 256u << 10;    // Of a log at a time.
constexpr std::size_t config_max = 256u << 10;  // Of a configuration that somebody changed.
constexpr std::int64_t mb = 1 << 20;
constexpr const char* config_name = "config.yaml";
constexpr const char* token_name = ".auth_token";
constexpr const char* incoming_name = "incoming";

class KeptProcess final : public Running {
 public:
  explicit KeptProcess(sandbox::Keeper keeper) : keeper_(std::move(keeper)) {}
  bool ended() const override { return keeper_.ended(); }
  void stop() override { keeper_.stop(); }
  void kill() override { keeper_.kill(); }
  std::int64_t pid() const override { return keeper_.pid(); }

 private:
  sandbox::Keeper keeper_;
};

// Numbers that no user of the machine has, one to a workspace: 28 bits of its id, above all that
// systems hand out. Only root can have programs be somebody else.
std::int64_t user_of(WorkspaceId id) {
  constexpr std::int64_t first = 1'879'048'192;
  if (!sandbox::chooses_users()) return 0;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) bits = bits << 8 | id.bytes()[i];
  return first + (bits & 0x0fff'fffe);
}

bool lies_in(const fs::path& path, const fs::path& directory) {
  const auto [end, rest] =
      std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return end == directory.end();
}

bool is_of_system(const fs::path& path) {
  return std::ranges::any_of(sandbox::system_directories(),
                             [&](const std::string& each) { return lies_in(path, each); });
}

// Its directory, and each that it leads through to where it really lies: a link in a directory of
// programs leads to where it was installed, over as many others as whoever installed it has put
// between.
void add_places(std::vector<std::string>& places, const std::string& program) {
  constexpr int links_max = 40;  // As many as the kernel follows.
  std::error_code error;
  fs::path at = program;
  const auto add = [&](const fs::path& place) {
    const std::string text = place.string();
    if (text.empty() || is_of_system(place) || std::ranges::find(places, text) != places.end())
      return;
    places.push_back(text);
  };
  if (!fs::exists(at, error) || error) return;
  for (int links = 0; links < links_max; ++links) {
    // As it is spelled, and as it is meant: a directory on the way may be a link itself.
    add(at.parent_path().lexically_normal());
    add(fs::canonical(at.parent_path(), error));
    const fs::path next = fs::read_symlink(at, error);
    if (error) return;
    at = next.is_absolute() ? next : at.parent_path() / next;
  }
}

}  // namespace

sandbox::Limits limits_of(int tier) {
  switch (tier) {
    case 1: return {512 * mb, 64, 256, 256 * mb, 512 * mb, 100'000};
    case 2: return {2048 * mb, 256, 1024, 1024 * mb, 2048 * mb, 400'000};
    case 4: return {8192 * mb, 2048, 16'384, 8192 * mb, 32'768 * mb, 4'000'000};
    default: return {4096 * mb, 512, 4096, 4096 * mb, 8192 * mb, 1'000'000};
  }
}

std::unique_ptr<Running> keep(const sandbox::Kept& kept) {
  return std::make_unique<KeptProcess>(sandbox::Keeper::start(kept));
}

sandbox::SeenDirectory require_no_platform_files(const ProcessSettings& settings,
                                                 const std::string& directory) {
  sandbox::SeenDirectory shared = sandbox::see_directory(directory);
  const auto ours =
      sandbox::see_directory(fs::canonical(settings.directory.parent_path()).string());
  if (sandbox::lies_within(shared, ours) || sandbox::lies_within(ours, shared))
    throw bad_request(
        "directory_of_the_platform",
        fmt::format("{} cannot be given to an agent: the platform's own files are there",
                    shared.path));
  return shared;
}

std::string config_text(const Order& order) {
  // A text of JSON is one of YAML.
  const auto quoted = [](std::string_view text) { return json::text(std::string(text)); };
  std::string text =
      "# Written by the platform; a file that somebody changes is left as it is from then on.\n";
  text += fmt::format("name: {}\n", quoted(order.name));
  if (!order.role.empty()) {
    text += fmt::format("description: {}\n", quoted(order.role));
    text += fmt::format("role: {}\n", quoted(order.role));
  }
  text += "version: \"1.0.0\"\n";
  text += fmt::format("tier: {}\n", order.tier);
  text += fmt::format("runtime: {}\n", quoted(order.runtime));
  if (!order.model.empty()) text += fmt::format("model: {}\n", quoted(order.model));
  if (!order.command.empty())
    text += fmt::format("runtime_config:\n  command: {}\n", quoted(order.command));
  return text;
}

ProcessDriver::ProcessDriver(ProcessSettings settings)
    : settings_(std::move(settings)), wanted_((settings_.directory / "wanted").string()) {
  // What was on its way when a platform was killed.
  for (const WorkspaceId id : all_here()) sandbox::remove_tree(home(id) / incoming_name);
}

std::vector<std::string> ProcessDriver::readable_for(const Order& order) const {
  std::vector<std::string> places = settings_.readable;
  if (!settings_.program.empty()) add_places(places, settings_.program);
  const runtimes::Runtime* runtime = runtimes::find(order.runtime);
  if (runtime && !runtime->program.empty()) {
    const std::string program = process::found(runtime->program, settings_.path);
    if (!program.empty()) add_places(places, program);
  }
  // Whoever could read one of these could read the platform's own files.
  std::erase_if(places, [&](const std::string& each) {
    return lies_in(settings_.directory, each) || lies_in(each, settings_.directory.parent_path());
  });
  return places;
}

void ProcessDriver::make_directories(const Order& order) const {
  const fs::path at = home(order.id);
  files::make_private_directory(at);
  for (const char* each : {"run", "log"}) files::make_private_directory(at / each);
  for (const char* each : {"config", "workspace", "home", "tmp"})
    sandbox::make_own_directory(at / each, user_of(order.id));
}

// The agent, with all that holds it in.
sandbox::Program ProcessDriver::program_for(const Order& order) const {
  const fs::path at = home(order.id);
  const std::string config_directory = (at / "config").string();
  sandbox::Program program;
  if (settings_.program.empty()) {
    program.arguments = {sandbox::own_program(), "runtime", "--config", config_directory};
  } else {
    program.arguments = {settings_.program, "--config", config_directory};
  }
  program.environment = {"PATH=" + settings_.path,
                         "HOME=" + (at / "home").string(),
                         "LANG=" + settings_.language,
                         "WORKSPACE_ID=" + order.id.text(),
                         "PLATFORM_URL=" + settings_.platform_url,
                         "WORKSPACE_CONFIG_PATH=" + config_directory};
  program.directory = (at / "workspace").string();
  sandbox::Confinement& confinement = program.confinement;
  for (const char* each : {"config", "workspace", "home"})
    confinement.writable.push_back((at / each).string());
  confinement.readable = readable_for(order);
  if (order.shared) {
    const sandbox::SeenDirectory shared = require_no_platform_files(settings_, *order.shared);
    (order.shared_writable ? confinement.writable : confinement.readable).push_back(shared.path);
    confinement.seen.push_back(shared);
  }
  confinement.temporary = (at / "tmp").string();
  confinement.user = user_of(order.id);
  // Whoever may change a workspace may not go beyond what the machine allows.
  confinement.limits = limits_of(std::min(order.tier, settings_.tier_max));
  confinement.closed_port = settings_.platform_port;
  if (order.tier == 1) confinement.ports = {settings_.platform_port};
  return program;
}

void ProcessDriver::prepare(const Order& order) const {
  const fs::path at = home(order.id);
  const std::int64_t user = user_of(order.id);
  make_directories(order);

  // What we wrote last tells whether somebody else has changed it since.
  const std::string config = config_text(order);
  const auto there = sandbox::read_own_file(at / "config", config_name, config_max);
  if (!there || there == files::read(at / "run" / config_name)) {
    sandbox::put_own_file(at / "config", config_name, config, user);
    files::write_private(at / "run" / config_name, config);
  }
  sandbox::put_own_file(at / "config", token_name, order.token.reveal(), user);
}

sandbox::Kept ProcessDriver::kept(WorkspaceId id) const {
  const fs::path at = home(id);
  sandbox::Kept kept;
  kept.run = (at / "run").string();
  kept.log = (at / "log").string();
  kept.wanted = (settings_.directory / "wanted").string();
  kept.linger = settings_.linger;
  return kept;
}

std::unique_ptr<Running> ProcessDriver::start(const Order& order) {
  prepare(order);
  sandbox::Kept whole = kept(order.id);
  whole.program = program_for(order);
  return keep(whole);
}

sandbox::Attendant ProcessDriver::attend(const Order& order, const Shell& shell) {
  make_directories(order);
  sandbox::Attention attention;
  sandbox::Program& program = attention.program;
  program = program_for(order);
  // What the agent may read it may, too.
  program.confinement.readable.push_back(program.arguments.front());
  const std::string bash = process::found("bash", "/usr/bin:/bin");
  program.arguments = {bash.empty() ? "/bin/sh" : bash};
  if (!shell.command.empty()) {
    program.arguments.emplace_back("-c");
    program.arguments.push_back(shell.command);
  }
  if (shell.terminal) program.environment.push_back("TERM=" + shell.kind);
  if (!bash.empty() && shell.terminal && shell.command.empty()) {
    // The prompt of systems names the user, and this one has no name; nor is what its agent wrote
    // there to be run before a person has typed anything.
    program.arguments.emplace_back("--norc");
    program.environment.emplace_back("PS1=\\W\\$ ");
  }
  attention.run = (home(order.id) / "run").string();
  attention.terminal = shell.terminal;
  attention.columns = shell.size.columns;
  attention.rows = shell.size.rows;
  return sandbox::Attendant::start(attention);
}

std::unique_ptr<Running> ProcessDriver::find(WorkspaceId id) {
  auto keeper = sandbox::Keeper::find(home(id) / "run");
  return keeper ? std::make_unique<KeptProcess>(std::move(*keeper)) : nullptr;
}

std::optional<sandbox::Ended> ProcessDriver::how_it_ended(WorkspaceId id) {
  return sandbox::how_it_ended(home(id) / "run");
}

sandbox::Measures ProcessDriver::measures(WorkspaceId id) {
  return sandbox::keeper_facts(home(id) / "run").value_or(sandbox::KeeperFacts{}).measures;
}

sandbox::LogPiece ProcessDriver::last_lines(WorkspaceId id, std::size_t lines) {
  return sandbox::read_last(home(id) / "log", lines, read_max);
}

sandbox::LogPiece ProcessDriver::lines_from(WorkspaceId id, std::uint64_t place) {
  return sandbox::read_from(home(id) / "log", place, read_max);
}

Premises ProcessDriver::premises(WorkspaceId id, int tier) const {
  const fs::path at = home(id);
  return {std::string(name()),
          at / "config",
          at / "workspace",
          at / "home",
          at / incoming_name,
          user_of(id),
          static_cast<std::uint64_t>(limits_of(tier).disk)};
}

bool ProcessDriver::erase(WorkspaceId id) { return sandbox::remove_tree(home(id), erase_turn); }

std::vector<WorkspaceId> ProcessDriver::all_here() {
  std::vector<WorkspaceId> all;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(settings_.directory, error)) {
    const auto id = WorkspaceId::parse(entry.path().filename().string());
    if (id) all.push_back(*id);
  }
  return all;
}

}  // namespace molecule::provision
