#include "cli/skills.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/agent_files.h"
#include "cli/find.h"
#include "cli/table.h"
#include "client/record.h"
#include "platform/files/files.h"
#include "platform/yaml/yaml.h"
#include "wire/api/agent_files.h"

namespace molecule::cli {
namespace {

namespace fs = std::filesystem;
using json::Node;

constexpr long long deepest = 5;  // Directories that the platform lists at once.
constexpr std::size_t files_max = 500;
constexpr std::size_t file_max = 16u << 20;
constexpr std::array needed{"name", "description", "version"};

AgentPath in_configs(std::string path) {
  AgentPath at;
  at.path = std::move(path);
  return at;
}

// As the configuration names them.
struct Named {
  std::vector<std::string> skills;  // None: all that are there are used.
  std::string version;

  bool has(const std::string& skill) const {
    return std::ranges::find(skills, skill) != skills.end();
  }
};

std::string checked(std::string skill) {
  while (skill.ends_with('/')) skill.pop_back();
  if (skill.empty() || skill.starts_with('.') || skill.find('/') != skill.npos)
    throw bad_request("bad_skill", fmt::format("'{}' is no name of a skill's folder", skill));
  return skill;
}

io::Task<Named> named_skills(Session& session, WorkspaceId id) {
  const json::Document found =
      co_await session.platform().get(fmt::format("/workspaces/{}/config", id.text()));
  const client::Record<api::AgentConfig> config(found.root());
  Named named;
  named.version = config.text("version");
  const Node list = config.node("data").find("skills");
  for (std::size_t i = 0; list.is(json::Type::array) && i < list.size(); ++i)
    named.skills.push_back(client::told(list.at(i)));
  co_return named;
}

// The folders that are there, by name.
io::Task<std::vector<std::string>> skill_folders(Session& session, WorkspaceId id) {
  std::vector<std::string> out;
  try {
    const json::Document found = co_await agent_directory(session, id, in_configs("skills"), 1);
    for (const auto& each : client::records<api::AgentFile>(found.root()))
      if (each.text("kind") == "directory") out.push_back(each.text("path"));
  } catch (const Fault& fault) {
    if (fault.code() != "file_not_found") throw;
  }
  std::ranges::sort(out);
  co_return out;
}

std::string changed_to(const std::vector<std::string>& skills) {
  return json::Object{}.add("skills", RawJson(json::text(skills))).text();
}

Fault no_such_skill(const std::string& skill) {
  return Fault(Kind::not_found, "skill_not_found",
               fmt::format("there is no skill {} in its /configs/skills\n  next: "
                           "`molecule agent skill install` puts one there",
                           skill));
}

// What is missing in the beginning of a SKILL.md.
std::vector<std::string> flaws_of(std::string_view text) {
  std::vector<std::string> out;
  if (!text.starts_with("---\n") && !text.starts_with("---\r\n"))
    return {"SKILL.md does not begin with a line of ---"};
  const std::size_t begin = text.find('\n') + 1;
  const std::size_t end = text.find("\n---", begin - 1);
  if (end == text.npos) return {"what SKILL.md begins with has no end: a line of ---"};
  yaml::Node front;
  try {
    front = yaml::parse(text.substr(begin, end + 1 - begin));
  } catch (const Fault& fault) {
    return {fmt::format("what SKILL.md begins with is no YAML: {}", fault.text())};
  }
  for (const char* const name : needed) {
    const yaml::Node* value = front.find(name);
    if (value == nullptr || !value->is(yaml::Node::Kind::scalar) || value->text.empty())
      out.push_back(fmt::format("{} is not said in SKILL.md", name));
  }
  return out;
}

// A path below a folder, and nothing that leads out of it.
bool stays_below(const std::string& path) {
  if (path.empty() || path.starts_with('/')) return false;
  return std::ranges::none_of(fs::path(path), [](const fs::path& step) { return step == ".."; });
}

}  // namespace

io::Task<int> list_skills(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const Named named = co_await named_skills(session, id);
  const std::vector<std::string> there = co_await skill_folders(session, id);
  json::ListWriter<RawJson> rows;
  const auto add = [&](const std::string& name, bool used, bool is_there) {
    rows.add(json::Object{}.add("name", name).add("used", used).add("installed", is_there).raw());
  };
  for (const std::string& each : there) add(each, named.skills.empty() || named.has(each), true);
  for (const std::string& each : named.skills)
    if (std::ranges::find(there, each) == there.end()) add(each, true, false);
  const json::Document document = json::Document::parse(std::move(rows).finish().text);
  session.show(document.root(), [&](Node list) {
    Table table({{"SKILL", 8}, {"USED", 0, 4}});
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto is = [&](std::string_view member) { return list.at(i).find(member).boolean(); };
      table.add({client::told(list.at(i).find("name")), !is("installed")
                                                            ? Cell("named, not there", Tone::bad)
                                                            : Cell(is("used") ? "yes" : "no")});
    }
    if (table.empty()) session.note("It has no skills; `molecule agent skill install` gives one.");
    return table.empty() ? std::string() : table.text(session.screen());
  });
  co_return 0;
}

io::Task<int> add_skill(Session& session, const Given& given) {
  const std::string skill = checked(given.text("skill"));
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  Named named = co_await named_skills(session, id);
  const std::vector<std::string> there = co_await skill_folders(session, id);
  if (std::ranges::find(there, skill) == there.end()) throw no_such_skill(skill);
  if (named.skills.empty() || named.has(skill)) {
    session.say(fmt::format("{} is used already.", skill));
    co_return 0;
  }
  named.skills.push_back(skill);
  co_return co_await change_config(session, id, changed_to(named.skills), named.version);
}

io::Task<int> remove_skill(Session& session, const Given& given) {
  const std::string skill = checked(given.text("skill"));
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  Named named = co_await named_skills(session, id);
  if (named.skills.empty()) named.skills = co_await skill_folders(session, id);
  if (std::erase(named.skills, skill) == 0) throw no_such_skill(skill);
  // Naming none means all.
  if (named.skills.empty())
    throw bad_request("last_skill",
                      fmt::format("{} is its only one, and an agent whose configuration names no "
                                  "skills uses all that are there\n  next: delete its folder: "
                                  "`molecule ws files rm {} skills/{} -r`",
                                  skill, given.text("workspace"), skill));
  co_return co_await change_config(session, id, changed_to(named.skills), named.version);
}

io::Task<int> audit_skill(Session& session, const Given& given) {
  const std::string skill = checked(given.text("skill"));
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  std::vector<std::string> flaws;
  try {
    const std::string text =
        co_await agent_file(session, id, in_configs(fmt::format("skills/{}/SKILL.md", skill)));
    flaws = flaws_of(text);
  } catch (const Fault& fault) {
    if (fault.code() != "file_not_found") throw;
    flaws.push_back(fmt::format("there is no skills/{}/SKILL.md in its /configs", skill));
  }
  const std::string told = json::Object{}
                               .add("skill", skill)
                               .add("passed", flaws.empty())
                               .add("problems", RawJson(json::text(flaws)))
                               .text();
  const json::Document document = json::Document::parse(told);
  session.show(document.root(), [&](Node) {
    std::string out = flaws.empty() ? skill + " says what a skill has to say.\n" : std::string();
    for (const std::string& each : flaws) out += session.screen().line(each) + "\n";
    return out;
  });
  co_return flaws.empty() ? 0 : 1;
}

io::Task<int> install_skill(Session& session, const Given& given) {
  fs::path directory = fs::path(given.text("directory")).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();
  // The name of ".", too.
  std::error_code failed;
  const std::string skill = checked(fs::weakly_canonical(directory, failed).filename().string());
  std::vector<fs::path> found;
  for (fs::recursive_directory_iterator at(directory, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->is_symlink(failed)) {
      session.say(fmt::format("{} is a link and is left out", at->path().string()));
    } else if (at->is_regular_file(failed)) {
      found.push_back(at->path());
    }
  }
  if (failed || std::ranges::find(found, directory / "SKILL.md") == found.end())
    throw bad_request("bad_skill", fmt::format("there is no SKILL.md in {}", directory.string()));
  if (found.size() > files_max)
    throw bad_request("bad_skill", fmt::format("{} has {} files; a skill may have {}",
                                               directory.string(), found.size(), files_max));
  std::ranges::sort(found);
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  Named named = co_await named_skills(session, id);
  for (const fs::path& each : found) {
    auto bytes = files::read(each, file_max);
    if (!bytes) continue;
    const fs::path below = each.lexically_relative(directory);
    co_await put_agent_file(session, id,
                            in_configs(fmt::format("skills/{}/{}", skill, below.generic_string())),
                            std::move(*bytes), false);
  }
  session.say(fmt::format("{}: {} {} put into /configs/skills.", skill, found.size(),
                          found.size() == 1 ? "file" : "files"));
  if (named.skills.empty() || named.has(skill)) co_return 0;
  named.skills.push_back(skill);
  co_return co_await change_config(session, id, changed_to(named.skills), named.version);
}

io::Task<int> publish_skill(Session& session, const Given& given) {
  const std::string skill = checked(given.text("skill"));
  const fs::path into = fs::path(given.text("to")) / skill;
  if (fs::exists(into))
    throw bad_request("file_exists", fmt::format("{} is there already", into.string()));
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  std::size_t count = 0;
  std::vector<std::string> open{"skills/" + skill};
  while (!open.empty()) {
    const std::string at = std::move(open.back());
    open.pop_back();
    const json::Document found = co_await agent_directory(session, id, in_configs(at), 1);
    for (const auto& each : client::records<api::AgentFile>(found.root())) {
      // What the other end names is not where this one has to write.
      const std::string path = at + "/" + each.text("path");
      const std::string below = path.substr(std::string("skills/").size() + skill.size() + 1);
      if (!stays_below(below)) continue;
      if (each.text("kind") == "directory" && std::ranges::count(path, '/') < 2 * deepest)
        open.push_back(path);
      if (each.text("kind") != "file" || count >= files_max) continue;
      const std::string bytes = co_await agent_file(session, id, in_configs(path));
      fs::create_directories((into / below).parent_path());
      files::write_private(into / below, bytes);
      ++count;
    }
  }
  if (count == 0) throw no_such_skill(skill);
  session.say(fmt::format("{} {} in {}", count, count == 1 ? "file" : "files", into.string()));
  co_return 0;
}

}  // namespace molecule::cli
