// What a server offers its client: who it is, what its client's model is told first, and its tools.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/io/task.h"
#include "wire/mcp/answer.h"
#include "wire/mcp/tool.h"

namespace molecule::mcp {

class Offer {
 public:
  virtual ~Offer() = default;
  virtual const Server& server() const = 0;
  virtual std::optional<std::string> instructions() const = 0;
  // As tools/list tells them, for a revision.
  virtual std::string list(std::string_view revision) const = 0;
  virtual const Words* find(std::string_view name) const = 0;
  // `arguments`: an object, or nothing. Throws Fault cancelled alone.
  virtual io::Task<Said> call(const Words& tool, json::Node arguments,
                              const Progress& progress) = 0;
};

}  // namespace molecule::mcp
