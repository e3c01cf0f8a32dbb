// What a key means: it changes what is looked at, and answers what has to be asked of the platform
// or of the terminal.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tui/keys.h"
#include "tui/model.h"

namespace molecule::tui {

namespace intent {
struct Quit {};
struct Suspend {};
struct Redraw {};
struct Refresh {};
// Body of POST /workspaces.
struct Spawn {
  std::string body;
};
// Body of PATCH /workspaces/{id}.
struct Change {
  WorkspaceId of;
  std::string body;
};
struct Pause {
  WorkspaceId of;
};
struct Resume {
  WorkspaceId of;
};
struct Remove {
  WorkspaceId of;
};
struct Say {
  WorkspaceId to;
  std::string text;
};
// What was said before, for a chat that is opened the first time.
struct Recall {
  WorkspaceId of;
};
// How the agent of a workspace joins that is there already.
struct Invite {
  WorkspaceId of;
};
// An answer is not waited for any longer.
struct StopWaiting {
  WorkspaceId of;
};
// Outside of the full screen, where the terminal's own selection takes long lines whole.
struct ShowPlainly {
  std::string text;
};
}  // namespace intent

using Intent =
    std::variant<intent::Quit, intent::Suspend, intent::Redraw, intent::Refresh, intent::Spawn,
                 intent::Change, intent::Pause, intent::Resume, intent::Remove, intent::Say,
                 intent::StopWaiting, intent::ShowPlainly, intent::Recall, intent::Invite>;

// How much of the lists is shown, as the last picture had it, and where.
struct Shown {
  int list_top = 0;   // Row of the screen at which the list begins.
  int list_rows = 1;  // Rows of it.
  // Columns of the header's tabs: where each begins and ends.
  std::vector<std::pair<int, int>> tabs;
};

std::vector<Intent> press(Model& model, const Key& key, const Shown& shown);

// A form of a new workspace below `parent`, or of one that is there.
Form new_form(const Model& model, std::optional<WorkspaceId> parent);
Form edit_form(const Model& model, const Agent& agent);

}  // namespace molecule::tui
