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

std::string Found::told() const {
  return name.empty() ? id.text() : fmt::format("{} ({})", name, id.text());
}

Found find_named_in(json::Node list, const std::string& named) {
  if (named.empty())
    throw bad_request("workspace_unnamed", "a workspace's id or name is needed, not an empty word");
  const auto whole = WorkspaceId::parse(named);
  const std::string name = text::normal_form(named);
  const std::string part = lower(named);
  std::vector<client::Record<api::Workspace>> found;
  for (const auto& each : client::records<api::Workspace>(list)) {
    const std::string id = each.text("id");
    if (whole) {
      if (id == whole->text()) return {*whole, each.text("name")};
      continue;
    }
    const bool of_id = part.size() >= least_of_id && (id.starts_with(part) || id.ends_with(part));
    if (of_id || each.text("name") == name) found.push_back(each);
  }
  if (whole) return {*whole, {}};
  if (found.empty()) {
    throw Fault(Kind::not_found, "workspace_not_found",
                fmt::format("there is no workspace {}", named));
  }
  if (found.size() == 1) {
    if (const auto id = WorkspaceId::parse(found.front().text("id")))
      return {*id, found.front().text("name")};
  }
  std::string those;
  for (std::size_t i = 0; i < found.size() && i < told_max; ++i)
    those += fmt::format("\n  {}  {}", found[i].text("id"), found[i].text("name"));
  if (found.size() > told_max) those += fmt::format("\n  and {} more", found.size() - told_max);
  throw bad_request(
      "workspace_ambiguous",
      fmt::format("{} could be {} workspaces; name one by its id:{}", named, found.size(), those));
}

io::Task<Found> find_named(Session& session, std::string named) {
  if (const auto id = WorkspaceId::parse(named)) co_return Found{*id, {}};
  const json::Document list = co_await session.platform().get("/workspaces");
  co_return find_named_in(list.root(), named);
}

io::Task<WorkspaceId> find_workspace(Session& session, std::string named) {
  const Found found = co_await find_named(session, std::move(named));
  co_return found.id;
}

}  // namespace molecule::cli
