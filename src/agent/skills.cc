#include "agent/skills.h"

#include <algorithm>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/yaml/yaml.h"

namespace molecule::agent {
namespace {

namespace fs = std::filesystem;
using Kind = yaml::Node::Kind;

constexpr std::size_t skills_max = 200;
constexpr std::size_t description_max = 1024;

std::vector<std::string> texts(const yaml::Node* node) {
  std::vector<std::string> out;
  if (node == nullptr) return out;
  if (node->is(Kind::scalar)) return {node->text};
  for (const yaml::Node& item : node->items)
    if (item.is(Kind::scalar)) out.push_back(item.text);
  return out;
}

struct Read {
  Skill skill;
  std::vector<std::string> runtimes;
};

Read read_whole(const std::string& id, std::string_view text) {
  Read out;
  out.skill.id = out.skill.name = id;
  constexpr std::string_view fence = "---";
  if (!text.starts_with("---\n") && !text.starts_with("---\r\n")) {
    out.skill.body = text;
    return out;
  }
  const std::size_t begin = text.find('\n') + 1;
  std::size_t end = begin;
  while (end < text.size() && !text.substr(end).starts_with(fence)) {
    const std::size_t next = text.find('\n', end);
    if (next == std::string_view::npos) {
      end = text.size();
    } else {
      end = next + 1;
    }
  }
  if (end >= text.size())
    throw bad_request("invalid_skill", "its front matter has no end: a line of ---");
  const yaml::Node front = yaml::parse(text.substr(begin, end - begin));
  if (!front.is(Kind::map) && !front.is(Kind::nothing))
    throw bad_request("invalid_skill", "its front matter has no names with values");
  const auto text_of = [&](std::string_view name) {
    const yaml::Node* node = front.find(name);
    return node && node->is(Kind::scalar) ? node->text : std::string();
  };
  if (std::string name = text_of("name"); !name.empty()) out.skill.name = std::move(name);
  out.skill.description = text_of("description");
  if (out.skill.description.size() > description_max)
    throw bad_request("invalid_skill",
                      fmt::format("its description is longer than {} bytes", description_max));
  out.skill.tags = texts(front.find("tags"));
  out.skill.examples = texts(front.find("examples"));
  out.runtimes = texts(front.find("runtime"));
  const std::size_t body = text.find('\n', end);
  if (body != std::string_view::npos) out.skill.body = text.substr(body + 1);
  return out;
}

bool plain_name(std::string_view name) {
  return !name.empty() && !name.starts_with('.') && name.find('/') == std::string_view::npos;
}

}  // namespace

Skill read_skill(const std::string& id, std::string_view text) {
  return read_whole(id, text).skill;
}

Skills load_skills(const Config& config, std::string_view runtime) {
  Skills out;
  const fs::path folder = config.directory() / "skills";
  std::vector<std::string> names = config.list("skills");
  if (names.empty()) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
      if (entry.is_directory(ignored)) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
  }
  if (names.size() > skills_max) names.resize(skills_max);
  for (const std::string& name : names) {
    try {
      if (!plain_name(name)) throw bad_request("invalid_skill", "this is no folder's name");
      const auto text = files::read(folder / name / "SKILL.md");
      if (!text) throw bad_request("invalid_skill", "it has no SKILL.md");
      Read read = read_whole(name, *text);
      const auto& for_ = read.runtimes;
      const bool fits = for_.empty() || std::ranges::find(for_, "*") != for_.end() ||
                        std::ranges::find(for_, runtime) != for_.end();
      if (fits) out.loaded.push_back(std::move(read.skill));
    } catch (const Fault& fault) {
      out.refused.push_back({name, fault.text()});
    }
  }
  return out;
}

}  // namespace molecule::agent
