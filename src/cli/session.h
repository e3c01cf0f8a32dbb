// One verb at work: the platform that it asks, what it may print on, and how.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "cli/program.h"
#include "cli/screen.h"
#include "cli/target.h"
#include "client/operator.h"
#include "platform/io/clock.h"
#include "platform/json/json.h"

namespace molecule::cli {

enum class Form { table, json, yaml };

class Session {
 public:
  // Reads what `given` says of the platform and of the output. Throws as find_target does.
  Session(const Given& given, bool needs_platform, const Program& program, const io::Clock& clock,
          io::Random& random);
  Session(const Session&) = delete;

  // Made when it is first asked for, on the loop of the verb.
  client::Operator& platform();
  const Target& target() const { return target_; }
  // Of a verb that needs a platform only now.
  void aim(const Given& given) { target_ = find_target(given); }
  const Program& program() const { return program_; }
  // No request may be under way.
  void close();

  Form form() const { return form_; }
  bool is_table() const { return form_ == Form::table; }
  const Screen& screen() const { return screen_; }
  const io::Clock& clock() const { return clock_; }
  io::Random& random() { return random_; }

  // Data, to standard output. Throws Fault internal `output_failed` when it cannot be written, and
  // `output_closed` when nobody reads it any more.
  void print(std::string_view text);
  // A value as the output is wanted; `text` tells it to people.
  using Text = std::function<std::string(json::Node)>;
  std::string rendered(json::Node value, const Text& text) const;
  void show(json::Node value, const Text& text) { print(rendered(value, text)); }
  // What is told this once: where it cannot be written, `undo` is said with the reason.
  void show_once(json::Node value, const Text& text, std::string_view undo);
  // One value of many that are told as they come: a line of JSON, or a document of a YAML stream.
  std::string streamed(json::Node value) const;
  // To people only, on standard error; made harmless.
  void say(std::string_view text) const;
  // What is so for as long as it is: not said again with each look.
  void note(std::string_view text) const;

  // As client::Operator::ask, for as long as it takes: a platform that is away is waited for.
  io::Task<json::Document> awaited(client::Ask what);

  // Shows what `look` brings; with --watch again and again, as it changes.
  using Look = std::function<io::Task<json::Document>()>;
  io::Task<int> watched(const Given& given, Look look, Text text);

  // Asks before something is destroyed, unless it was told not to. Throws Fault bad_request where
  // there is nobody to ask, and cancelled when the answer is no.
  void confirm(const Given& given, const std::string& question) const;

 private:
  io::Task<void> show_changes(Look look, Text text, std::function<io::Task<void>()> news);

  const Program& program_;
  const io::Clock& clock_;
  io::Random& random_;
  Target target_;
  Form form_ = Form::table;
  Screen screen_;
  const Screen talk_;
  const bool verbose_;
  mutable std::string noted_;
  std::unique_ptr<client::Platform> connection_;
  std::unique_ptr<client::Operator> operator_;
};

// Words for what `target` and a refusal mean: what to do next, as a line; may be empty.
std::string next_step(const Fault& fault, const Target& target);

}  // namespace molecule::cli
