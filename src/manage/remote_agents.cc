// Agents that run elsewhere, as the established tools tell of them.
#include <algorithm>

#include <fmt/format.h>

#include "manage/pages.h"
#include "manage/tools.h"
#include "platform/json/answer.h"
#include "platform/net/url.h"

namespace molecule::manage {
namespace {

using json::Node;
using json::Type;
using mcp::Said;
using mcp::text_of;

constexpr std::int64_t fresh_default = 90;  // Seconds.

// A member as it is, under the same name; null where there is none.
void copy(json::Object& out, Node from, std::string_view name) {
  const Node found = from.find(name);
  out.add(name, RawJson(found ? found.text() : "null"));
}

Said said(const json::Object& out) {
  const std::string text = out.text();
  return {indented(json::parse_answer(text).root())};
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  if (what.empty()) return text;
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

bool is_of_this_machine(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view host = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  return host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]");
}

// An address as it may stand in lines that people paste into a shell, in its canonical form. Throws
// Fault bad_request.
std::string pasteable(std::string_view given) {
  const net::Url url = net::Url::parse(given);
  const bool plain = std::ranges::all_of(url.target, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("/._-").find(c) != std::string_view::npos;
  });
  if (!plain)
    throw bad_request("bad_argument",
                      "platform_url_override: after the host, only a path of letters, digits and "
                      "/ . _ - may follow");
  std::string out = url.text();
  while (out.ends_with('/')) out.pop_back();
  return out;
}

}  // namespace

Said made_workspace(Node made) {
  json::Object out;
  for (const std::string_view name : {"id", "name", "status"}) copy(out, made, name);
  if (made.find("warning")) copy(out, made, "warning");
  if (made.find("connection"))
    out.add("next",
            "get_remote_agent_setup_command tells what is typed where its agent runs. Its token is "
            "not told here; a person makes one on the canvas.");
  return said(out);
}

Said discovered(Node workspace) {
  json::Object out;
  for (const std::string_view name : {"id", "url", "name", "delivery_mode"})
    copy(out, workspace, name);
  return said(out);
}

Said remote_agents(Node arguments, Node workspaces) {
  // An older platform tells of all; those that are not meant are left out here.
  std::vector<Row> all;
  for (std::size_t i = 0; workspaces.is(Type::array) && i < workspaces.size(); ++i) {
    const Node each = workspaces.at(i);
    if (text_of(each, "runtime") != "external") continue;
    json::Object row;
    for (const std::string_view name :
         {"id", "name", "status", "url", "last_heartbeat_at", "uptime_seconds", "tier"})
      copy(row, each, name);
    all.push_back({text_of(each, "id"), row.text()});
  }
  const Page page = page_of(arguments, all);
  json::Object out;
  const json::Document shown = json::parse_answer(page.list);
  out.add("count", static_cast<std::int64_t>(shown.root().size()));
  out.add("agents", RawJson(page.list));
  if (page.left > 0) out.add("next", page.next);
  return said(out);
}

Said remote_state(Node arguments, const client::Answer& answer) {
  const bool deleted = answer.status == 410;
  if (!answer.ok() && !deleted) return told(answer);
  const json::Document document = json::parse_answer(answer.body);
  const Node workspace = document.root();
  const std::string status = deleted ? "removed" : text_of(workspace, "status");
  json::Object out;
  out.add("workspace_id", text_of(arguments, "workspace_id")).add("status", status);
  out.add("paused", status == "paused").add("deleted", deleted);
  copy(out, workspace, "runtime");
  copy(out, workspace, "last_heartbeat_at");
  return said(out);
}

Said remote_fresh(Node arguments, Node workspace, Instant now) {
  const std::int64_t threshold = std::max<std::int64_t>(
      mcp::whole_of(arguments, "threshold_seconds").value_or(fresh_default), 0);
  const auto heard = Instant::parse(text_of(workspace, "last_heartbeat_at"));
  std::optional<std::int64_t> since;
  if (heard) since = std::max<std::int64_t>((now.micros() - heard->micros()) / 1'000'000, 0);
  json::Object out;
  out.add("workspace_id", text_of(arguments, "workspace_id"));
  copy(out, workspace, "status");
  copy(out, workspace, "last_heartbeat_at");
  out.add("seconds_since_heartbeat", since).add("threshold_seconds", threshold);
  out.add("fresh", since && *since <= threshold);
  return said(out);
}

Said setup_command(Node arguments, Node connection) {
  const std::string own = text_of(connection, "platform_url");
  const std::string given = text_of(arguments, "platform_url_override");
  const std::string url = given.empty() ? own : pasteable(given);
  std::string out = fmt::format(
      "Where the agent runs, with the workspace's token in place of the marked text:\n\n{}\n",
      replaced(text_of(connection, "join_snippet"), own, url));
  out += fmt::format("\nOr, without anything of Molecule there:\n\n{}\n",
                     replaced(text_of(connection, "curl_register_template"), own, url));
  if (is_of_this_machine(url))
    out += fmt::format(
        "\nWARNING: {} is reached from the platform's own machine alone; name "
        "another address with platform_url_override.\n",
        url);
  return {std::move(out)};
}

}  // namespace molecule::manage
