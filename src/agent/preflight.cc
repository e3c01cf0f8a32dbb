#include "agent/preflight.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/fault.h"
#include "base/id.h"
#include "platform/log/log.h"
#include "platform/net/url.h"
#include "platform/process/child.h"
#include "platform/process/environment.h"

namespace molecule::agent {
namespace {

namespace fs = std::filesystem;
using Weight = Finding::Weight;

void look_at_runtime(const Config& config, const std::string& path, std::vector<Finding>& found) {
  const std::string& name = config.text("runtime");
  const runtimes::Runtime* runtime = runtimes::find(name);
  if (runtime == nullptr) {
    found.push_back({Weight::fail, "Runtime",
                     name.empty() ? "config.yaml names no runtime"
                                  : fmt::format("there is no runtime {}", name),
                     "runtime: one of " + runtimes::names()});
    return;
  }
  if (!runtime->there) {
    found.push_back({Weight::fail, "Runtime",
                     fmt::format("this version of molecule cannot drive {} yet", runtime->title),
                     "runtime: one of " + runtimes::names_there()});
    return;
  }
  const std::string& command = config.text("runtime_config.command");
  if (runtime->executor == runtimes::Executor::exec && command.empty()) {
    found.push_back({Weight::fail, "Command", "runtime_config.command is empty",
                     "runtime_config: {command: 'program of yours'}"});
  }
  if (runtime->program.empty()) return;
  const std::string_view program = command.empty() ? runtime->program : std::string_view(command);
  if (process::found(program, path).empty()) {
    found.push_back({Weight::fail, "Program",
                     fmt::format("{} is not on this machine: {} is not in PATH ({})",
                                 runtime->title, program, path),
                     std::string(runtime->install)});
  }
}

// Empty: it can be used.
std::string wrong_url(const std::string& url) {
  try {
    net::Url::parse(url);
    return {};
  } catch (const Fault& fault) {
    return fault.text();
  }
}

void look_at_platform(const Config& config, std::vector<Finding>& found) {
  const std::string& id = config.text("workspace_id");
  if (!WorkspaceId::parse(id)) {
    found.push_back({Weight::fail, "Workspace",
                     id.empty() ? "WORKSPACE_ID is not set"
                                : fmt::format("WORKSPACE_ID: {} is no workspace id", id),
                     "WORKSPACE_ID=the id that the canvas shows", true});
  }
  const std::string& url = config.text("platform_url");
  if (url.empty()) {
    found.push_back({Weight::fail, "Platform", "PLATFORM_URL is not set",
                     "PLATFORM_URL=http://127.0.0.1:8080", true});
  } else if (const std::string wrong = wrong_url(url); !wrong.empty()) {
    found.push_back({Weight::fail, "Platform", fmt::format("PLATFORM_URL: {}: {}", url, wrong),
                     "PLATFORM_URL=http://127.0.0.1:8080", true});
  }
  if (!fs::exists(token_file(config)) && !process::environment("MOLECULE_WORKSPACE_TOKEN")) {
    found.push_back({Weight::fail, "Token",
                     fmt::format("{} is not there, and MOLECULE_WORKSPACE_TOKEN is not set",
                                 token_file(config).string()),
                     "put the workspace's token into that file, with mode 0600", true});
  }
}

}  // namespace

fs::path token_file(const Config& config) { return config.directory() / ".auth_token"; }

std::vector<Finding> examine(const Config& config, const std::string& environment_path) {
  std::vector<Finding> found;
  for (const Remark& each : config.wrong())
    found.push_back({Weight::fail, each.key, each.text, ""});
  look_at_runtime(config, environment_path, found);
  look_at_platform(config, found);
  for (const Remark& each : config.unknown())
    found.push_back({Weight::warn, each.key, each.text, ""});
  if (const std::string& level = config.text("observability.log_level");
      !enum_from<log::Level>(level)) {
    std::string levels;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<log::Level>>(
        [&](auto each) { levels.append(levels.empty() ? "" : ", ").append(each.name); });
    found.push_back({Weight::warn, "observability.log_level",
                     fmt::format("there is no level {}; it is info", level), "one of " + levels});
  }
  const bool asked_for = config.value("prompt_files").origin != "default";
  for (const std::string& name : config.list("prompt_files")) {
    if (asked_for && !fs::exists(config.directory() / name))
      found.push_back({Weight::warn, "Prompt", name + " is not there", ""});
  }
  for (const std::string& name : config.list("skills")) {
    if (!fs::exists(config.directory() / "skills" / name / "SKILL.md"))
      found.push_back(
          {Weight::warn, "Skill", fmt::format("skills/{}/SKILL.md is not there", name), ""});
  }
  return found;
}

std::string report(const std::vector<Finding>& findings) {
  if (findings.empty()) return {};
  std::string out = "Preflight checks:\n";
  for (const Finding& each : findings) {
    out += fmt::format("[{}] {}: {}\n", each.weight == Weight::fail ? "FAIL" : "WARN", each.title,
                       each.detail);
    if (!each.fix.empty()) out += fmt::format("  Fix: {}\n", each.fix);
  }
  return out;
}

bool can_start(const std::vector<Finding>& findings) {
  return std::ranges::none_of(findings,
                              [](const Finding& each) { return each.weight == Weight::fail; });
}

}  // namespace molecule::agent
