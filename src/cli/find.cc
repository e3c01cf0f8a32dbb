#include "cli/find.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/fault.h"
#include "client/record.h"
#include "platform/text/names.h"
#include "wire/api/workspaces.h"

namespace molecule::cli {
namespace {

constexpr std::size_t least_of_id = 4;
constexpr std::size_t told_max = 8;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

WorkspaceId find_workspace_in(json::Node list, const std::string& named) {
  if (const auto id = WorkspaceId::parse(named)) return *id;
  const std::string name = text::normal_form(named);
  const std::string part = lower(named);
  std::vector<client::Record<api::Workspace>> by_name, by_id;
  for (const auto& each : client::records<api::Workspace>(list)) {
    const std::string id = each.text("id");
    if (each.text("name") == name) by_name.push_back(each);
    if (part.size() >= least_of_id && (id.starts_with(part) || id.ends_with(part)))
      by_id.push_back(each);
  }
  const auto& found = by_name.empty() ? by_id : by_name;
  if (found.empty()) {
    throw Fault(Kind::not_found, "workspace_not_found",
                fmt::format("there is no workspace {}", named));
  }
  if (found.size() == 1) {
    if (const auto id = WorkspaceId::parse(found.front().text("id"))) return *id;
  }
  std::string those;
  for (std::size_t i = 0; i < found.size() && i < told_max; ++i)
    those += fmt::format("\n  {}  {}", found[i].text("id"), found[i].text("name"));
  if (found.size() > told_max) those += fmt::format("\n  and {} more", found.size() - told_max);
  throw bad_request(
      "workspace_ambiguous",
      fmt::format("{} could be {} workspaces; name one by its id:{}", named, found.size(), those));
}

io::Task<WorkspaceId> find_workspace(Session& session, std::string named) {
  if (const auto id = WorkspaceId::parse(named)) co_return *id;
  const json::Document list = co_await session.platform().get("/workspaces");
  co_return find_workspace_in(list.root(), named);
}

}  // namespace molecule::cli
