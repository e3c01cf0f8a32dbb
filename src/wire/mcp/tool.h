// How a tool is described to clients, and whether arguments fit it. What it does is its server's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/json/json.h"
#include "wire/mcp/content.h"

namespace molecule::mcp {

// What a tool asks of the person at the client before it goes on: what they say becomes its
// argument, with others beside it, and it is called again.
struct Question {
  std::string text;
  std::string_view argument;
  std::vector<std::pair<std::string, std::string>> beside = {};
};

// What a tool says. A wrong argument and a refusal of the platform are answers for the model, not
// errors of the protocol.
struct Said {
  std::string text;
  bool failed = false;
  std::vector<Enclosed> files = {};
  // Asked where the client can; elsewhere the text has to do.
  std::optional<Question> question = {};
};

// Tells the client that a call goes on, where it wants to hear that.
class Progress {
 public:
  Progress() = default;
  explicit Progress(std::function<void(std::string_view text)> tell) : tell_(std::move(tell)) {}
  bool wanted() const { return tell_ != nullptr; }
  // `text` is for people.
  void operator()(std::string_view text) const {
    if (tell_) tell_(text);
  }

 private:
  std::function<void(std::string_view text)> tell_;
};

struct Argument {
  enum class Form {
    text,
    number,
    whole,
    flag,
    choice,  // One of the words in `choices`.
    texts,
    object,
    text_or_null
  };
  std::string_view name;
  Form form = Form::text;
  bool required = false;
  std::string_view about = {};
  std::string_view choices = {};
  // Also told in the header Mcp-Param-… of this name, where the revision has such.
  std::string_view header = {};
};

struct Words {
  std::string_view name, title, about;
  std::span<const Argument> arguments = {};
  bool reads = false;     // Changes nothing.
  bool destroys = false;  // Takes something away.
  bool again = false;     // The same call twice does what it does once.
  bool outward = false;   // Others are told of it.
};

// As tools/list tells it, for a revision.
std::string listed(const Words& tool, std::string_view revision);
// Every wrong argument, one to a line; empty when none is.
std::string complaints(const Words& tool, json::Node arguments);

// A text member; empty where it is not there, or is something else.
std::string text_of(json::Node object, std::string_view name);
// What a tool reads of its arguments beside texts; they were checked before.
std::optional<std::int64_t> whole_of(json::Node arguments, std::string_view name);
// Its argument `from`: from which byte of a long text on.
std::size_t from_of(json::Node arguments);

}  // namespace molecule::mcp
