#include "mcp/settings.h"

#include <charconv>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/net/url.h"
#include "platform/process/environment.h"

namespace molecule::mcp {
namespace {

using process::environment;
namespace fs = std::filesystem;

std::string or_empty(const char* name) { return environment(name).value_or(""); }

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

fs::path state_directory() {
  if (auto chosen = environment("CONFIGS_DIR")) return *chosen;
  const fs::path own = "/configs";
  if (fs::is_directory(own) && ::access(own.c_str(), W_OK) == 0) return own;
  const auto home = environment("HOME");
  return home ? fs::path(*home) / ".molecule-workspace" : fs::path();
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

std::vector<std::string> listed(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (std::string each = trimmed(text.substr(0, comma)); !each.empty())
      out.push_back(std::move(each));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

// MOLECULE_WORKSPACES: [{"id": …, "token": …}, …].
void read_several(const std::string& text, Settings& settings, std::vector<std::string>& wrong) {
  const Secret kept(text);
  std::optional<json::Document> document;
  try {
    document = json::Document::parse(text);
  } catch (const Fault& fault) {
    wrong.push_back(fmt::format("MOLECULE_WORKSPACES: {}", fault.text()));
    return;
  }
  const json::Node all = document->root();
  if (!all.is(json::Type::array) || all.size() == 0) {
    wrong.emplace_back(
        R"(MOLECULE_WORKSPACES: expected a list such as [{"id": "…", "token": "…"}], not empty)");
    return;
  }
  std::set<WorkspaceId> seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const json::Node each = all.at(i);
    const auto complain = [&](std::string_view what) {
      wrong.push_back(fmt::format("MOLECULE_WORKSPACES[{}]: {}", i, what));
    };
    if (!each.is(json::Type::object)) {
      complain("expected an object");
      continue;
    }
    const json::Node id_text = each.find("id"), token = each.find("token");
    const auto id = id_text.is(json::Type::string) ? WorkspaceId::parse(id_text.string())
                                                   : std::optional<WorkspaceId>();
    if (!id) complain("\"id\" must be a workspace's id");
    const std::string what = token.is(json::Type::string)
                                 ? client::Credential::wrong_with(token.string())
                                 : std::string("must be its token");
    if (!what.empty()) complain("\"token\" " + what);
    if (!id || !what.empty()) continue;
    if (!seen.insert(*id).second) {
      complain(fmt::format("{} stands there twice", id->text()));
      continue;
    }
    settings.members.emplace_back(*id, Secret(std::string(token.string())));
  }
}

void read_one(Settings& settings, std::vector<std::string>& wrong) {
  std::string text = or_empty("WORKSPACE_ID");
  if (text.empty()) text = or_empty("MOLECULE_WORKSPACE_ID");
  const auto id = WorkspaceId::parse(text);
  if (text.empty()) {
    wrong.emplace_back("WORKSPACE_ID is not set: the id of the workspace that this agent is");
  } else if (!id) {
    wrong.push_back(fmt::format("WORKSPACE_ID: {} is no workspace id", beginning(text)));
  }
  const WorkspaceId whose = id.value_or(WorkspaceId());
  if (auto token = environment("MOLECULE_WORKSPACE_TOKEN")) {
    if (const std::string what = client::Credential::wrong_with(*token); !what.empty())
      wrong.push_back("MOLECULE_WORKSPACE_TOKEN " + what);
    settings.members.emplace_back(whose, Secret(std::move(*token)));
    return;
  }
  std::optional<fs::path> file;
  if (auto named = environment("MOLECULE_WORKSPACE_TOKEN_FILE")) {
    file = *named;
  } else if (const fs::path kept = settings.state / ".auth_token"; fs::exists(kept)) {
    file = kept;
  }
  if (!file) {
    wrong.push_back(
        fmt::format("there is no token: set MOLECULE_WORKSPACE_TOKEN, or MOLECULE_WORKSPACE_TOKEN_"
                    "FILE, or keep it in {} (the canvas shows one when a workspace is made)",
                    (settings.state / ".auth_token").string()));
    return;
  }
  try {
    settings.members.emplace_back(whose, *file);
  } catch (const Fault& fault) {
    wrong.push_back(fault.text());
  }
}

}  // namespace

std::string beginning(std::string_view text) {
  constexpr std::size_t shown = 8;
  return text.size() <= shown ? std::string(text) : std::string(text.substr(0, shown)) + "…";
}

std::chrono::seconds wait_hint() {
  const auto given = environment("MOLECULE_MCP_POLL_TIMEOUT_SECS");
  const auto seconds = given ? number(*given) : std::nullopt;
  if (!seconds || *seconds < 0) return std::chrono::seconds(2);
  return std::chrono::seconds(std::min<std::int64_t>(*seconds, 60));
}

Settings read_settings() {
  Settings settings;
  std::vector<std::string> wrong;
  settings.state = state_directory();
  if (settings.state.empty()) {
    wrong.emplace_back("neither CONFIGS_DIR nor HOME is set: a directory to keep things in");
  } else if (!settings.state.is_absolute()) {
    settings.state = fs::absolute(settings.state);
  }
  settings.platform_url = or_empty("PLATFORM_URL");
  if (settings.platform_url.empty()) settings.platform_url = or_empty("MOLECULE_PLATFORM_URL");
  if (settings.platform_url.empty()) {
    wrong.emplace_back("PLATFORM_URL is not set: where the platform answers");
  } else {
    try {
      net::Url::parse(settings.platform_url);
    } catch (const Fault& fault) {
      wrong.push_back(fmt::format("PLATFORM_URL: {}", fault.text()));
    }
  }
  if (const auto several = environment("MOLECULE_WORKSPACES")) {
    read_several(*several, settings, wrong);
  } else {
    read_one(settings, wrong);
  }
  if (!wrong.empty()) {
    std::string all;
    for (const std::string& each : wrong) all += (all.empty() ? "" : "\n") + each;
    throw bad_request("bad_configuration", all);
  }
  const std::string id = settings.members.front().workspace().text();
  settings.name = environment("MOLECULE_AGENT_NAME").value_or("molecule-mcp-" + id.substr(0, 8));
  settings.description = or_empty("MOLECULE_AGENT_DESCRIPTION");
  settings.skills = listed(or_empty("MOLECULE_AGENT_SKILLS"));
  settings.wait_hint = wait_hint();
  settings.beats = !environment("MOLECULE_MCP_DISABLE_HEARTBEAT");
  settings.has_inbox = !environment("MOLECULE_MCP_DISABLE_INBOX");
  if (auto seconds = number(or_empty("DELEGATION_TIMEOUT")); seconds && *seconds > 0)
    settings.delegation_wait = std::chrono::seconds(std::min<std::int64_t>(*seconds, 86'400));
  settings.push_method =
      environment("MOLECULE_MCP_PUSH_METHOD").value_or("notifications/claude/channel");
  settings.ca_file = or_empty("MOLECULE_CA_FILE");
  return settings;
}

}  // namespace molecule::mcp
