#include "cli/input.h"

#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/process/environment.h"
#include "platform/process/terminal.h"

namespace molecule::cli {

std::string standard_input() {
  std::string text;
  char room[64 << 10];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, room, sizeof room);
    if (got <= 0) return text;
    text.append(room, static_cast<std::size_t>(got));
    if (text.size() > input_max)
      throw Fault(Kind::too_large, "input_too_large",
                  fmt::format("standard input has more than {} bytes", input_max));
  }
}

std::string text_or_input(std::string_view words) {
  return words == "-" ? standard_input() : std::string(words);
}

std::string file_or_input(std::string_view file) {
  if (file == "-") return standard_input();
  auto text = files::read_to_end(std::filesystem::path(file), input_max);
  if (!text) throw bad_request("no_file", fmt::format("{} does not exist", file));
  return std::move(*text);
}

Secret secret_input(std::string_view what) {
  Secret text;
  if (process::is_terminal(STDIN_FILENO)) {
    if (auto typed = process::ask_secret(fmt::format("{} (not shown): ", what)))
      text = std::move(*typed);
  } else {
    std::string all = standard_input();
    if (all.ends_with('\n')) all.pop_back();
    if (all.ends_with('\r')) all.pop_back();
    text = Secret(std::move(all));
  }
  if (text.empty()) {
    throw bad_request(
        "no_secret",
        fmt::format("{} was not given\n  next: type it when asked, or pass it on standard input",
                    what));
  }
  return text;
}

}  // namespace molecule::cli
