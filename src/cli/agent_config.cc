// `molecule ws config`: the configuration of an agent that the platform runs.
#include <array>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "cli/agent_files.h"
#include "cli/find.h"
#include "cli/input.h"
#include "cli/workspaces.h"
#include "client/record.h"
#include "client/refusal.h"
#include "platform/files/files.h"
#include "platform/json/answer.h"
#include "platform/process/environment.h"
#include "wire/api/agent_files.h"

namespace molecule::cli {
namespace {

using json::Node;
using namespace std::chrono_literals;

constexpr auto look_every = 250ms;
constexpr int looks = 32;

std::string path_of(const WorkspaceId& id) {
  return fmt::format("/workspaces/{}/config", id.text());
}

std::string problem_text(const client::Record<api::AgentConfigProblem>& problem) {
  std::string out;
  if (const std::string line = problem.text("line"); !line.empty())
    out = fmt::format("line {}, column {}: ", line, problem.text("column"));
  if (const std::string key = problem.text("key"); !key.empty()) out += key + ": ";
  return out + problem.text("text");
}

std::string state_text(const client::Record<api::AgentConfig>& config) {
  const std::string state = config.text("state");
  const std::string reason = config.text("reason");
  if (state == "applied") return "The agent goes by it.";
  if (state == "pending") return "The agent has not taken it up yet.";
  if (state == "refused")
    return fmt::format("The agent refused it and stays with the earlier one: {}", reason);
  if (state == "stopped")
    return reason.empty() ? "The agent does not run; it goes by it when it is started."
                          : fmt::format("The agent does not run: {}", reason);
  return "The agent's program does not tell whether it goes by it.";
}

void say_problems(const Session& session, Node list, std::string_view kind) {
  for (const auto& each : client::records<api::AgentConfigProblem>(list))
    session.say(fmt::format("{}: {}", kind, problem_text(each)));
}

}  // namespace

io::Task<int> show_config(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document found = co_await session.platform().get(path_of(id));
  const client::Record<api::AgentConfig> config(found.root());
  session.show(found.root(), [&](Node) {
    const std::string text = config.text("text");
    return session.screen().is_terminal() ? session.screen().lines(text) + "\n" : text;
  });
  if (!session.is_table()) co_return 0;
  say_problems(session, config.node("problems"), "problem");
  say_problems(session, config.node("remarks"), "remark");
  session.say(state_text(config));
  co_return 0;
}

namespace {

// Whether it was taken: what is wrong with it is said.
io::Task<bool> written(Session& session, client::Ask what) {
  const client::Answer answer = co_await session.platform().answer_to(std::move(what));
  if (answer.ok()) co_return true;
  if (answer.code() != "config_invalid") throw client::refusal(answer);
  const json::Document refusal = json::parse_answer(answer.body);
  say_problems(session, refusal.root().find("problems"), "problem");
  co_return false;
}

// Until the agent has said what it makes of it.
io::Task<int> told(Session& session, WorkspaceId id) {
  for (int look = 0;; ++look) {
    const json::Document found = co_await session.platform().get(path_of(id));
    const client::Record<api::AgentConfig> config(found.root());
    if (config.text("state") == "pending" && look < looks) {
      co_await io::sleep(look_every);
      continue;
    }
    session.show(found.root(), [&](Node) {
      return "Saved. " + session.screen().line(state_text(config)) + "\n";
    });
    if (session.is_table()) say_problems(session, config.node("remarks"), "remark");
    co_return config.text("state") == "refused" ? 1 : 0;
  }
}

Fault not_saved() {
  return bad_request("config_invalid", "nothing was saved: no agent could go by it");
}

// A value of JSON, else the words as they are.
std::string value_of(const std::string& words) {
  try {
    return json::Document::parse(words).root().text();
  } catch (const Fault&) {
    return json::text(words);
  }
}

// An object with one member set to `value`, or taken away where that is empty.
std::string with_member(Node object, std::string_view name, const std::string& value) {
  json::Object out;
  for (std::size_t i = 0; object.is(json::Type::object) && i < object.size(); ++i) {
    if (object.name_at(i) != name) out.add(object.name_at(i), RawJson(object.value_at(i).text()));
  }
  if (!value.empty()) out.add(name, RawJson(value));
  return out.text();
}

}  // namespace

io::Task<int> change_config(Session& session, WorkspaceId id, std::string changes,
                            std::string version) {
  client::Ask what;
  what.method = http::Method::patch;
  what.path = path_of(id);
  what.body = std::move(changes);
  if (!version.empty()) what.headers.emplace_back("If-Match", fmt::format("\"{}\"", version));
  const bool taken = co_await written(session, std::move(what));
  if (!taken) throw not_saved();
  co_return co_await told(session, id);
}

io::Task<int> set_config(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document found = co_await session.platform().get(path_of(id));
  const client::Record<api::AgentConfig> config(found.root());
  std::string changes = "{}";
  const auto change = [&](const std::string& key, const std::string& value) {
    const json::Document so_far = json::Document::parse(changes);
    const std::size_t dot = key.find('.');
    const std::string first = key.substr(0, dot);
    if (first.empty()) throw bad_request("a change is KEY=VALUE");
    std::string whole = value.empty() ? "null" : value;
    if (dot != std::string::npos) {
      const Node changed = so_far.root().find(first);
      whole = with_member(changed ? changed : config.node("data").find(first), key.substr(dot + 1),
                          value);
    }
    changes = with_member(so_far.root(), first, whole);
  };
  for (const std::string& each : given.all("change")) {
    const std::size_t equals = each.find('=');
    if (equals == std::string::npos) throw bad_request(fmt::format("'{}' is not KEY=VALUE", each));
    change(each.substr(0, equals), value_of(each.substr(equals + 1)));
  }
  for (const std::string& each : given.all("unset")) change(each, "");
  if (changes == "{}") throw bad_request("nothing is to be changed; give KEY=VALUE");
  co_return co_await change_config(session, id, std::move(changes), config.text("version"));
}

namespace {

// Ends with the editor.
int edited(const std::string& file) {
  std::string editor = process::environment("VISUAL").value_or("");
  if (editor.empty()) editor = process::environment("EDITOR").value_or("vi");
  std::string script = editor + " \"$1\"";
  std::string shell = "sh", flag = "-c", name = file;
  std::array<char*, 6> arguments{shell.data(), flag.data(), script.data(),
                                 shell.data(), name.data(), nullptr};
  pid_t pid = 0;
  if (::posix_spawnp(&pid, "sh", nullptr, nullptr, arguments.data(), environ) != 0)
    throw internal("no shell can be started");
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

io::Task<int> edit_config(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document found = co_await session.platform().get(path_of(id));
  const client::Record<api::AgentConfig> config(found.root());
  const std::string before = config.text("text");
  std::string text;
  std::string kept;
  if (given.has("file")) {
    text = file_or_input(given.text("file"));
  } else {
    kept = (std::filesystem::temp_directory_path() / "molecule-config-XXXXXX").string();
    if (::mkdtemp(kept.data()) == nullptr) throw internal("no temporary directory can be made");
    const std::string file = kept + "/config.yaml";
    files::write_private(file, before);
    if (edited(file) != 0) {
      std::filesystem::remove_all(kept);
      throw bad_request("the editor failed; nothing was done");
    }
    text = files::read(file).value_or("");
  }
  const auto forget = [&] {
    if (!kept.empty()) std::filesystem::remove_all(kept);
  };
  if (text == before) {
    forget();
    session.say("Nothing was changed.");
    co_return 0;
  }
  client::Ask what;
  what.method = http::Method::put;
  what.path = path_of(id);
  what.body = json::Object{}.add("text", text).text();
  if (const std::string version = config.text("version"); !version.empty())
    what.headers.emplace_back("If-Match", fmt::format("\"{}\"", version));
  bool taken = false;
  try {
    taken = co_await written(session, std::move(what));
  } catch (const Fault&) {
    if (!kept.empty()) session.say(fmt::format("what you wrote is in {}/config.yaml", kept));
    throw;
  }
  if (!taken) {
    if (!kept.empty()) session.say(fmt::format("what you wrote is in {}/config.yaml", kept));
    throw not_saved();
  }
  forget();
  co_return co_await told(session, id);
}

}  // namespace molecule::cli
