#include "mcp/channel_settings.h"

#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/net/url.h"
#include "platform/process/environment.h"

namespace molecule::mcp {
namespace {

namespace fs = std::filesystem;
using json::Node;
using json::Type;

constexpr std::size_t file_max = 1u << 20;
constexpr std::chrono::milliseconds soonest_beat{1000};
constexpr std::int64_t longest_ms = 86'400'000;

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || !letter(text.front())) return false;
  for (const char c : text) {
    if (!letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// What stands between quotes, where it begins with one and nothing but a comment follows the other;
// within double ones \" and \\ are the characters themselves. Else the value as it stands.
std::string unquoted(std::string_view value) {
  const char quote = value.empty() ? '\0' : value.front();
  if (quote != '"' && quote != '\'') return std::string(value);
  std::string out;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (value[i] == quote) {
      const std::string_view rest = trimmed(value.substr(i + 1));
      return rest.empty() || rest.starts_with('#') ? out : std::string(value);
    }
    const bool escapes = quote == '"' && value[i] == '\\' && i + 1 < value.size() &&
                         (value[i + 1] == '"' || value[i + 1] == '\\');
    if (escapes) ++i;
    out += value[i];
  }
  return std::string(value);
}

// KEY=VALUE lines as other programs read such a file: after `export`, in quotes, from any editor.
std::map<std::string, std::string> values_in(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF", exported = "export ";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with(exported)) line = trimmed(line.substr(exported.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(line.substr(0, equals));
    if (is_name(name)) out[std::string(name)] = unquoted(trimmed(line.substr(equals + 1)));
  }
  return out;
}

struct Target {
  WorkspaceId workspace;
  Secret token;
  std::string url;
};

// The file's values under those of the environment.
class Values {
 public:
  explicit Values(const fs::path& file) {
    if (auto text = files::read(file, file_max)) values_ = values_in(*text);
  }
  std::string operator()(const std::string& name) const {
    if (auto real = process::environment(name.c_str())) return *real;
    const auto at = values_.find(name);
    return at == values_.end() ? std::string() : at->second;
  }

 private:
  std::map<std::string, std::string> values_;
};

std::vector<std::string> listed(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view each = text.substr(0, comma);
    while (each.starts_with(' ')) each.remove_prefix(1);
    while (each.ends_with(' ')) each.remove_suffix(1);
    if (!each.empty()) out.emplace_back(each);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

class Reading {
 public:
  explicit Reading(const Values& values) : values_(values) {}

  std::vector<Target> targets() {
    if (const std::string json = values_("MOLECULE_WORKSPACES_JSON"); !json.empty()) {
      read_json(json);
    } else {
      read_lists();
    }
    return std::move(targets_);
  }
  std::vector<std::string> wrong;

 private:
  void add(const std::string& where, const std::string& id, const std::string& token,
           const std::string& url) {
    const auto workspace = WorkspaceId::parse(id);
    if (!workspace) wrong.push_back(fmt::format("{}: {} is no workspace id", where, beginning(id)));
    if (const std::string what = client::Credential::wrong_with(token); !what.empty())
      wrong.push_back(fmt::format("{}: its token {}", where, what));
    std::string plain = url;
    while (plain.ends_with('/')) plain.pop_back();
    try {
      net::Url::parse(plain);
    } catch (const Fault& fault) {
      wrong.push_back(fmt::format(
          "{}: {}", where, url.empty() ? "where its platform is, is not said" : fault.text()));
    }
    if (!workspace || !wrong.empty()) return;
    if (!seen_.insert(*workspace).second) {
      wrong.push_back(fmt::format("{}: {} stands there twice", where, id));
      return;
    }
    targets_.push_back({*workspace, Secret(token), plain});
  }

  void read_json(const std::string& text) {
    std::optional<json::Document> document;
    try {
      document = json::Document::parse(text);
    } catch (const Fault& fault) {
      wrong.push_back(fmt::format("MOLECULE_WORKSPACES_JSON: {}", fault.text()));
      return;
    }
    const Node all = document->root();
    if (!all.is(Type::array) || all.size() == 0) {
      wrong.emplace_back(
          R"(MOLECULE_WORKSPACES_JSON: expected [{"id": "…", "token": "…", "platform_url": "…"}])");
      return;
    }
    const auto text_in = [](Node object, std::string_view name) {
      const Node found = object.find(name);
      return found.is(Type::string) ? std::string(found.string()) : std::string();
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Node each = all.at(i);
      std::string url = text_in(each, "platform_url");
      if (url.empty()) url = values_("MOLECULE_PLATFORM_URL");
      add(fmt::format("MOLECULE_WORKSPACES_JSON[{}]", i), text_in(each, "id"),
          text_in(each, "token"), url);
    }
  }

  void read_lists() {
    const auto ids = listed(values_("MOLECULE_WORKSPACE_IDS"));
    const auto tokens = listed(values_("MOLECULE_WORKSPACE_TOKENS"));
    const auto urls = listed(values_("MOLECULE_PLATFORM_URLS"));
    const std::string url = values_("MOLECULE_PLATFORM_URL");
    if (ids.empty())
      wrong.emplace_back("MOLECULE_WORKSPACE_IDS is not set: the workspaces to watch");
    if (tokens.empty())
      wrong.emplace_back("MOLECULE_WORKSPACE_TOKENS is not set: a token for each");
    if (urls.empty() && url.empty())
      wrong.emplace_back("MOLECULE_PLATFORM_URL is not set: where the platform answers");
    if (!wrong.empty()) return;
    if (ids.size() != tokens.size())
      wrong.push_back(fmt::format(
          "MOLECULE_WORKSPACE_IDS names {} and MOLECULE_WORKSPACE_TOKENS {}: there has to be one "
          "token for each workspace, in the same order",
          ids.size(), tokens.size()));
    if (!urls.empty() && urls.size() != ids.size())
      wrong.push_back(fmt::format(
          "MOLECULE_WORKSPACE_IDS names {} and MOLECULE_PLATFORM_URLS {}: one for each, in the same "
          "order, or MOLECULE_PLATFORM_URL for all",
          ids.size(), urls.size()));
    if (!wrong.empty()) return;
    for (std::size_t i = 0; i < ids.size(); ++i)
      add(fmt::format("MOLECULE_WORKSPACE_IDS[{}]", i), ids[i], tokens[i],
          urls.empty() ? url : urls[i]);
  }

  const Values& values_;
  std::vector<Target> targets_;
  std::set<WorkspaceId> seen_;
};

fs::path state_directory() {
  if (auto chosen = process::environment("MOLECULE_STATE_DIR")) return fs::absolute(*chosen);
  const auto home = process::environment("HOME");
  return home ? fs::path(*home) / ".claude/channels/molecule" : fs::path();
}

// There are tokens in it.
void keep_private(const fs::path& file) {
  const auto wrong = [&](std::string_view what) {
    return bad_request("bad_configuration", fmt::format("{} {}", file.string(), what));
  };
  switch (files::tighten(file)) {
    case files::Tightened::was_private: return;
    case files::Tightened::of_another: throw wrong("belongs to another user");
    case files::Tightened::cannot_be:
      throw wrong("has tokens that others may read, and cannot be made private");
    case files::Tightened::is_now: break;
  }
  log::warn(
      "others could read the tokens in this file; it is private now, and new tokens are safer",
      log::field("file", file.string()));
}

std::int64_t number(const Values& values, const char* name, std::int64_t fallback,
                    std::vector<std::string>& wrong) {
  const std::string text = values(name);
  if (text.empty()) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= 0 && value <= longest_ms)
    return value;
  wrong.push_back(fmt::format("{}: {} is no number of 0 to {}", name, text, longest_ms));
  return fallback;
}

// The token that stands there now.
std::optional<Secret> token_of(const fs::path& file, const WorkspaceId& workspace) {
  const Values values(file);
  Reading reading(values);
  for (Target& each : reading.targets()) {
    if (each.workspace == workspace) return std::move(each.token);
  }
  return std::nullopt;
}

}  // namespace

fs::path channel_file() { return state_directory() / ".env"; }

Settings read_channel_settings() {
  Settings settings;
  settings.channel = true;
  settings.state = state_directory();
  if (settings.state.empty())
    throw bad_request("bad_configuration",
                      "neither MOLECULE_STATE_DIR nor HOME is set: a directory to keep things in");
  const fs::path file = channel_file();
  files::make_private_directory(settings.state);
  keep_private(file);
  const Values values(file);
  Reading reading(values);
  for (Target& each : reading.targets()) {
    const WorkspaceId workspace = each.workspace;
    settings.members.emplace_back(workspace, std::move(each.token),
                                  [file, workspace] { return token_of(file, workspace); });
    settings.urls.push_back(std::move(each.url));
  }
  std::vector<std::string>& wrong = reading.wrong;
  // Messages are waited for, so nothing hangs on how often it is asked.
  number(values, "MOLECULE_POLL_INTERVAL_MS", 5000, wrong);
  settings.window = std::chrono::seconds(number(values, "MOLECULE_POLL_WINDOW_SECS", 30, wrong));
  settings.beat_every =
      std::chrono::milliseconds(number(values, "MOLECULE_HEARTBEAT_INTERVAL_MS", 30'000, wrong));
  if (!wrong.empty()) {
    std::string all;
    for (const std::string& each : wrong) all += (all.empty() ? "" : "\n") + each;
    throw bad_request("bad_configuration", all);
  }
  if (settings.beat_every.count() != 0)
    settings.beat_every = std::max(settings.beat_every, soonest_beat);
  const std::string registers = values("MOLECULE_AUTO_REGISTER_POLL");
  settings.registers = registers != "0" && registers != "false" && registers != "no";
  settings.beats = settings.registers || settings.beat_every.count() != 0;
  settings.platform_url = settings.urls.front();
  settings.name = values("MOLECULE_AGENT_NAME");
  if (settings.name.empty()) settings.name = "Claude Code (channel)";
  settings.description = values("MOLECULE_AGENT_DESC");
  if (settings.description.empty())
    settings.description = "A Claude Code session that reads and answers what is written to it";
  settings.push_method = "notifications/claude/channel";
  settings.ca_file = values("MOLECULE_CA_FILE");
  return settings;
}

}  // namespace molecule::mcp
