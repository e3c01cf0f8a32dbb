// What a server offers its client: who it is, what its client's model is told first, its tools, and
// what it has to read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

  // What there is besides tools, as JSON texts; a server that has none of a kind does not say in
  // its capabilities that it has.
  struct Page {
    std::string items;  // A list.
    std::string next;   // The cursor of the following page; empty: this is the last.
  };
  // Resources; `cursor` as an earlier page said, empty: the first. Nothing: no such page.
  virtual std::optional<Page> resources(std::string_view) const { return std::nullopt; }
  // Their templates, a list; empty: there are no resources here.
  virtual std::string templates() const { return {}; }
  // The contents of one, a list. Nothing: there is none of this URI.
  virtual io::Task<std::optional<std::string>> resource(std::string) const {
    co_return std::nullopt;
  }
  // Prompts, a list; empty: there are none here.
  virtual std::string prompts() const { return {}; }
  // What an argument of a prompt, or a name in the template of a resource, may be that is half
  // typed. Nothing: there is no such argument.
  struct Asked {
    std::string prompt, resource;  // One of them: the prompt's name, or the template.
    std::string argument, value;
  };
  struct Completion {
    static constexpr std::size_t values_max = 100;
    std::vector<std::string> values;
    bool more = false;
  };
  virtual std::optional<Completion> complete(const Asked&) const { return std::nullopt; }
  // The result of one. Nothing: no such prompt. Throws Fault bad_request for its arguments.
  virtual std::optional<json::Object> prompt(std::string_view, json::Node) const {
    return std::nullopt;
  }
};

}  // namespace molecule::mcp
