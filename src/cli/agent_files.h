// `molecule ws files` and `molecule ws config`: files and configuration of agents that the platform
// runs.
#pragma once

#include <array>

#include "base/id.h"
#include "cli/session.h"
#include "cli/workspaces.h"

namespace molecule::cli {

io::Task<int> list_files(Session& session, const Given& given);
io::Task<int> cat_file(Session& session, const Given& given);
io::Task<int> get_file(Session& session, const Given& given);
io::Task<int> put_file(Session& session, const Given& given);
io::Task<int> remove_file(Session& session, const Given& given);

// "/workspace/a/b" is a/b in /workspace; what begins with no slash is in /configs.
struct AgentPath {
  std::string root = "/configs", path;
};
// The bytes of a file. Throws the refusal, not_found `file_not_found` among them.
io::Task<std::string> agent_file(Session& session, WorkspaceId id, AgentPath at);
// What lies in a directory, so many directories deep; a list of api::AgentFile.
io::Task<json::Document> agent_directory(Session& session, WorkspaceId id, AgentPath at,
                                         long long depth);
// An api::AgentFileSaved. With `only_new`: refused where something of that name is there.
io::Task<json::Document> put_agent_file(Session& session, WorkspaceId id, AgentPath at,
                                        std::string bytes, bool only_new);

// Merges `changes`, JSON, into the configuration `version`; ends once the agent has said what it
// makes of it, with the exit status.
io::Task<int> change_config(Session& session, WorkspaceId id, std::string changes,
                            std::string version);
io::Task<int> show_config(Session& session, const Given& given);
io::Task<int> set_config(Session& session, const Given& given);
io::Task<int> edit_config(Session& session, const Given& given);

inline constexpr Option agent_file_argument{
    .name = "path",
    .shape = "PATH",
    .help = "Such as skills/notes/SKILL.md in /configs, or /workspace/report.md",
    .required = true};
inline constexpr std::array list_file_takes{
    workspace_argument,
    Option{.name = "path",
           .shape = "PATH",
           .help = "A directory, such as /workspace (default /configs)"},
    Option{.name = "--depth",
           .shape = "N",
           .help = "So many directories deep (default 1)",
           .form = Option::Form::number,
           .least = 1,
           .most = 5}};
inline constexpr std::array cat_file_takes{workspace_argument, agent_file_argument};
inline constexpr std::array get_file_takes{
    workspace_argument, agent_file_argument,
    Option{.name = "file",
           .shape = "FILE",
           .help = "Where to; - is standard output (default: its name, here)",
           .names = Option::Names::files},
    Option{.name = "--force", .shape = "", .help = "In the place of a file that is there"}};
inline constexpr std::array put_file_takes{
    workspace_argument,
    Option{.name = "file",
           .shape = "FILE",
           .help = "Of this machine; - is standard input",
           .required = true,
           .names = Option::Names::files},
    Option{.name = "path",
           .shape = "PATH",
           .help = "Where to; a directory with / at its end (default: its name in /configs)"},
    Option{.name = "--new", .shape = "", .help = "Only if nothing of that name is there"}};
inline constexpr std::array remove_file_takes{
    workspace_argument, agent_file_argument,
    Option{.name = "-r,--recursive", .shape = "", .help = "A directory, with all in it"}};

inline constexpr std::array ws_files_verbs{
    Verb{.name = "list",
         .does = "What lies in a directory of an agent that the platform runs",
         .takes = list_file_takes,
         .run = list_files,
         .aliases = "ls",
         .footer =
             "Its directories are /configs, /workspace, /home and /plugins.\n\nExamples:\n"
             "  molecule ws files ls counter\n  molecule ws files ls counter /workspace --depth 3"},
    Verb{.name = "cat",
         .does = "What is in a file",
         .takes = cat_file_takes,
         .run = cat_file,
         .footer = "Example:\n  molecule ws files cat counter config.yaml"},
    Verb{.name = "get",
         .does = "Fetch a file",
         .takes = get_file_takes,
         .run = get_file,
         .footer = "Example:\n  molecule ws files get counter /workspace/report.pdf"},
    Verb{.name = "put",
         .does = "Write a file, in the place of what is there",
         .takes = put_file_takes,
         .run = put_file,
         .footer = "Examples:\n  molecule ws files put counter system-prompt.md\n"
                   "  molecule ws files put counter data.csv /workspace/in/"},
    Verb{
        .name = "delete",
        .does = "Delete a file or a directory",
        .takes = remove_file_takes,
        .run = remove_file,
        .aliases = "rm",
        .footer =
            "Asks first, unless -y.\n\nExample:\n  molecule ws files rm counter /workspace/old -r -y",
        .destroys = true}};

inline constexpr std::array show_config_takes{workspace_argument};
inline constexpr std::array set_config_takes{
    workspace_argument,
    Option{.name = "change",
           .shape = "KEY=VALUE",
           .help = "A value is JSON, or words; a.b is b in a",
           .many = true},
    Option{.name = "--unset", .shape = "KEY", .help = "Take one away", .many = true}};
inline constexpr std::array edit_config_takes{
    workspace_argument, Option{.name = "--file",
                               .shape = "FILE",
                               .help = "The text, without an editor; - is standard input",
                               .names = Option::Names::files}};

inline constexpr std::array ws_config_verbs{
    Verb{.name = "show",
         .does = "The configuration, what is wrong with it, and whether the agent goes by it",
         .takes = show_config_takes,
         .run = show_config,
         .aliases = "get",
         .footer = "Example:\n  molecule ws config show counter"},
    Verb{.name = "edit",
         .does = "Change it in an editor ($VISUAL, $EDITOR)",
         .takes = edit_config_takes,
         .run = edit_config,
         .footer = "What somebody else has changed meanwhile is not overwritten.\n\nExamples:\n"
                   "  molecule ws config edit counter\n"
                   "  molecule ws config edit counter --file config.yaml"},
    Verb{.name = "set",
         .does = "Change single settings; the rest stays as it stands",
         .takes = set_config_takes,
         .run = set_config,
         .footer = "Examples:\n  molecule ws config set counter model=opus\n"
                   "  molecule ws config set counter runtime_config.timeout=60 --unset skills"}};

}  // namespace molecule::cli
