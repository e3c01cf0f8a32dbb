#include "app/word_order.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "cli/verb.h"

namespace molecule::app {
namespace {

const CLI::App* verb_below(const CLI::App& at, const std::string& word) {
  for (const CLI::App* each : at.get_subcommands([](const CLI::App*) { return true; }))
    if (each->check_name(word)) return each;
  return nullptr;
}

// How many words the option takes that one begins with; 0: it is none of these. `names` is such as
// "-o,--output".
std::size_t length_of(std::string_view word, std::string_view names, bool takes_value) {
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    if (word == name) return takes_value ? 2 : 1;
    // "-ojson", "--output=json".
    if (!takes_value || !word.starts_with(name) || word.size() == name.size()) continue;
    if (!name.starts_with("--") || word[name.size()] == '=') return 1;
  }
  return 0;
}

std::size_t option_at(std::string_view word) {
  for (const std::span<const cli::Option> options : {cli::platform_options, cli::output_options}) {
    for (const cli::Option& each : options)
      if (const std::size_t length = length_of(word, each.name, !each.shape.empty())) return length;
  }
  return 0;
}

}  // namespace

std::vector<std::string> in_order(const CLI::App& cli, std::vector<std::string> words) {
  std::vector<std::string> verbs, options;
  const CLI::App* at = &cli;
  std::size_t next = 0;
  while (next < words.size()) {
    if (const CLI::App* below = verb_below(*at, words[next])) {
      verbs.push_back(words[next++]);
      at = below;
      continue;
    }
    // What stands behind the whole verb is its own, and where nothing stands below there is none.
    if (at->get_subcommands([](const CLI::App*) { return true; }).empty()) break;
    const std::size_t length = option_at(words[next]);
    if (length == 0) break;
    for (std::size_t i = 0; i < length && next < words.size(); ++i)
      options.push_back(words[next++]);
  }
  if (options.empty() || verbs.empty()) return words;
  verbs.insert(verbs.end(), options.begin(), options.end());
  verbs.insert(verbs.end(), words.begin() + static_cast<std::ptrdiff_t>(next), words.end());
  return verbs;
}

}  // namespace molecule::app
