// Forms: a new workspace, or one that is changed.
#pragma once

#include "tui/press.h"

namespace molecule::tui {

std::vector<Intent> press_form(Model& model, const Key& key);

}  // namespace molecule::tui
