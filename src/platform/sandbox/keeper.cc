// The keeper: one thread, few pages, nothing to do most of the time.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/instant.h"
#include "platform/files/files.h"
#include "platform/files/made_file.h"
#include "platform/json/json.h"
#include "platform/sandbox/kept.h"
#include "platform/sandbox/log_files.h"
#include "platform/sandbox/room.h"
#include "platform/sandbox/stat_line.h"
#include "platform/sandbox/trees.h"

namespace molecule::sandbox {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto look_every = 5s;                // At the disk, and at who wants this.
constexpr std::uint64_t disk_step = 8u << 20;  // Less may be gone without another count.
constexpr int walk_share = 50;  // Counting takes one part in so many of the time at most.
constexpr std::size_t heard_max = 256u << 10;  // Bytes a quarter of a second.
constexpr auto heard_every = 250ms;
constexpr int exit_taken = 75;

Instant wall() {
  return Instant::from_micros(std::chrono::duration_cast<std::chrono::microseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count());
}

void put(const std::filesystem::path& file, const std::string& text) {
  // A full disk is no reason to stop keeping.
  try {
    files::write_private(file, text);
  } catch (const Fault&) {
    return;
  }
}

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  for (int each = 1; each < SIGRTMIN; ++each) ::signal(each, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int status_of(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

// The first process of a room: starts the program, buries what it leaves behind, passes on that it
// is to end. When this one ends the kernel ends all that is left in the room.
[[noreturn]] void be_first(const Program& program, const Report& report) {
  sigset_t waited;
  sigemptyset(&waited);
  sigaddset(&waited, SIGTERM);
  sigaddset(&waited, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &waited, nullptr);
  const pid_t main = ::fork();
  if (main < 0) report.give_up(fmt::format("no process can be made: {}", std::strerror(errno)));
  if (main == 0) {
    reset_signals();
    become(program, true, report);
  }
  // Its reports are the program's from here on, and end when that begins.
  ::close_range(3, ~0U, 0);
  for (;;) {
    siginfo_t info{};
    if (::sigwaitinfo(&waited, &info) < 0) continue;
    if (info.si_signo == SIGTERM) ::kill(main, SIGTERM);
    for (;;) {
      siginfo_t ended{};
      if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG) != 0 || ended.si_pid == 0) break;
      if (ended.si_pid == main) ::_exit(status_of(ended));
    }
  }
}

class Keeping {
 public:
  explicit Keeping(Kept kept) : kept_(std::move(kept)), log_(kept_.log) {}

  int run() {
    if (!take_lock()) return exit_taken;
    ::unlink((kept_.run + "/ended").c_str());
    tell_facts();
    if (!begin()) {
      finish(127);
      return 0;
    }
    look_around();
    while (!over_) wait();
    sweep();
    drain();
    finish(status_);
    return 0;
  }

 private:
  bool take_lock() {
    lock_ = files::made_file(AT_FDCWD, (kept_.run + "/lock").c_str(), O_RDWR, 0600,
                             files::Made::or_opened);
    return lock_.open() && ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0;
  }

  void tell_facts() {
    facts_.pid = ::getpid();
    facts_.started = started_ticks(facts_.pid).value_or(0);
    put(kept_.run + "/keeper", json::text(facts_));
  }

  bool begin() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    sigset_t mine;
    sigemptyset(&mine);
    for (int each : {SIGTERM, SIGINT, SIGCHLD, SIGHUP}) sigaddset(&mine, each);
    ::sigprocmask(SIG_SETMASK, &mine, nullptr);
    signals_ = files::Descriptor(::signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK));
    const int error = start(true);
    if (error == 0 && begun()) return true;
    if (!refusal_.empty() && !room_refused_) return false;
    // The kernel has no rooms for us: Landlock alone then.
    facts_.measures.missing.push_back(fmt::format(
        "file tree and process numbers of its own, so what it starts may outlive a keeper "
        "that is killed: {}",
        error != 0 ? std::strerror(error) : refusal_.c_str()));
    facts_.measures.applied.clear();
    refusal_.clear();
    room_ = false;
    const int again = start(false);
    if (again != 0) refusal_ = fmt::format("no process can be made: {}", std::strerror(again));
    return again == 0 && begun();
  }

  // A system error, or 0: then the process tells how far it came.
  int start(bool in_room) {
    std::array<int, 2> said{};
    std::array<int, 2> told{};
    if (::pipe2(said.data(), O_CLOEXEC) != 0) return errno;
    output_ = files::Descriptor(said[0]);
    const files::Descriptor theirs(said[1]);
    if (::pipe2(told.data(), O_CLOEXEC) != 0) return errno;
    reports_ = files::Descriptor(told[0]);
    const files::Descriptor reporting(told[1]);
    const std::string place = kept_.run + "/root";
    if (in_room && ::mkdir(place.c_str(), 0700) != 0 && errno != EEXIST) return errno;
    const bool as_root = ::getuid() == 0;
    const unsigned user = ::getuid();
    const unsigned group = ::getgid();
    const long flags = in_room ? room_flags(as_root) | SIGCHLD : SIGCHLD;
    const long made = ::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
    if (made < 0) return errno;
    if (made == 0) {
      const Report report(reporting.get());
      ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      pollfd gone{reporting.get(), 0, 0};
      if (::poll(&gone, 1, 0) > 0) ::_exit(exit_taken);
      const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
      ::dup2(nothing, STDIN_FILENO);
      ::dup2(theirs.get(), STDOUT_FILENO);
      ::dup2(theirs.get(), STDERR_FILENO);
      if (!in_room) {
        reset_signals();
        become(kept_.program, false, report);
      }
      ::prctl(PR_SET_DUMPABLE, as_root ? 0 : 1, 0, 0, 0);  // Its own maps must be its to write.
      if (!as_root) {
        if (const int error = keep_identity(user, group))
          report.give_up(fmt::format("room: user namespace: {}", std::strerror(error)));
      }
      std::vector<std::string> notes;
      const Built built =
          build_room(place, kept_.program.confinement, kept_.program.arguments.front(), notes);
      if (built.error != 0)
        report.give_up(fmt::format("room: {}: {}", built.step, std::strerror(built.error)));
      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
      report.applied("file tree and process numbers of its own");
      for (const std::string& note : notes) report.missing(note);
      be_first(kept_.program, report);
    }
    child_ = static_cast<pid_t>(made);
    room_ = in_room;
    return 0;
  }

  // Whether the program has begun.
  bool begun() {
    std::string text;
    std::array<char, 1024> some{};
    for (;;) {
      const ssize_t got = ::read(reports_.get(), some.data(), some.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      text.append(some.data(), static_cast<std::size_t>(got));
    }
    reports_ = files::Descriptor();
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.size() < 2) continue;
      const std::string what(line.substr(1));
      if (line.front() == '+') facts_.measures.applied.push_back(what);
      if (line.front() == '-') facts_.measures.missing.push_back(what);
      if (line.front() == '!') refusal_ = what;
    }
    if (!refusal_.empty()) {
      room_refused_ = refusal_.starts_with("room: ");
      ::kill(child_, SIGKILL);
      int status = 0;
      while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {}
      return false;
    }
    ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    facts_.begun = true;
    put(kept_.run + "/keeper", json::text(facts_));
    log_.note(fmt::format("-- started, process {}", child_), wall());
    return true;
  }

  void wait() {
    const auto now = Clock::now();
    const bool hears = now >= hears_from_;
    std::array<pollfd, 2> watched{pollfd{signals_.get(), POLLIN, 0},
                                  pollfd{hears && output_.open() ? output_.get() : -1, POLLIN, 0}};
    auto until = looks_at_;
    if (!hears) until = std::min(until, hears_from_);
    if (kills_at_) until = std::min(until, *kills_at_);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    ::poll(watched.data(), watched.size(), static_cast<int>(std::max(left, 0ms).count()));
    if (watched[0].revents != 0) take_signals();
    if (watched[1].revents != 0) hear();
    const auto then = Clock::now();
    if (kills_at_ && then >= *kills_at_) {
      kills_at_.reset();
      log_.note("-- did not end in time: killed", wall());
      kill_all();
    }
    if (then >= looks_at_) look_around();
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
      if (info.ssi_signo != SIGCHLD) {
        asked_ = true;
        ask("asked to end");
      }
    }
    for (;;) {
      siginfo_t ended{};
      if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG) != 0 || ended.si_pid == 0) break;
      if (ended.si_pid != child_) continue;
      status_ = status_of(ended);
      over_ = true;
    }
  }

  void ask(std::string_view why) {
    if (kills_at_ || over_) return;
    log_.note(fmt::format("-- {}", why), wall());
    ::kill(child_, SIGTERM);
    kills_at_ = Clock::now() + std::chrono::seconds(kept_.grace);
  }

  void end_for(std::string why) {
    if (!reason_.empty()) return;
    reason_ = std::move(why);
    log_.note(fmt::format("-- {}", reason_), wall());
    kill_all();
  }

  // In a room the first process takes everything along.
  void kill_all() {
    ::kill(child_, SIGKILL);
    if (!room_) ::kill(-child_, SIGKILL);
  }

  // What it has started and left behind is a child of ours by now, or becomes one as its parent
  // ends.
  void sweep() {
    if (!room_) ::kill(-child_, SIGKILL);
    for (int turn = 0; turn < 2000; ++turn) {
      bool any = false;
      for (const pid_t each : children_of(::getpid())) {
        any = true;
        ::kill(each, SIGKILL);
      }
      while (::waitpid(-1, nullptr, WNOHANG) > 0) any = true;
      if (!any) return;
      ::usleep(1000);
    }
  }

  void hear() {
    std::array<char, 16 << 10> some{};
    const auto now = Clock::now();
    if (now - heard_since_ > heard_every) {
      heard_since_ = now;
      heard_ = 0;
    }
    const ssize_t got = ::read(output_.get(), some.data(), some.size());
    if (got == 0) output_ = files::Descriptor();
    if (got <= 0) return;
    log_.take({some.data(), static_cast<std::size_t>(got)}, wall());
    heard_ += static_cast<std::size_t>(got);
    // Whoever says too much is heard more slowly.
    if (heard_ >= heard_max) hears_from_ = heard_since_ + heard_every;
  }

  void drain() {
    for (std::size_t i = 0; i < 8 && output_.open(); ++i) hear();
    log_.finish(wall());
  }

  void look_around() {
    looks_at_ = Clock::now() + look_every;
    struct stat there{};
    struct stat ours{};
    const bool gone = ::stat((kept_.run + "/lock").c_str(), &there) != 0 ||
                      ::fstat(lock_.get(), &ours) != 0 || there.st_ino != ours.st_ino;
    if (gone) return end_for("its directory is gone");
    look_who_wants();
    look_at_disk();
  }

  void look_who_wants() {
    if (kept_.wanted.empty()) return;
    const files::Descriptor file(::open(kept_.wanted.c_str(), O_RDONLY | O_CLOEXEC));
    const auto now = Clock::now();
    const bool nobody = !file.open() || ::flock(file.get(), LOCK_SH | LOCK_NB) == 0;
    if (!nobody) {
      unwanted_since_.reset();
    } else if (!unwanted_since_) {
      unwanted_since_ = now;
    } else if (now - *unwanted_since_ >= std::chrono::seconds(kept_.linger)) {
      asked_ = true;
      ask("whoever started it is gone");
    }
  }

  void look_at_disk() {
    const Confinement& confinement = kept_.program.confinement;
    const auto now = Clock::now();
    struct statvfs disk{};
    if (confinement.limits.disk <= 0 || confinement.writable.empty() || now < counts_from_ ||
        ::statvfs(confinement.writable.front().c_str(), &disk) != 0)
      return;
    const std::uint64_t free = disk.f_bfree * disk.f_frsize;
    if (counted_ && free + disk_step > *counted_) return;
    counted_ = free;
    std::uint64_t used = 0;
    for (const std::string& each : confinement.writable) {
      if (each.starts_with(beside_)) used += bytes_below(each);
    }
    if (!confinement.temporary.empty()) used += bytes_below(confinement.temporary);
    counts_from_ = now + walk_share * (Clock::now() - now);
    const auto most = static_cast<std::uint64_t>(confinement.limits.disk);
    if (used > most)
      end_for(
          fmt::format("it filled its disk: {} MB, of {} MB that it may", used >> 20, most >> 20));
  }

  void finish(int status) {
    Ended ended;
    ended.status = status;
    ended.asked = asked_;
    ended.reason = !reason_.empty() ? reason_ : refusal_;
    ended.at = wall().micros();
    if (!refusal_.empty()) log_.note(fmt::format("-- {}", refusal_), wall());
    log_.note(fmt::format("-- ended with status {}", status), wall());
    put(kept_.run + "/ended", json::text(ended));
  }

  const Kept kept_;
  const std::string beside_ = std::filesystem::path(kept_.run).parent_path().string() + "/";
  LogFiles log_;
  KeeperFacts facts_;
  files::Descriptor lock_;
  files::Descriptor signals_;
  files::Descriptor output_;
  files::Descriptor reports_;
  pid_t child_ = -1;
  bool room_ = false;
  bool room_refused_ = false;
  bool over_ = false;
  bool asked_ = false;
  int status_ = 0;
  std::string refusal_;  // Why it did not begin.
  std::string reason_;   // Why we ended it.
  Clock::time_point looks_at_;
  Clock::time_point hears_from_;
  Clock::time_point heard_since_;
  Clock::time_point counts_from_;
  std::size_t heard_ = 0;
  std::optional<Clock::time_point> kills_at_;
  std::optional<Clock::time_point> unwanted_since_;
  std::optional<std::uint64_t> counted_;
};

}  // namespace

int keep() {
  std::string text;
  std::array<char, 4096> some{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, some.data(), some.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(some.data(), static_cast<std::size_t>(got));
  }
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::umask(077);
  ::signal(SIGPIPE, SIG_IGN);
  try {
    return Keeping(json::read<Kept>(text)).run();
  } catch (const std::exception&) {
    return 1;
  }
}

}  // namespace molecule::sandbox
