#include "cli/verb.h"

#include <array>
#include <charconv>

namespace molecule::cli {
namespace {

constexpr std::array of_platform{
    Option{.name = "--url,--api-url",
           .shape = "URL",
           .help = "Where the platform answers [MOLECULE_API_URL]"},
    Option{.name = "--profile",
           .shape = "NAME",
           .help = "A platform of the profile file [MOLECULE_PROFILE]",
           .names = Option::Names::profiles},
    Option{.name = "--config",
           .shape = "FILE",
           .help = "The profile file [MOLECULE_CONFIG]",
           .names = Option::Names::files},
    Option{.name = "--data",
           .shape = "DIR",
           .help = "Data directory of a platform of this machine [MOLECULE_DATA_DIR]",
           .names = Option::Names::files},
    Option{.name = "--ca",
           .shape = "FILE",
           .help = "Certificates to trust besides the machine's [MOLECULE_CA_FILE]",
           .names = Option::Names::files},
    Option{.name = "-v,--verbose",
           .shape = "",
           .help = "Say on standard error what is asked and answered [MOL_VERBOSE]"}};

constexpr std::array of_output{Option{.name = "-o,--output",
                                      .shape = "table|json|yaml",
                                      .help = "json and yaml for programs (default table)",
                                      .form = Option::Form::words,
                                      .words = "table json yaml"},
                               Option{.name = "--json", .shape = "", .help = "As -o json"}};

}  // namespace

const std::span<const Option> platform_options = of_platform;
const std::span<const Option> output_options = of_output;
const Option watch_option{.name = "--watch", .shape = "", .help = "Go on and show what changes"};
const Option yes_option{.name = "-y,--yes,-f,--force", .shape = "", .help = "Do it without asking"};

std::string_view Option::key() const {
  if (is_argument()) return name;
  std::string_view rest = name;
  const std::size_t dashes = rest.find("--");
  rest.remove_prefix(dashes + 2);
  return rest.substr(0, rest.find(','));
}

std::string Given::text(std::string_view key) const { return some(key).value_or(""); }

std::optional<std::string> Given::some(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::optional<long long> Given::number(std::string_view key) const {
  const auto text = some(key);
  if (!text) return std::nullopt;
  long long value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

std::vector<std::string> Given::all(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

}  // namespace molecule::cli
