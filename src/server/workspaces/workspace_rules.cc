#include "server/workspaces/workspace_rules.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "platform/json/json.h"
#include "platform/text/names.h"
#include "wire/api/agent_command.h"

namespace molecule::workspaces {

namespace {

constexpr std::string_view payload_code = "invalid_workspace_payload";

Fault refused_by(const json::Refusal& refusal, std::string_view text) {
  return bad_request(std::string(refusal.code), fmt::format("{}: {}", refusal.words, text));
}

Fault bad_field(std::string_view name, std::string_view expected) {
  return refused_by(api::bad_workspace_fields, fmt::format("{} {}", name, expected));
}

bool has_control(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  }
  return false;
}

// Names and roles end up in generated configuration files.
void check_words(std::string_view name, const std::string& text) {
  if (auto flaw = text::flaw_of_line(text)) throw bad_field(name, *flaw);
  if (text.find_first_of("{}[]|>*&!") != std::string::npos) {
    throw bad_field(name, "must not contain any of { } [ ] | > * & !");
  }
}

std::string checked_role(std::string text) {
  text = text::normal_form(text);
  check_words("role", text);
  return text;
}

std::string checked_name(std::string text) {
  if (text.find_first_not_of(' ') == std::string::npos) {
    throw bad_request(std::string(payload_code), "invalid workspace payload: name is required");
  }
  text = text::normal_form(text);
  check_words("name", text);
  if (auto flaw = text::flaw_of_name(text)) throw bad_field("name", *flaw);
  // Composing can make a text longer.
  if (text.size() > name_max)
    throw bad_field("name", fmt::format("is longer than {} bytes", name_max));
  return text;
}

// A path on the host that an agent's container would mount: nothing of the system itself.
std::string checked_directory(std::string path) {
  auto refuse = [](std::string_view why) { return refused_by(api::bad_workspace_directory, why); };
  if (path.front() != '/') throw refuse("the path must be absolute");
  if (has_control(path)) throw refuse("the path must not contain control characters");
  std::string_view rest = path;
  std::string_view first;
  while (!rest.empty()) {
    std::size_t slash = rest.find('/');
    std::string_view part = rest.substr(0, slash);
    if (part == "..") throw refuse("the path must not contain ..");
    if (first.empty() && part != ".") first = part;
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  constexpr std::array<std::string_view, 10> system{"etc",  "var",  "proc", "sys", "dev",
                                                    "boot", "sbin", "bin",  "lib", "usr"};
  for (std::string_view top : system) {
    if (first == top) throw refuse(fmt::format("/{} belongs to the system", top));
  }
  return path;
}

std::string checked_line(std::string_view name, std::string text) {
  if (auto flaw = text::flaw_of_line(text)) throw bad_field(name, *flaw);
  return text;
}

std::string checked_template(std::string text) {
  bool escapes = text.front() == '/' || text.find("..") != std::string::npos || has_control(text) ||
                 text.find('\\') != std::string::npos;
  if (escapes) {
    throw bad_request("invalid_template",
                      "invalid template: must be the name of a folder below the templates");
  }
  return text;
}

}  // namespace

std::string checked_command(std::string_view body) {
  api::AgentCommand said = json::read<api::AgentCommand>(body);
  return checked_line("command", std::move(said.command).value_or(""));
}

NewWorkspace checked(api::NewWorkspace said) {
  NewWorkspace made;
  made.name = checked_name(std::move(said.name));
  made.role = checked_role(std::move(said.role).value_or(""));
  const std::int64_t tier = said.tier.value_or(0);
  made.tier = tier == 0 ? 3 : static_cast<int>(tier);
  made.model = checked_line("model", std::move(said.model).value_or(""));
  made.runtime = checked_line("runtime", std::move(said.runtime).value_or(""));
  if (said.template_) made.template_name = checked_template(std::move(*said.template_));
  if (said.external.value_or(false) && !joins_by_itself(made.runtime)) made.runtime = "external";
  if (made.runtime.empty()) made.runtime = "langgraph";

  made.url = std::move(said.url).value_or("");
  if (!made.url.empty() && !joins_by_itself(made.runtime))
    throw bad_field("url", "is only for agents that join by themselves (runtime external)");
  made.delivery = said.delivery_mode;
  if (said.workspace_dir) made.workspace_dir = checked_directory(std::move(*said.workspace_dir));
  made.workspace_access = said.workspace_access.value_or(Access::none);
  if (made.workspace_access != Access::none && !made.workspace_dir)
    throw refused_by(api::bad_workspace_access, "read_only and read_write need workspace_dir");
  made.parent = said.parent_id;
  made.budget_limit = said.budget_limit;
  made.max_concurrent_tasks =
      static_cast<int>(std::max<std::int64_t>(said.max_concurrent_tasks.value_or(1), 1));
  if (said.canvas) {
    made.x = said.canvas->x.value_or(0);
    made.y = said.canvas->y.value_or(0);
  }
  if (said.secrets) made.secrets = std::move(*said.secrets);
  made.has_memories = said.initial_memories && !said.initial_memories->empty();
  return made;
}

std::vector<std::string> Change::infrastructure() const {
  std::vector<std::string> named;
  if (tier) named.emplace_back("tier");
  if (parent) named.emplace_back("parent_id");
  if (runtime) named.emplace_back("runtime");
  if (workspace_dir) named.emplace_back("workspace_dir");
  if (workspace_access) named.emplace_back("workspace_access");
  return named;
}

Change checked(api::WorkspaceChange said) {
  Change change;
  if (said.name) change.name = checked_name(std::move(*said.name));
  if (said.role) change.role = checked_role(std::move(*said.role));
  if (said.tier) change.tier = static_cast<int>(*said.tier);
  if (said.runtime) change.runtime = checked_line("runtime", std::move(*said.runtime));
  if (said.parent_id) change.parent = *said.parent_id;
  if (said.workspace_dir) {
    change.workspace_dir.emplace();
    std::string path = std::move(*said.workspace_dir).value_or("");
    if (!path.empty()) *change.workspace_dir = checked_directory(std::move(path));
  }
  change.workspace_access = said.workspace_access;
  change.collapsed = said.collapsed;
  if (said.x && said.y) change.position = std::pair{*said.x, *said.y};
  return change;
}

void require_to_share(const auth::Caller& caller) {
  if (caller.scope() == api::KeyScope::admin) return;
  throw Fault(Kind::forbidden, "insufficient_scope",
              "giving an agent a directory of the machine needs scope admin")
      .with(json::members(api::ScopeNeeded{caller.scope(), api::KeyScope::admin}));
}

}  // namespace molecule::workspaces
