// The names of workspaces, for tables that would else show ids.
#pragma once

#include <map>
#include <string>

#include "cli/session.h"

namespace molecule::cli {

class Names {
 public:
  void add(std::string id, std::string name) { names_[std::move(id)] = std::move(name); }
  // The id itself where nobody of it is known.
  std::string of(const std::string& id) const {
    const auto found = names_.find(id);
    return found == names_.end() ? id : found->second;
  }
  bool knows(const std::string& id) const { return names_.contains(id); }

 private:
  std::map<std::string, std::string> names_;
};

// None where the platform does not show them to this token.
io::Task<Names> names_of(Session& session);

}  // namespace molecule::cli
