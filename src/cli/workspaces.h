// Workspaces as several nouns make, change and tell them.
#pragma once

#include <string>

#include "cli/session.h"
#include "client/record.h"
#include "wire/api/workspaces.h"

namespace molecule::cli {

using WorkspaceRecord = client::Record<api::Workspace>;

Tone tone_of_status(std::string_view status);
// All that is known of one, line by line.
std::string workspace_text(const Session& session, json::Node workspace);
// What was made of POST /workspaces, with how its agent joins.
std::string made_text(const Session& session, json::Node made);
// The members that --name, --role, --tier, --runtime, --parent and so on ask for, as JSON.
io::Task<std::string> new_workspace(Session& session, const Given& given);
// Of PATCH; empty when nothing is asked for.
io::Task<std::string> workspace_change(Session& session, const Given& given);

// Options of what makes one and of what changes one.
inline constexpr Option name_option{.name = "-n,--name", .shape = "NAME", .help = "Its name"};
inline constexpr Option role_option{
    .name = "--role", .shape = "ROLE", .help = "What colleagues read to choose whom to ask"};
inline constexpr Option tier_option{.name = "--tier",
                                    .shape = "N",
                                    .help = "1 sealed, 2 small, 3 standard, 4 large",
                                    .form = Option::Form::number,
                                    .least = 1,
                                    .most = 4};
inline constexpr Option runtime_option{
    .name = "--runtime",
    .shape = "RUNTIME",
    .help = "external joins by itself; `molecule ws runtimes` lists others"};
inline constexpr Option parent_option{.name = "--parent,--parent-id",
                                      .shape = "WORKSPACE",
                                      .help = "Whom it stands below",
                                      .names = Option::Names::workspaces};
inline constexpr Option workspace_argument{.name = "workspace",
                                           .shape = "WORKSPACE",
                                           .help = "Its id, its name, or an end of its id",
                                           .required = true,
                                           .names = Option::Names::workspaces};

}  // namespace molecule::cli
