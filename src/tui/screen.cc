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
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/descriptor.h"
#include "platform/process/environment.h"

namespace molecule::tui {
namespace {

constexpr int escape_ms = 25;  // Until a lone Esc is one.
constexpr int paste_begins = KEY_MAX + 1;
constexpr int paste_ends = KEY_MAX + 2;
constexpr std::size_t paste_max = 32u << 10;
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

constexpr std::array fatal_signals{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

void put_back() {
  Saved& it = saved();
  if (!it.armed.exchange(false)) return;
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, it.leave.data(), it.leave_size);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &it.mode);
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
  leave.append("\033[?1000l").append(capability("sgr0")).append(capability("cnorm"));
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

std::string utf8_of(wint_t code) {
  std::string out;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
  return out;
}

Key of(Key::Is is) { return {.is = is}; }

std::optional<Key> named_key(int code) {
  using Is = Key::Is;
  switch (code) {
    case KEY_UP: return of(Is::up);
    case KEY_DOWN: return of(Is::down);
    case KEY_LEFT: return of(Is::left);
    case KEY_RIGHT: return of(Is::right);
    case KEY_PPAGE: return of(Is::page_up);
    case KEY_NPAGE: return of(Is::page_down);
    case KEY_HOME: return of(Is::home);
    case KEY_END: return of(Is::end);
    case KEY_ENTER: return of(Is::enter);
    case KEY_BTAB: return of(Is::back_tab);
    case KEY_BACKSPACE: return of(Is::backspace);
    case KEY_DC: return of(Is::del);
    default: return std::nullopt;
  }
}

std::optional<Key> control_key(wint_t code) {
  using Is = Key::Is;
  switch (code) {
    case '\r':
    case '\n': return of(Is::enter);
    case '\t': return of(Is::tab);
    case 27: return of(Is::escape);
    case 8:
    case 127: return of(Is::backspace);
    case 1: return of(Is::home);         // Ctrl-A
    case 3: return of(Is::interrupt);    // Ctrl-C
    case 4: return of(Is::del);          // Ctrl-D
    case 5: return of(Is::end);          // Ctrl-E
    case 12: return of(Is::redraw);      // Ctrl-L
    case 14: return of(Is::down);        // Ctrl-N
    case 16: return of(Is::up);          // Ctrl-P
    case 21: return of(Is::erase_line);  // Ctrl-U
    case 23: return of(Is::erase_word);  // Ctrl-W
    case 26: return of(Is::suspend);     // Ctrl-Z
    default: return std::nullopt;
  }
}

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
  attr_t attributes(const Style& style) const;
  bool wait();
  std::optional<Key> pressed();
  std::optional<Key> mouse() const;
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
  bool pasting = false;
  std::string pasted;

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
  ::signal(SIGTSTP, SIG_DFL);
  ::raw();
  ::noecho();
  ::nonl();
  ::set_escdelay(escape_ms);
  ::keypad(stdscr, TRUE);
  ::nodelay(stdscr, TRUE);
  ::meta(stdscr, TRUE);
  ::define_key("\033[200~", paste_begins);
  ::define_key("\033[201~", paste_ends);
  write_all(paste_on);
  if (settings.mouse)
    ::mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, nullptr);
  ::mouseinterval(0);
  set_colours();
  start_reader();
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

std::optional<Key> Screen::Terminal::mouse() const {
  MEVENT event{};
  if (::getmouse(&event) != OK) return std::nullopt;
  Key key = of(Key::Is::click);
  if ((event.bstate & BUTTON4_PRESSED) != 0) key.is = Key::Is::wheel_up;
  if ((event.bstate & BUTTON5_PRESSED) != 0) key.is = Key::Is::wheel_down;
  key.row = event.y;
  key.column = event.x;
  return key;
}

std::optional<Key> Screen::Terminal::pressed() {
  for (;;) {
    wint_t code = 0;
    const int kind = ::wget_wch(stdscr, &code);
    if (kind == ERR) return std::nullopt;
    if (kind == KEY_CODE_YES) {
      if (code == paste_begins) {
        pasting = true;
        pasted.clear();
      } else if (code == paste_ends) {
        pasting = false;
        if (!pasted.empty()) return Key{.is = Key::Is::text, .text = std::exchange(pasted, {})};
      } else if (code == KEY_MOUSE) {
        if (auto key = mouse()) return key;
      } else if (auto key = named_key(static_cast<int>(code)); key && !pasting) {
        return key;
      }
      continue;
    }
    // What was begun and does not end must not swallow everything.
    if (pasting && (code == 3 || code == 27)) pasting = false;
    if (pasting) {
      const bool line_end = code == '\r' || code == '\n';
      const bool writable = line_end || code == '\t' || code >= ' ';
      if (writable && pasted.size() < paste_max) pasted += line_end ? "\n" : utf8_of(code);
      continue;
    }
    if (auto key = control_key(code)) return key;
    if (code >= ' ') return Key{.is = Key::Is::text, .text = utf8_of(code)};
  }
}

void Screen::Terminal::come_back() {
  if (std::exchange(outside, false)) ::tcflush(STDIN_FILENO, TCIFLUSH);
  fit();
  ::reset_prog_mode();
  ::clearok(curscr, TRUE);
  ::refresh();
  write_all(paste_on);
}

Screen::Screen(io::Loop& loop, ScreenSettings settings, Ears ears)
    : terminal_(std::make_unique<Terminal>(loop, settings, std::move(ears))) {
  terminal_->start();
}

Screen::~Screen() { end(); }

void Screen::end() {
  if (std::exchange(terminal_->ended, true)) return;
  terminal_->stop_reader();
  write_all(paste_off);
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
  write_all(paste_off);
  ::kill(0, SIGTSTP);
}

void Screen::leave_with(const std::string& text) {
  ::endwin();
  write_all(paste_off);
  terminal_->outside = true;
  write_all("\r\n" + text + "\r\n\r\nEnter comes back.\r\n");
}

}  // namespace molecule::tui
