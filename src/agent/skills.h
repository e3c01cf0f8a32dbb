// Skills: folders with a SKILL.md, whose front matter says what it is for. One that is broken is
// left out and told of; the others load.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agent/config.h"

namespace molecule::agent {

struct Skill {
  std::string id;  // The folder's name.
  std::string name;
  std::string description;
  std::vector<std::string> tags;
  std::vector<std::string> examples;
  std::string body;
};

struct Skills {
  std::vector<Skill> loaded;
  std::vector<Remark> refused;  // By the folder's name.
};

// A SKILL.md. Throws Fault bad_request with what is wrong in it.
Skill read_skill(const std::string& id, std::string_view text);

// Those that the configuration lists; all below `skills` where it lists none. Of those that say for
// which runtimes they are, those for `runtime`.
Skills load_skills(const Config& config, std::string_view runtime);

}  // namespace molecule::agent
