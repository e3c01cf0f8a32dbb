// The attendant: one thread that moves bytes between a link and a program, and waits for either.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/json/json.h"
#include "platform/sandbox/attended.h"
#include "platform/sandbox/disk_use.h"
#include "platform/sandbox/launch.h"

namespace molecule::sandbox {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = LinkFrame::Kind;
using namespace std::chrono_literals;

constexpr auto look_every = 5s;     // At the disk.
constexpr auto farewell = 1s;       // From hanging up to being killed.
constexpr auto taken_within = 10s;  // What it said last, by whoever sits in front of it.
constexpr char end_of_input = 4;    // As typed at a terminal: Ctrl-D.

// What came of moving bytes without waiting.
enum class Moved { some, later, never };

Moved moved(ssize_t bytes) {
  if (bytes > 0) return Moved::some;
  if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return Moved::later;
  return Moved::never;
}

void do_not_block(const files::Descriptor& file) {
  ::fcntl(file.get(), F_SETFL, ::fcntl(file.get(), F_GETFL) | O_NONBLOCK);
}

class Attending {
 public:
  Attending(Attention attention, files::Descriptor link, std::string heard)
      : attention_(std::move(attention)), link_(std::move(link)), heard_(std::move(heard)) {}

  int run() {
    if (!begin()) {
      append_frame(said_, Kind::refused, program_.refusal);
      tell_all();
      return 0;
    }
    append_frame(said_, Kind::begun, json::text(program_.measures));
    take_frames();
    looks_at_ = Clock::now() + look_every;
    while (!over_) wait();
    sweep_after(program_);
    if (gone_) return 0;
    drain();
    append_frame(said_, Kind::finished, json::text(Finished{status_, reason_}));
    tell_all();
    return 0;
  }

 private:
  bool begin() {
    signals_ = become_keeper();
    Ends ends;
    ends.columns = static_cast<int>(attention_.columns);
    ends.rows = static_cast<int>(attention_.rows);
    const std::string place = attention_.run + "/root";
    if (attention_.terminal) {
      std::array<int, 2> handing{};
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, handing.data()) != 0) return fail();
      const files::Descriptor handed(handing[0]);
      const files::Descriptor theirs(handing[1]);
      ends.terminal = theirs.get();
      program_ = launch(attention_.program, place, ends);
      if (!program_.refusal.empty()) return false;
      terminal_ = handed_terminal(handed.get());
      if (!terminal_.open()) return fail();
      do_not_block(terminal_);
      return true;
    }
    files::Descriptor in, out, err;
    if (!pipe(in, input_) || !pipe(output_, out) || !pipe(errors_, err)) return fail();
    ends.input = in.get();
    ends.output = out.get();
    ends.errors = err.get();
    program_ = launch(attention_.program, place, ends);
    if (!program_.refusal.empty()) return false;
    for (const files::Descriptor* each : {&input_, &output_, &errors_}) do_not_block(*each);
    return true;
  }

  bool fail() {
    program_.refusal = fmt::format("no streams can be made: {}", std::strerror(errno));
    if (program_.process > 0) end_at_once(program_);
    return false;
  }

  static bool pipe(files::Descriptor& reads, files::Descriptor& writes) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    reads = files::Descriptor(ends[0]);
    writes = files::Descriptor(ends[1]);
    return true;
  }

  const files::Descriptor& to_program() const { return attention_.terminal ? terminal_ : input_; }

  void wait() {
    // What has not gone on is not added to.
    const bool reads_link = typed_.empty() && !gone_;
    const bool reads_program = said_.empty() && !gone_;
    enum { signals, link, typing, terminal, output, errors, all };
    const auto fd = [](const files::Descriptor& file, bool wanted) {
      return wanted && file.open() ? file.get() : -1;
    };
    std::array<pollfd, all> watched{};
    watched[signals] = {signals_.get(), POLLIN, 0};
    watched[link] = {fd(link_, !gone_),
                     static_cast<short>((reads_link ? POLLIN : 0) | (said_.empty() ? 0 : POLLOUT)),
                     0};
    watched[typing] = {fd(to_program(), !typed_.empty()), POLLOUT, 0};
    watched[terminal] = {fd(terminal_, reads_program && !silent_), POLLIN, 0};
    watched[output] = {fd(output_, reads_program), POLLIN, 0};
    watched[errors] = {fd(errors_, reads_program), POLLIN, 0};
    const auto until = kills_at_ ? std::min(*kills_at_, looks_at_) : looks_at_;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    ::poll(watched.data(), watched.size(), static_cast<int>(std::max(left, 0ms).count()));

    if (watched[signals].revents != 0) take_signals();
    if ((watched[link].revents & POLLOUT) != 0) tell();
    if ((watched[link].revents & POLLIN) != 0) hear();
    // It may have been closed behind what is left to read; nobody wants that any more.
    if ((watched[link].revents & (POLLHUP | POLLERR)) != 0) hang_up();
    if (watched[typing].revents != 0) type();
    if (watched[terminal].revents != 0 && terminal_.open()) listen(terminal_, Kind::output);
    if (watched[output].revents != 0 && output_.open()) listen(output_, Kind::output);
    if (watched[errors].revents != 0 && errors_.open()) listen(errors_, Kind::errors);
    const auto now = Clock::now();
    if (kills_at_ && now >= *kills_at_) {
      kills_at_ = Clock::time_point::max();
      end_at_once(program_);
    }
    if (now >= looks_at_) {
      looks_at_ = now + look_every;
      if (auto excess = disk_.excess()) end_for(std::move(*excess));
    }
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
      if (info.ssi_signo != SIGCHLD) hang_up();
    }
    for (;;) {
      siginfo_t ended{};
      if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG) != 0 || ended.si_pid == 0) break;
      if (ended.si_pid != program_.process) continue;
      status_ = status_of(ended);
      over_ = true;
    }
  }

  // Nobody sits in front of it any more.
  void hang_up() {
    if (gone_) return;
    gone_ = true;
    typed_.clear();
    said_.clear();
    // A shell hears of a terminal that is gone, and everything else of its own end.
    for (files::Descriptor* each : {&terminal_, &input_, &output_, &errors_}) {
      const files::Descriptor closing = std::move(*each);
      *each = {};
    }
    if (over_) return;
    ask_to_end(program_);
    kills_at_ = Clock::now() + farewell;
  }

  void end_for(std::string why) {
    if (!reason_.empty()) return;
    reason_ = std::move(why);
    end_at_once(program_);
  }

  void hear() {
    std::array<char, 16 << 10> some{};
    const ssize_t got = ::recv(link_.get(), some.data(), some.size(), MSG_DONTWAIT);
    switch (moved(got)) {
      case Moved::later: return;
      case Moved::never: return hang_up();
      case Moved::some: break;
    }
    heard_.append(some.data(), static_cast<std::size_t>(got));
    take_frames();
  }

  void take_frames() {
    std::size_t used = 0;
    while (const auto frame = first_frame(std::string_view(heard_).substr(used))) {
      take(*frame);
      used += link_head + frame->bytes.size();
    }
    heard_.erase(0, used);
    if (!typed_.empty() || ends_input_) type();
  }

  void take(const LinkFrame& frame) {
    switch (frame.kind) {
      case Kind::input: typed_ += frame.bytes; break;
      case Kind::input_end:
        if (attention_.terminal) typed_ += end_of_input;
        ends_input_ = !attention_.terminal;
        break;
      case Kind::size: resize(json::read<Size>(frame.bytes)); break;
      default: throw Fault(molecule::Kind::internal, "link_broken", "an unknown kind of frame");
    }
  }

  void resize(const Size& size) {
    if (!terminal_.open()) return;
    winsize told{};
    told.ws_col = static_cast<unsigned short>(size.columns);
    told.ws_row = static_cast<unsigned short>(size.rows);
    ::ioctl(terminal_.get(), TIOCSWINSZ, &told);
  }

  void type() {
    while (!typed_.empty() && to_program().open()) {
      const ssize_t put = ::write(to_program().get(), typed_.data(), typed_.size());
      const Moved came = moved(put);
      if (came == Moved::later) return;
      if (came == Moved::never) break;
      typed_.erase(0, static_cast<std::size_t>(put));
    }
    // Said to nobody: it has closed its input, or ended.
    const bool refused = !typed_.empty();
    typed_.clear();
    if (!attention_.terminal && (refused || ends_input_)) {
      const files::Descriptor closing = std::move(input_);
      input_ = {};
    }
  }

  // Whether there may be more.
  bool listen(files::Descriptor& from, Kind kind) {
    std::array<char, link_piece> some{};
    const ssize_t got = ::read(from.get(), some.data(), some.size());
    const Moved came = moved(got);
    if (came == Moved::never) {
      // Of a terminal: nobody has it open just now.
      silent_ = attention_.terminal;
      if (attention_.terminal) return false;
      const files::Descriptor closing = std::move(from);
      from = {};
    }
    if (came != Moved::some) return false;
    append_frame(said_, kind, {some.data(), static_cast<std::size_t>(got)});
    tell();
    return true;
  }

  void tell() {
    while (!said_.empty() && !gone_) {
      const ssize_t put =
          ::send(link_.get(), said_.data(), said_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      const Moved came = moved(put);
      if (came == Moved::later) return;
      if (came == Moved::never) return hang_up();
      said_.erase(0, static_cast<std::size_t>(put));
    }
  }

  // Waits until all is taken, or nobody takes it.
  void tell_all() {
    for (tell(); !said_.empty() && !gone_; tell()) {
      pollfd watched{link_.get(), POLLOUT, 0};
      constexpr auto patience = std::chrono::milliseconds(taken_within);
      if (::poll(&watched, 1, static_cast<int>(patience.count())) == 0) return hang_up();
    }
  }

  // What it said before it ended.
  void drain() {
    silent_ = false;
    for (files::Descriptor* each : {&terminal_, &output_, &errors_}) {
      const Kind kind = each == &errors_ ? Kind::errors : Kind::output;
      while (each->open() && !gone_ && listen(*each, kind)) tell_all();
    }
  }

  const Attention attention_;
  DiskUse disk_{attention_.program.confinement,
                std::filesystem::path(attention_.run).parent_path().string() + "/"};
  files::Descriptor link_;
  std::string heard_;  // From the link, no whole frame yet.
  std::string typed_;  // For the program.
  std::string said_;   // For the link.
  files::Descriptor signals_;
  files::Descriptor terminal_;                 // Its other end; or
  files::Descriptor input_, output_, errors_;  // its three streams.
  Launched program_;
  bool ends_input_ = false;
  bool silent_ = false;
  bool over_ = false;
  bool gone_ = false;
  int status_ = 0;
  std::string reason_;
  Clock::time_point looks_at_;
  std::optional<Clock::time_point> kills_at_;
};

}  // namespace

int attend() {
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(077);
  files::Descriptor link(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  try {
    std::string heard;
    std::array<char, 4096> some{};
    for (;;) {
      const auto frame = first_frame(heard);
      if (frame) {
        auto attention = json::read<Attention>(frame->bytes);
        heard.erase(0, link_head + frame->bytes.size());
        return Attending(std::move(attention), std::move(link), std::move(heard)).run();
      }
      const ssize_t got = ::recv(link.get(), some.data(), some.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return 1;
      heard.append(some.data(), static_cast<std::size_t>(got));
    }
  } catch (const std::exception&) {
    return 1;
  }
}

}  // namespace molecule::sandbox
