// Hides what is secret in texts that are told or written to the log. It comes before anything is
// cut: of a secret that was cut already, it hides what is left at either end of the text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace molecule::agent {

class Redactor {
 public:
  static constexpr std::size_t least = 8;  // Bytes of a secret, or of a part, that is looked for.

  Redactor() = default;
  // Each of them, and each line of one that has several.
  explicit Redactor(const std::vector<Secret>& secrets);

  // `text` without them, and without what looks like a credential.
  std::string operator()(std::string_view text) const;

 private:
  std::size_t hidden_at(std::string_view text, std::size_t at) const;
  std::vector<Secret> hidden_;
};

}  // namespace molecule::agent
