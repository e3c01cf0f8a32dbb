// A token, of a workspace or of an operator: given once, or in a file that is read again when the
// platform refuses it, since tokens are rotated there.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/secret.h"

namespace molecule::client {

class Credential {
 public:
  Credential(WorkspaceId workspace, Secret token)
      : workspace_(workspace), token_(std::move(token)) {}
  // Made private where others could read it, and said so. Throws Fault bad_request
  // `bad_token_file`: not there, not readable, no text, blank, or of several words.
  Credential(WorkspaceId workspace, const std::filesystem::path& file);
  // An operator's, who is no workspace.
  explicit Credential(Secret token) : token_(std::move(token)) {}
  explicit Credential(const std::filesystem::path& file) : Credential(WorkspaceId(), file) {}
  // `again` tells the token that stands where this one came from; nothing when there is none.
  Credential(WorkspaceId workspace, Secret token, std::function<std::optional<Secret>()> again)
      : workspace_(workspace), token_(std::move(token)), again_(std::move(again)) {}

  // What is wrong with a text as a token, such as "is blank"; empty: nothing.
  static std::string wrong_with(std::string_view token);

  WorkspaceId workspace() const { return workspace_; }  // Nil: an operator's.
  const Secret& token() const { return token_; }
  // Whether it is another one now. What is wrong where it stands counts as no change.
  bool reread();

 private:
  WorkspaceId workspace_;
  Secret token_;
  std::function<std::optional<Secret>()> again_;  // Empty: it was given once.
};

}  // namespace molecule::client
