#include "cli/workspaces.h"

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/find.h"
#include "cli/times.h"

namespace molecule::cli {
namespace {

void add_line(std::string& out, const Screen& screen, std::string_view label, std::string_view text,
              Tone tone = Tone::plain) {
  if (text.empty()) return;
  const std::string shown = screen.line(text);
  out += screen.in(Tone::quiet, fmt::format("{:<14}", label));
  out.append(screen.in(tone, shown)).append("\n");
}

}  // namespace

Tone tone_of_status(std::string_view status) {
  if (status == "online") return Tone::good;
  if (status == "degraded" || status == "awaiting_agent" || status == "provisioning")
    return Tone::worth_a_look;
  if (status == "offline" || status == "failed" || status == "removed") return Tone::bad;
  return Tone::quiet;
}

std::string workspace_text(const Session& session, json::Node node) {
  const WorkspaceRecord workspace(node);
  const Screen& screen = session.screen();
  std::string out;
  const auto add = [&](std::string_view label, std::string_view text, Tone tone = Tone::plain) {
    add_line(out, screen, label, text, tone);
  };
  const std::string status = workspace.text("status");
  add("name", workspace.text("name"), Tone::title);
  add("id", workspace.text("id"));
  add("status", workspace.flag("late") ? status + " (late)" : status, tone_of_status(status));
  add("role", workspace.text("role"));
  add("runtime", workspace.text("runtime"));
  add("delivery", workspace.text("delivery_mode"));
  add("url", workspace.text("url"));
  add("tier", workspace.text("tier"));
  add("parent", workspace.text("parent_id"));
  add("task", workspace.text("current_task"));
  add("tasks", workspace.text("active_tasks"));
  add("uptime",
      duration_text(static_cast<std::int64_t>(workspace.number("uptime_seconds").value_or(0))));
  const double rate = workspace.number("last_error_rate").value_or(0);
  if (rate > 0) add("errors", fmt::format("{:.0f}%", rate * 100), Tone::bad);
  add("last error", workspace.text("last_sample_error"), Tone::bad);
  const auto ago = [&](client::Member<api::Workspace> member) {
    const std::string at = workspace.text(member);
    return at.empty() ? at : fmt::format("{} ({})", at, age_text(at, session.clock().now()));
  };
  add("heartbeat", ago("last_heartbeat_at"));
  add("created", ago("created_at"));
  const json::Node card = workspace.node("agent_card");
  add("card", client::told(card.find("description")));
  std::string skills;
  for (const json::Node skill : [&] {
         std::vector<json::Node> all;
         const json::Node list = card.find("skills");
         for (std::size_t i = 0; list.is(json::Type::array) && i < list.size(); ++i)
           all.push_back(list.at(i));
         return all;
       }()) {
    std::string name = client::told(skill.find("name"));
    if (name.empty()) name = client::told(skill.find("id"));
    skills += (skills.empty() ? "" : ", ") + name;
  }
  add("skills", skills);
  return out;
}

std::string made_text(const Session& session, json::Node node) {
  const client::Record<api::WorkspaceMade> made(node);
  const Screen& screen = session.screen();
  std::string out;
  add_line(out, screen, "id", made.text("id"));
  add_line(out, screen, "name", made.text("name"));
  add_line(out, screen, "status", made.text("status"));
  add_line(out, screen, "warning", made.text("warning"), Tone::worth_a_look);
  const auto connection = made.record<api::Connection>("connection");
  add_line(out, screen, "platform", connection.text("platform_url"));
  add_line(out, screen, "token", connection.text("auth_token"));
  const std::string join = connection.text("join_snippet");
  if (!join.empty()) {
    out += "\nIts token is shown this once. Connect its agent, for example:\n\n  " +
           screen.lines(join) + "\n";
  }
  return out;
}

io::Task<std::string> new_workspace(Session& session, const Given& given) {
  json::Object body;
  body.add("name", given.text("name"));
  body.add_some("role", given.some("role"));
  body.add_some("tier", given.number("tier"));
  body.add_some("runtime", given.some("runtime"));
  body.add_some("command", given.some("command"));
  body.add_some("template", given.some("template"));
  body.add_some("model", given.some("model"));
  body.add_some("url", given.some("agent-url"));
  body.add_some("workspace_dir", given.some("workspace-dir"));
  body.add_some("budget_limit", given.number("budget"));
  if (given.has("parent")) {
    const WorkspaceId parent = co_await find_workspace(session, given.text("parent"));
    body.add("parent_id", parent);
  }
  co_return body.text();
}

io::Task<std::string> workspace_change(Session& session, const Given& given) {
  json::Object body;
  body.add_some("name", given.some("name"));
  body.add_some("role", given.some("role"));
  body.add_some("tier", given.number("tier"));
  body.add_some("runtime", given.some("runtime"));
  body.add_some("workspace_dir", given.some("workspace-dir"));
  if (given.has("root")) {
    if (given.has("parent"))
      throw bad_request("--parent and --root each say where it is to stand; give one");
    body.add("parent_id", RawJson("null"));
  } else if (given.has("parent")) {
    const WorkspaceId parent = co_await find_workspace(session, given.text("parent"));
    body.add("parent_id", parent);
  }
  co_return body.members().empty() ? std::string() : body.text();
}

}  // namespace molecule::cli
