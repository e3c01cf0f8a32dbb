#include "tui/screen.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <clocale>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <cwchar>
#include <mutex>
#include <thread>

#include <curses.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/descriptor.h"
#include "platform/process/environment.h"
#include "tui/key_reader.h"

namespace molecule::tui {
namespace {

constexpr int escape_ms = 25;  // Until a lone Esc is one.
constexpr std::string_view mouse_on = "\033[?1000h\033[?1006h";
constexpr std::string_view mouse_off = "\033[?1006l\033[?1000l";
constexpr std::string_view paste_on = "\033[?2004h";
constexpr std::string_view paste_off = "\033[?2004l";

// What a signal handler needs to put the terminal back; curses may not be called there.
struct Saved {
  termios mode{};
  std::array<char, 256> leave{};
  std::size_t leave_size = 0;
  std::atomic<bool> armed{false};
};
Saved& saved() {
  static Saved it;
  return it;
}

// All that end a process and that nobody else here listens to.
constexpr std::array fatal_signals{SIGSEGV, SIGABRT,   SIGBUS,  SIGFPE,  SIGILL,
                                   SIGQUIT, SIGALRM,   SIGUSR1, SIGUSR2, SIGTRAP,
                                   SIGSYS,  SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ};

void put_back_for_now(int terminal) {
  const Saved& it = saved();
  if (!it.armed) return;
  [[maybe_unused]] const auto written = ::write(terminal, it.leave.data(), it.leave_size);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &it.mode);
}

void put_back() {
  if (!saved().armed) return;
  // Whoever draws at this moment goes on into nothing, so that what follows is the last.
  const int terminal = ::dup(STDOUT_FILENO);
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDOUT_FILENO);
  put_back_for_now(terminal);
  saved().armed = false;
}

// Stopped from outside. Who goes on is told by SIGCONT, and comes back to the full screen.
extern "C" void restore_and_stop(int) {
  put_back_for_now(STDOUT_FILENO);
  ::raise(SIGSTOP);
}

extern "C" void restore_and_die(int signal) {
  put_back();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}
std::atomic<bool>& stopped_before() {
  static std::atomic<bool> it{false};
  return it;
}
extern "C" void only_wake(int signal) {
  if (signal == SIGCONT) stopped_before() = true;
}

// What the reader alone is woken by: another size, and going on after a stop.
sigset_t size_changes() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGWINCH);
  sigaddset(&set, SIGCONT);
  return set;
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno != EINTR) return;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void leave_reports() {
  write_all(mouse_off);
  write_all(paste_off);
}

// What the terminal's description has under a name.
std::string_view capability(const char* name) {
  const char* text = ::tigetstr(name);
  if (text == nullptr || text == reinterpret_cast<char*>(-1)) return {};
  return text;
}

void arm(const termios& mode) {
  Saved& it = saved();
  it.mode = mode;
  std::string leave(paste_off);
  leave.append(mouse_off).append(capability("sgr0")).append(capability("cnorm"));
  leave.append(capability("rmcup")).append("\r\n");
  it.leave_size = std::min(leave.size(), it.leave.size());
  std::memcpy(it.leave.data(), leave.data(), it.leave_size);
  it.armed = true;
  for (const int each : fatal_signals) ::signal(each, restore_and_die);
}

void disarm() {
  saved().armed = false;
  for (const int each : fatal_signals) ::signal(each, SIG_DFL);
}

// Signs of our own where a terminal has nothing but ASCII; of anything else a question mark.
char ascii_for(std::string_view glyph) {
  struct Sign {
    std::string_view glyph;
    char ascii;
  };
  static constexpr std::array signs{Sign{"●", '*'}, Sign{"○", 'o'}, Sign{"◐", '!'}, Sign{"◌", '.'},
                                    Sign{"■", '='}, Sign{"◇", 'z'}, Sign{"✗", 'x'}, Sign{"─", '-'},
                                    Sign{"│", '|'}, Sign{"├", '|'}, Sign{"└", '`'}, Sign{"╭", '+'},
                                    Sign{"╮", '+'}, Sign{"╰", '+'}, Sign{"╯", '+'}, Sign{"…", '~'},
                                    Sign{"▸", '>'}, Sign{"◂", '<'}, Sign{"·", '-'}, Sign{"✉", '@'},
                                    Sign{"█", '#'}, Sign{"▒", ':'}, Sign{"░", '.'}, Sign{"↑", '^'},
                                    Sign{"↓", 'v'}, Sign{"←", '<'}, Sign{"→", '>'}};
  const auto found = std::ranges::find(signs, glyph, &Sign::glyph);
  return found == signs.end() ? '?' : found->ascii;
}

// Of a cell as this terminal can draw it, in as many columns.
std::wstring wide(const std::string& glyph, int width, bool utf8) {
  if (!utf8) {
    if (glyph.size() == 1) return std::wstring(1, static_cast<wchar_t>(glyph[0]));
    return std::wstring(static_cast<std::size_t>(width), static_cast<wchar_t>(ascii_for(glyph)));
  }
  std::wstring out;
  std::mbstate_t state{};
  const char* at = glyph.data();
  std::size_t left = glyph.size();
  int columns = 0;
  while (left > 0) {
    wchar_t code = 0;
    const std::size_t used = std::mbrtowc(&code, at, left, &state);
    if (used == 0 || used > left) break;
    columns += std::max(::wcwidth(code), 0);
    out += code;
    at += used;
    left -= used;
  }
  // The system counts it otherwise than we do, so it would move what is behind it.
  if (columns != width) return std::wstring(static_cast<std::size_t>(width), L'?');
  return out;
}

Key of(Key::Is is) { return {.is = is}; }

// Colours of 256 that stand off black and white alike; of the first eight where there are no more,
// which people choose for their background themselves.
struct Shade {
  Ink ink;
  short of_many, of_few;
};
constexpr std::array shades{
    Shade{Ink::faint, 243, -1},        Shade{Ink::accent, 32, COLOR_CYAN},
    Shade{Ink::good, 28, COLOR_GREEN}, Shade{Ink::warn, 130, COLOR_YELLOW},
    Shade{Ink::bad, 160, COLOR_RED},   Shade{Ink::info, 97, COLOR_MAGENTA},
};

}  // namespace

void put_terminal_back() noexcept { put_back(); }

void hold_size_changes() {
  // Only the reader is woken, since it is the one that waits.
  ::signal(SIGWINCH, only_wake);
  ::signal(SIGCONT, only_wake);
  const sigset_t set = size_changes();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

struct Screen::Terminal {
  Terminal(io::Loop& on_loop, ScreenSettings with, Ears to)
      : loop(on_loop), settings(with), ears(std::move(to)) {}

  void start();
  void start_reader();
  void stop_reader();
  void set_colours();
  void ask_for_reports() const;
  attr_t attributes(const Style& style) const;
  bool wait();
  std::optional<Key> pressed();
  void fit();
  void come_back();

  io::Loop& loop;
  const ScreenSettings settings;
  const Ears ears;
  SCREEN* screen = nullptr;
  bool utf8 = false;
  bool coloured = false;
  bool ended = false;
  bool outside = false;  // Somebody reads what was written plainly.
  KeyReader keys;

  files::Descriptor wake_read, wake_write;
  std::thread reader;
  std::mutex mutex;
  std::condition_variable taken;
  bool waits = false;  // Keys are there that the loop has not taken yet.
  bool closing = false;
};

void Screen::Terminal::start() {
  if (!process::is_terminal(STDIN_FILENO) || !process::is_terminal(STDOUT_FILENO))
    throw bad_request("no_terminal",
                      "this is a full screen: standard input and output have to be a terminal");
  std::setlocale(LC_ALL, "");
  utf8 = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  termios before{};
  ::tcgetattr(STDIN_FILENO, &before);
  screen = ::newterm(nullptr, stdout, stdin);
  if (screen == nullptr)
    throw bad_request("no_terminal",
                      "nothing is known of this terminal; TERM names its kind, such "
                      "as xterm-256color");
  ::set_term(screen);
  if (capability("cup").empty()) {
    ::endwin();
    throw bad_request(
        "no_terminal",
        "this kind of terminal cannot show a full screen; TERM names its kind, such as "
        "xterm-256color");
  }
  arm(before);
  ::signal(SIGTSTP, restore_and_stop);
  ::raw();
  ::noecho();
  ::nonl();
  ask_for_reports();
  set_colours();
  start_reader();
}

// Of pastes and of the mouse, which the terminal marks when it is asked to.
void Screen::Terminal::ask_for_reports() const {
  write_all(paste_on);
  if (settings.mouse) write_all(mouse_on);
}

void Screen::Terminal::set_colours() {
  if (!settings.colours || ::has_colors() == FALSE) return;
  ::start_color();
  if (::use_default_colors() == ERR) return;
  coloured = true;
  for (const Shade& shade : shades) {
    const short colour = COLORS >= 256 ? shade.of_many : shade.of_few;
    ::init_pair(static_cast<short>(shade.ink), colour, -1);
  }
}

attr_t Screen::Terminal::attributes(const Style& style) const {
  attr_t out = A_NORMAL;
  if (style.bold) out |= A_BOLD;
  if (style.reversed) out |= A_REVERSE;
  if (style.underlined) out |= A_UNDERLINE;
  if (coloured && style.ink != Ink::plain) out |= COLOR_PAIR(static_cast<int>(style.ink));
  // Where nothing is coloured, what is less important is dim and what is wrong is bold.
  const bool few = !coloured || COLORS < 256;
  if (few && style.ink == Ink::faint && !style.reversed) out |= A_DIM;
  if (!coloured && (style.ink == Ink::bad || style.ink == Ink::warn)) out |= A_BOLD;
  return out;
}

void Screen::Terminal::start_reader() {
  int ends[2];
  if (::pipe(ends) != 0)
    throw Fault(Kind::unavailable, "no_descriptors", "there are no file descriptors left");
  wake_read = files::Descriptor(ends[0]);
  wake_write = files::Descriptor(ends[1]);
  reader = std::thread([this] {
    const sigset_t mine = size_changes();
    ::pthread_sigmask(SIG_UNBLOCK, &mine, nullptr);
    while (wait()) {
      std::unique_lock lock(mutex);
      waits = true;
      loop.post([this] { ears.ready(); });
      taken.wait(lock, [this] { return !waits || closing; });
      if (closing) return;
    }
    std::lock_guard lock(mutex);
    if (!closing) loop.post([this] { ears.gone(); });
  });
}

// Until keys are there or the size is another one; false at the end of the terminal.
bool Screen::Terminal::wait() {
  std::array<pollfd, 2> both{{{STDIN_FILENO, POLLIN, 0}, {wake_read.get(), POLLIN, 0}}};
  const int ready = ::poll(both.data(), both.size(), -1);
  if (ready < 0) return errno == EINTR;
  if (both[1].revents != 0) return false;
  return (both[0].revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

void Screen::Terminal::stop_reader() {
  {
    std::lock_guard lock(mutex);
    closing = true;
  }
  taken.notify_all();
  wake_write = {};
  if (reader.joinable()) reader.join();
}

void Screen::Terminal::fit() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
    return;
  if (size.ws_row == LINES && size.ws_col == COLS) return;
  ::resizeterm(size.ws_row, size.ws_col);
  ::clearok(curscr, TRUE);
}

std::optional<Key> Screen::Terminal::pressed() {
  for (;;) {
    if (auto key = keys.next()) return key;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    // A sequence comes in one piece, or nearly so.
    const int ready = ::poll(&input, 1, keys.begun() ? escape_ms : 0);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || (input.revents & POLLIN) == 0) {
      if (!keys.begun()) return std::nullopt;
      keys.pause();
      continue;
    }
    std::array<char, 4096> bytes;
    const ssize_t n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (n <= 0) return std::nullopt;
    keys.take(std::string_view(bytes.data(), static_cast<std::size_t>(n)));
  }
}

void Screen::Terminal::come_back() {
  if (std::exchange(outside, false)) ::tcflush(STDIN_FILENO, TCIFLUSH);
  fit();
  ::reset_prog_mode();
  ::clearok(curscr, TRUE);
  ::refresh();
  ask_for_reports();
}

Screen::Screen(io::Loop& loop, ScreenSettings settings, Ears ears)
    : terminal_(std::make_unique<Terminal>(loop, settings, std::move(ears))) {
  terminal_->start();
}

Screen::~Screen() { end(); }

void Screen::end() {
  if (std::exchange(terminal_->ended, true)) return;
  terminal_->stop_reader();
  ::signal(SIGTSTP, SIG_DFL);
  leave_reports();
  if (!terminal_->outside) ::endwin();
  disarm();
}

std::optional<Key> Screen::next_key() {
  Terminal& it = *terminal_;
  if (it.ended) return std::nullopt;
  it.fit();
  // Whoever stopped it, a shell has written on the terminal and changed its mode since.
  if (stopped_before().exchange(false) && !it.outside) it.come_back();
  std::optional<Key> key;
  if (it.outside) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 0) > 0) {
      it.come_back();
      key = of(Key::Is::redraw);
    }
  } else {
    key = it.pressed();
  }
  if (key) return key;
  {
    std::lock_guard lock(it.mutex);
    it.waits = false;
  }
  it.taken.notify_all();
  return std::nullopt;
}

int Screen::rows() const {
  if (!terminal_->ended && !terminal_->outside) terminal_->fit();
  return LINES;
}
int Screen::columns() const { return COLS; }

void Screen::show(const Picture& picture) {
  Terminal& it = *terminal_;
  if (it.ended || it.outside) return;
  ::werase(stdscr);
  for (int row = 0; row < std::min(picture.rows(), LINES); ++row) {
    const int columns = std::min(picture.columns(), COLS);
    for (int column = 0; column < columns;) {
      // As much as is of one style, in one go.
      const Style& style = picture.at(row, column).style;
      std::wstring text;
      int end = column;
      while (end < columns && picture.at(row, end).style == style) {
        const std::string& glyph = picture.at(row, end).text;
        const bool two = end + 1 < picture.columns() && picture.at(row, end + 1).text.empty();
        if (glyph.empty()) {  // Half of what was cut by the edge.
          ++end;
          continue;
        }
        text += wide(glyph, two ? 2 : 1, it.utf8);
        end += two ? 2 : 1;
      }
      ::wattrset(stdscr, static_cast<int>(it.attributes(style)));
      ::mvwaddnwstr(stdscr, row, column, text.c_str(), static_cast<int>(text.size()));
      column = std::max(end, column + 1);
    }
  }
  ::wattrset(stdscr, A_NORMAL);
  ::curs_set(picture.cursor ? 1 : 0);
  if (picture.cursor) ::wmove(stdscr, picture.cursor->first, picture.cursor->second);
  ::wrefresh(stdscr);
}

void Screen::redraw() { ::clearok(curscr, TRUE); }

void Screen::suspend() {
  ::endwin();
  leave_reports();
  // The whole job, as the terminal itself does it. This process stops without another picture.
  ::signal(SIGTSTP, SIG_DFL);
  ::kill(0, SIGTSTP);
  ::signal(SIGTSTP, restore_and_stop);
}

void Screen::leave_with(const std::string& text) {
  ::endwin();
  leave_reports();
  terminal_->outside = true;
  write_all("\r\n" + text + "\r\n\r\nEnter comes back.\r\n");
}

}  // namespace molecule::tui
