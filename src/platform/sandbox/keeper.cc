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
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/instant.h"
#include "platform/files/files.h"
#include "platform/files/made_file.h"
#include "platform/json/json.h"
#include "platform/sandbox/kept.h"
#include "platform/sandbox/launch.h"
#include "platform/sandbox/log_files.h"
#include "platform/sandbox/measuring.h"
#include "platform/sandbox/stat_line.h"

namespace molecule::sandbox {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto look_every = 5s;                // At the disk, and at who wants this.
constexpr auto measures_for = 10ms;            // Before it listens again.
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
    sweep_after(program_);
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
    signals_ = become_keeper();
    std::array<int, 2> said{};
    if (::pipe2(said.data(), O_CLOEXEC) != 0) {
      program_.refusal = fmt::format("no pipe can be made: {}", std::strerror(errno));
      return false;
    }
    output_ = files::Descriptor(said[0]);
    const files::Descriptor theirs(said[1]);
    Ends ends;
    ends.output = theirs.get();
    ends.errors = theirs.get();
    program_ = launch(kept_.program, kept_.run + "/root", ends);
    facts_.measures = program_.measures;
    if (!program_.refusal.empty()) return false;
    ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    facts_.begun = true;
    put(kept_.run + "/keeper", json::text(facts_));
    log_.note(fmt::format("started, process {}", program_.process), wall());
    return true;
  }

  void wait() {
    const auto now = Clock::now();
    const bool hears = now >= hears_from_;
    std::array<pollfd, 2> watched{pollfd{signals_.get(), POLLIN, 0},
                                  pollfd{hears && output_.open() ? output_.get() : -1, POLLIN, 0}};
    auto until = looks_at_;
    if (!hears) until = std::min(until, hears_from_);
    if (measuring_.under_way()) until = now;
    if (kills_at_) until = std::min(until, *kills_at_);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    ::poll(watched.data(), watched.size(), static_cast<int>(std::max(left, 0ms).count()));
    if (watched[0].revents != 0) take_signals();
    if (watched[1].revents != 0) hear();
    const auto then = Clock::now();
    if (kills_at_ && then >= *kills_at_) {
      kills_at_.reset();
      log_.note("did not end in time: killed", wall());
      end_at_once(program_);
    }
    if (then >= looks_at_) look_around();
    if (measuring_.under_way()) measure();
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
      if (ended.si_pid != program_.process) continue;
      status_ = status_of(ended);
      over_ = true;
    }
  }

  void ask(std::string_view why) {
    if (kills_at_ || over_) return;
    log_.note(why, wall());
    ask_to_end(program_);
    kills_at_ = Clock::now() + std::chrono::seconds(kept_.grace);
  }

  void end_for(std::string why) {
    if (!reason_.empty()) return;
    reason_ = std::move(why);
    log_.note(reason_, wall());
    end_at_once(program_);
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
    measuring_.begin(Clock::now());
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

  std::vector<std::filesystem::path> own_directories() const {
    std::vector<std::filesystem::path> own;
    const std::string beside = std::filesystem::path(kept_.run).parent_path().string() + "/";
    const Confinement& confinement = kept_.program.confinement;
    for (const std::string& each : confinement.writable)
      if (each.starts_with(beside)) own.emplace_back(each);
    if (!confinement.temporary.empty()) own.emplace_back(confinement.temporary);
    return own;
  }

  void measure() {
    const std::string why = measuring_.go_on(Clock::now() + measures_for);
    if (!why.empty()) end_for(why);
    if (!measuring_.is_blind() || told_blind_) return;
    told_blind_ = true;
    facts_.measures.missing.emplace_back(
        "files without a name and memory that is shared are not counted: its processes cannot be "
        "looked into");
    put(kept_.run + "/keeper", json::text(facts_));
  }

  void finish(int status) {
    Ended ended;
    ended.status = status;
    ended.asked = asked_;
    ended.reason = !reason_.empty() ? reason_ : program_.refusal;
    ended.at = wall().micros();
    if (!program_.refusal.empty()) log_.note(program_.refusal, wall());
    log_.note(fmt::format("ended with status {}", status), wall());
    put(kept_.run + "/ended", json::text(ended));
  }

  const Kept kept_;
  LogFiles log_;
  KeeperFacts facts_;
  files::Descriptor lock_;
  files::Descriptor signals_;
  files::Descriptor output_;
  Launched program_;
  bool over_ = false;
  bool asked_ = false;
  int status_ = 0;
  std::string reason_;  // Why we ended it.
  Clock::time_point looks_at_;
  Clock::time_point hears_from_;
  Clock::time_point heard_since_;
  std::size_t heard_ = 0;
  std::optional<Clock::time_point> kills_at_;
  std::optional<Clock::time_point> unwanted_since_;
  Measuring measuring_{kept_.program.confinement.limits, own_directories(), ::getpid()};
  bool told_blind_ = false;
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
