// The verbs as data: what each takes and what runs it. The command line, its help, the reference
// page and the completions are made from these tables; a verb itself sees only what was given.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/io/task.h"

namespace molecule::cli {

class Session;

// One argument or option of a verb.
struct Option {
  std::string_view name;   // "id": an argument; "-n,--name": an option, known by its longest name.
  std::string_view shape;  // "ID"; of an option that takes nothing: empty.
  std::string_view help;
  enum class Form { text, number, words } form = Form::text;
  bool required = false;
  bool many = false;            // Of an argument: all that follow. Of an option: again and again.
  std::string_view words = {};  // Those that a `words` may be, with blanks between them.
  long long least = 0;          // Of a number.
  long long most = 0;
  // What a shell may complete it with.
  enum class Names {
    none,
    workspaces,
    profiles,
    dead_letters,
    questions,
    files
  } names = Names::none;

  bool is_argument() const { return !name.starts_with('-'); }
  std::string_view key() const;
};

// What was given for them, by their keys.
class Given {
 public:
  void add(std::string_view key, std::string value) {
    values_[std::string(key)].push_back(std::move(value));
  }
  bool has(std::string_view key) const { return values_.contains(key); }
  // Empty when it was not given.
  std::string text(std::string_view key) const;
  std::optional<std::string> some(std::string_view key) const;
  std::optional<long long> number(std::string_view key) const;
  std::vector<std::string> all(std::string_view key) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// Ends with the exit status. Throws Fault.
using Run = io::Task<int> (*)(Session& session, const Given& given);

struct Verb {
  std::string_view name;
  std::string_view does;
  std::span<const Option> takes = {};
  Run run = nullptr;  // None: it has verbs below it.
  std::span<const Verb> verbs = {};
  std::string_view aliases = {};    // With blanks between them.
  std::string_view footer = {};     // What else there is to say, and examples.
  bool watches = false;             // It takes --watch.
  bool destroys = false;            // It takes --yes.
  std::string_view passes_on = {};  // The key of all words behind its arguments, as they stand.
  bool aims_itself = false;         // It finds the platform when it runs, and tells of what fails.
  bool needs_platform = true;       // It asks one: --url, --profile and so on.
};

// What all verbs take that ask a platform, and what those take that a word above says.
extern const std::span<const Option> platform_options;
extern const std::span<const Option> output_options;
extern const Option watch_option;
extern const Option yes_option;

}  // namespace molecule::cli
