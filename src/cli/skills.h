// `molecule agent skill`: folders below /configs/skills of an agent that the platform runs, and
// which of them its configuration names.
#pragma once

#include <array>

#include "cli/session.h"
#include "cli/workspaces.h"

namespace molecule::cli {

io::Task<int> list_skills(Session& session, const Given& given);
io::Task<int> add_skill(Session& session, const Given& given);
io::Task<int> remove_skill(Session& session, const Given& given);
io::Task<int> audit_skill(Session& session, const Given& given);
io::Task<int> install_skill(Session& session, const Given& given);
io::Task<int> publish_skill(Session& session, const Given& given);

inline constexpr Option skill_argument{
    .name = "skill", .shape = "SKILL", .help = "The name of its folder", .required = true};
inline constexpr std::array list_skill_takes{workspace_argument};
inline constexpr std::array one_skill_takes{workspace_argument, skill_argument};
inline constexpr std::array install_skill_takes{
    workspace_argument, Option{.name = "directory",
                               .shape = "DIR",
                               .help = "With a SKILL.md in it; its name is the skill's",
                               .required = true,
                               .names = Option::Names::files}};
inline constexpr std::array publish_skill_takes{workspace_argument, skill_argument,
                                                Option{.name = "--to",
                                                       .shape = "DIR",
                                                       .help = "Where its folder is made",
                                                       .required = true,
                                                       .names = Option::Names::files}};

inline constexpr std::array skill_verbs{
    Verb{.name = "list",
         .does = "Its skills, and whether it uses them",
         .takes = list_skill_takes,
         .run = list_skills,
         .aliases = "ls",
         .footer = "An agent whose configuration names no skills uses all that are there.\n\n"
                   "Example:\n  molecule agent skill list researcher"},
    Verb{.name = "add",
         .does = "Name a skill in its configuration",
         .takes = one_skill_takes,
         .run = add_skill,
         .footer = "Example:\n  molecule agent skill add researcher notes"},
    Verb{.name = "remove",
         .does = "Have it use a skill no more; its folder stays",
         .takes = one_skill_takes,
         .run = remove_skill,
         .aliases = "rm",
         .footer = "Example:\n  molecule agent skill remove researcher notes"},
    Verb{.name = "audit",
         .does = "Whether a skill says its name, its version and what it is for",
         .takes = one_skill_takes,
         .run = audit_skill,
         .footer = "Exit status: 1 when it does not.\n\nExample:\n"
                   "  molecule agent skill audit researcher notes"},
    Verb{.name = "install",
         .does = "Give it a skill from a directory of this machine",
         .takes = install_skill_takes,
         .run = install_skill,
         .footer = "Files of the same names are replaced.\n\nExample:\n"
                   "  molecule agent skill install researcher ./notes"},
    Verb{.name = "publish",
         .does = "Copy one of its skills into a directory of this machine",
         .takes = publish_skill_takes,
         .run = publish_skill,
         .footer = "Example:\n  molecule agent skill publish researcher notes --to ./skills"}};

}  // namespace molecule::cli
