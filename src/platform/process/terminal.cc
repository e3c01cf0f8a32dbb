#include "platform/process/terminal.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "platform/files/descriptor.h"
#include "platform/process/environment.h"

namespace molecule::process {
namespace {

constexpr int most_columns = 10'000;
constexpr std::size_t line_max = 64u << 10;
constexpr char interrupt = 3;  // Ctrl-C.

int number_in(const char* variable, int otherwise) {
  const int value = std::atoi(environment(variable).value_or("").c_str());
  return value > 0 ? std::min(value, most_columns) : otherwise;
}

// While it lives, what is typed is not shown.
class Unseen {
 public:
  explicit Unseen(int terminal)
      : terminal_(terminal), known_(::tcgetattr(terminal, &before_) == 0) {
    if (!known_) return;
    termios silent = before_;
    // Ctrl-C ends the line instead of the process, which would leave the terminal like this.
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    silent.c_lflag |= ECHONL;
    silent.c_cc[VEOL] = interrupt;
    ::tcsetattr(terminal_, TCSAFLUSH, &silent);
  }
  ~Unseen() {
    if (known_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  const int terminal_;
  termios before_{};
  const bool known_;
};

std::optional<std::string> line_of(int terminal, std::string_view question) {
  if (::write(terminal, question.data(), question.size()) < 0) return std::nullopt;
  std::string line;
  for (char c = 0; line.size() < line_max;) {
    const ssize_t got = ::read(terminal, &c, 1);
    if (got <= 0) {
      if (line.empty()) return std::nullopt;
      break;
    }
    if (c == '\n') break;
    if (c == interrupt) return std::nullopt;
    line += c;
  }
  return line;
}

files::Descriptor open_terminal() {
  return files::Descriptor(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
}

}  // namespace

std::optional<TerminalSize> terminal_size(int descriptor) {
  if (!is_terminal(descriptor)) return std::nullopt;
  TerminalSize size{number_in("COLUMNS", 80), number_in("LINES", 24)};
  winsize told{};
  if (::ioctl(descriptor, TIOCGWINSZ, &told) == 0) {
    if (told.ws_col > 0) size.columns = told.ws_col;
    if (told.ws_row > 0) size.rows = told.ws_row;
  }
  return size;
}

bool locale_is_utf8() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    auto value = environment(variable);
    if (!value) continue;
    std::ranges::transform(*value, value->begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return value->find("utf-8") != value->npos || value->find("utf8") != value->npos;
  }
  return false;
}

std::optional<Secret> ask_secret(const std::string& question) {
  const files::Descriptor terminal = open_terminal();
  if (!terminal.open()) return std::nullopt;
  const Unseen unseen(terminal.get());
  auto line = line_of(terminal.get(), question);
  if (!line) return std::nullopt;
  return Secret(std::move(*line));
}

std::optional<std::string> ask_line(const std::string& question) {
  const files::Descriptor terminal = open_terminal();
  if (!terminal.open()) return std::nullopt;
  return line_of(terminal.get(), question);
}

}  // namespace molecule::process
