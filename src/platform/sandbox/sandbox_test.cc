// Real programs in real rooms: what they try is what a hostile or broken one would.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/sandbox/kept.h"
#include "platform/sandbox/landlock.h"
#include "platform/sandbox/log_files.h"
#include "platform/sandbox/stat_line.h"
#include "platform/sandbox/trees.h"

// This executable is the keeper as well, as the product is.
__attribute__((constructor)) static void be_keeper(int argc, char** argv) {
  if (argc == 2 && argv[1] == molecule::sandbox::keeper_word) ::_exit(molecule::sandbox::keep());
}

namespace molecule::sandbox {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr auto patience = 15s;

template <class Fn>
bool comes(Fn&& fn) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    if (fn()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

class Sandbox : public testing::Test {
 protected:
  Sandbox() {
    std::string name = (fs::temp_directory_path() / "sandbox_XXXXXX").string();
    base_ = ::mkdtemp(name.data());
    for (const char* each : {"own", "tmp", "run", "log"}) fs::create_directory(base_ / each);
    std::ofstream(base_ / "secret") << "the secret of the one who starts it";
    kept_.program.environment = {"PATH=/usr/bin:/bin"};
    kept_.program.directory = own();
    kept_.program.confinement.writable = {own()};
    kept_.program.confinement.temporary = (base_ / "tmp").string();
    kept_.run = (base_ / "run").string();
    kept_.log = (base_ / "log").string();
    kept_.grace = 2;
    if (::getuid() == 0) {
      kept_.program.confinement.user = 1'900'000'000;
      for (const char* each : {"own", "tmp"})
        if (::chown((base_ / each).c_str(), 1'900'000'000, 1'900'000'000) != 0) std::abort();
    }
  }
  ~Sandbox() override { remove_tree(base_); }

  std::string own() const { return (base_ / "own").string(); }
  std::string secret() const { return (base_ / "secret").string(); }
  Keeper start(const std::string& script) {
    kept_.program.arguments = {"/bin/sh", "-c", script};
    return Keeper::start(kept_);
  }
  // Runs a script to its end and gives what it said.
  std::string run(const std::string& script) {
    const Keeper keeper = start(script);
    EXPECT_TRUE(comes([&] { return keeper.ended(); }));
    return said();
  }
  std::string said() const { return read_last(base_ / "log", 1000, 1u << 20).text; }
  Ended ended() const { return how_it_ended(base_ / "run").value_or(Ended{-1, false, "", 0}); }
  bool is_missing(std::string_view what) const {
    return std::ranges::any_of(measures().missing,
                               [&](const std::string& each) { return each.starts_with(what); });
  }
  Measures measures() const { return keeper_facts(base_ / "run").value_or(KeeperFacts{}).measures; }

  fs::path base_;
  Kept kept_;
};

TEST_F(Sandbox, RunsAProgramAndTellsHowItEnded) {
  EXPECT_THAT(run("echo out; echo err >&2; pwd; exit 7"),
              testing::AllOf(HasSubstr(" out\n"), HasSubstr(" err\n"), HasSubstr(own())));
  EXPECT_EQ(ended().status, 7);
  EXPECT_FALSE(ended().asked);
  EXPECT_THAT(measures().applied, testing::Contains("filter of system calls"));
}

TEST_F(Sandbox, SaysWhyAProgramCannotBeStarted) {
  kept_.program.arguments = {"/usr/bin/no-such-program"};
  const Keeper keeper = Keeper::start(kept_);
  ASSERT_TRUE(comes([&] { return keeper.ended(); }));
  EXPECT_EQ(ended().status, 127);
  EXPECT_THAT(ended().reason, HasSubstr("/usr/bin/no-such-program cannot be started"));
}

TEST_F(Sandbox, WritesInItsOwnDirectoriesAndNowhereElse) {
  const std::string text =
      run("echo mine > mine && echo wrote; echo x > /tmp/y && echo tmp; echo x > /usr/z; echo x > "
          "/etc/z; echo x > " +
          secret() + "; echo over");
  EXPECT_THAT(text, testing::AllOf(HasSubstr(" wrote\n"), HasSubstr(" over\n")));
  EXPECT_TRUE(fs::exists(base_ / "own/mine"));
  EXPECT_FALSE(fs::exists("/usr/z"));
  EXPECT_FALSE(fs::exists("/etc/z"));
  EXPECT_EQ(files::read(secret()), "the secret of the one who starts it");
}

TEST_F(Sandbox, ReadsNothingOfWhoStartedIt) {
  const std::string text = run("cat " + secret() + "; ls " + base_.string() + "/run; cat " +
                               base_.string() + "/log/*; cat /proc/" + std::to_string(::getpid()) +
                               "/environ; ls /root /home; echo over");
  EXPECT_THAT(text, HasSubstr(" over\n"));
  EXPECT_THAT(text, Not(HasSubstr("the secret")));
  EXPECT_THAT(text, Not(HasSubstr(" keeper\n")));
  EXPECT_THAT(text, Not(HasSubstr("PATH=")));
}

TEST_F(Sandbox, NeitherSeesNorEndsOtherProcesses) {
  const std::string me = std::to_string(::getpid());
  const std::string text = run("kill -9 " + me + " && echo killed; kill -9 -1; echo not reached");
  EXPECT_THAT(text, Not(HasSubstr(" killed\n")));
}

TEST_F(Sandbox, IsRefusedCallsThatReachOutOfItsRoom) {
  const std::string text = run(
      "unshare -r true 2>&1; mount -t tmpfs none /tmp 2>&1; strace true 2>&1; dmesg 2>&1; echo over");
  EXPECT_THAT(text, testing::AllOf(HasSubstr("unshare failed"), HasSubstr(" over\n")));
  EXPECT_THAT(
      run("grep -E 'NoNewPrivs|Seccomp:|CapEff|CapBnd' /proc/self/status"),
      testing::AllOf(testing::ContainsRegex("NoNewPrivs:.1"), testing::ContainsRegex("Seccomp:.2"),
                     testing::ContainsRegex("CapEff:.0000000000000000")));
}

TEST_F(Sandbox, HasNoMemoryThatBelongsToNoProcess) {
  const std::string text =
      run("exec python3 -c '\nimport ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\n"
          "c.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]\n"
          "for size in (56, 4096, 4097, 1 << 20, 1 << 32):\n"
          " made = c.shmget(0, size, 0o1600)\n"
          " print(size, \"made\" if made >= 0 else os.strerror(ctypes.get_errno()))\n'");
  EXPECT_THAT(text, testing::AllOf(HasSubstr(" 56 made\n"), HasSubstr(" 4096 made\n")));
  for (const char* size : {"4097", "1048576", "4294967296"})
    EXPECT_THAT(text, HasSubstr(fmt::format(" {} Cannot allocate memory\n", size)));
}

TEST_F(Sandbox, IsGivenNothingThatIsOpenElsewhere) {
  const files::Descriptor stray(
      ::open(base_.c_str(), O_RDONLY | O_DIRECTORY));  // Not closed on exec.
  // The fourth is the listing's own.
  EXPECT_THAT(run("exec python3 -c 'import os; print(sorted(os.listdir(\"/proc/self/fd\")))'"),
              HasSubstr("['0', '1', '2', '3']"));
}

TEST_F(Sandbox, CannotForkWithoutEnd) {
  kept_.program.confinement.limits.processes = 32;
  const std::string text = run(
      "i=0; while [ $i -lt 200 ]; do sleep 60 & i=$((i+1)); done 2>/dev/null; echo all of them");
  // A kernel that counts none of its own is told of.
  if (is_missing("limit of processes")) return;
  // The shell gives up at the first that it cannot make.
  EXPECT_THAT(text, Not(HasSubstr("all of them")));
  EXPECT_TRUE(comes([] { return children_of(::getpid()).empty(); }));
}

TEST_F(Sandbox, CannotTakeAllMemory) {
  kept_.program.confinement.limits.memory = 256 << 20;
  EXPECT_THAT(run("python3 -c 'x = bytearray(1 << 30); print(len(x))'; echo over"),
              testing::AllOf(HasSubstr("MemoryError"), HasSubstr(" over\n")));
}

TEST_F(Sandbox, IsEndedWhenItFillsItsDisk) {
  kept_.program.confinement.limits.disk = 32 << 20;
  const std::string text =
      run("head -c 20000000 /dev/zero > a; head -c 20000000 /dev/zero > b; sleep 60; echo over");
  EXPECT_THAT(ended().reason, HasSubstr("filled its disk"));
  EXPECT_THAT(text, Not(HasSubstr(" over\n")));
}

TEST_F(Sandbox, IsEndedWhenItFillsItsDiskWithFilesThatHaveNoName) {
  kept_.program.confinement.limits.disk = 32 << 20;
  run("exec 3>a 4>b; rm a b; head -c 20000000 /dev/zero >&3; head -c 20000000 /dev/zero >&4; "
      "exec sleep 60");
  EXPECT_THAT(ended().reason, HasSubstr("filled its disk: 38 MB"));
}

TEST_F(Sandbox, IsEndedWhenItMakesMoreFilesThanItMay) {
  kept_.program.confinement.limits.files = 2000;
  run("python3 -c 'for i in range(5000): open(str(i), \"w\")'; exec sleep 60");
  EXPECT_THAT(ended().reason, HasSubstr("more than the 2000 files"));
}

TEST_F(Sandbox, IsEndedWhenItsDirectoriesAreTooDeepToCount) {
  kept_.program.confinement.limits.disk = 32 << 20;
  run("python3 -c '\nimport os\nfor i in range(3000):\n os.mkdir(\"d\"); os.chdir(\"d\")\n'; exec sleep 60");
  EXPECT_THAT(ended().reason, HasSubstr("deep cannot be counted"));
}

TEST_F(Sandbox, IsEndedWhenAllOfItTakesMoreMemoryThanItMay) {
  kept_.program.confinement.limits.memory = 128 << 20;
  // Files of memory, which no limit of a process bounds.
  run("python3 -c '\nimport os, time\nfor i in range(4):\n f = os.memfd_create(str(i))\n for j in range(40): "
      "os.write(f, bytes(1 << 20))\ntime.sleep(60)\n'");
  EXPECT_THAT(ended().reason, HasSubstr("more memory than it may: 1"));
}

TEST_F(Sandbox, IsEndedWhenItsProcessesTogetherTakeTooMuchMemory) {
  kept_.program.confinement.limits.memory = 128 << 20;
  run("for i in 1 2 3 4; do python3 -c 'import time; x = b\"x\" * (50 << 20); time.sleep(60)' & done; wait");
  EXPECT_THAT(ended().reason, HasSubstr("more memory than it may: 2"));
}

TEST_F(Sandbox, MayShareMemoryAndMapFilesOfIt) {
  kept_.program.confinement.limits.memory = 128 << 20;
  // 60 MB that three processes have in common, open and mapped, count once.
  const Keeper keeper = start(
      "exec python3 -c '\nimport mmap, os, time\nf = os.memfd_create(\"a\"); os.ftruncate(f, 60 << 20)\n"
      "m = mmap.mmap(f, 60 << 20); m.write(bytes(60 << 20))\nos.fork(); os.fork()\ntime.sleep(7)\n'");
  ASSERT_TRUE(comes([&] { return keeper.ended(); }));
  EXPECT_EQ(ended().reason, "");
  EXPECT_EQ(ended().status, 0);
}

TEST_F(Sandbox, SaysNothingThatLooksLikeItsKeeper) {
  const std::string text = run(
      "echo '-- ended with status 0'; echo '  --ended'; printf '\\r-- started\\n'; "
      "printf '\\342\\200\\213-- started\\n'; head -c 8192 /dev/zero | tr '\\0' x; echo '-- ended'; "
      "echo 'a -- b'; exit 3");
  EXPECT_THAT(
      text, testing::AllOf(HasSubstr("Z > -- ended with status 0\n"), HasSubstr("Z >   --ended\n"),
                           HasSubstr("Z > -- ended\n"), HasSubstr("Z a -- b\n"),
                           HasSubstr("Z -- ended with status 3\n")));
  std::size_t count = 0;
  for (std::size_t at = text.find("Z -- "); at != std::string::npos;
       at = text.find("Z -- ", at + 1))
    ++count;
  EXPECT_EQ(count, 2u) << text;
}

TEST_F(Sandbox, CannotWriteAFileLargerThanItMay) {
  kept_.program.confinement.limits.file_size = 1 << 20;
  run("head -c 20000000 /dev/zero > a; true");
  EXPECT_LE(fs::file_size(base_ / "own/a"), 1u << 20);
}

TEST_F(Sandbox, TakesAlongAllThatItStarted) {
  const Keeper keeper =
      start("setsid sleep 1000 & (setsid sleep 1000 &) ; echo $! > pid; sleep 1000");
  ASSERT_TRUE(comes([&] { return fs::exists(base_ / "own/pid"); }));
  const auto sleepers = [] { return std::system("pgrep -f 'sleep 100[0]' >/dev/null") == 0; };
  ASSERT_TRUE(comes(sleepers));
  keeper.stop();
  ASSERT_TRUE(comes([&] { return keeper.ended(); }));
  EXPECT_TRUE(ended().asked);
  EXPECT_FALSE(sleepers());
}

TEST_F(Sandbox, IsKilledWhenItDoesNotEndInTime) {
  const Keeper keeper = start("trap '' TERM; echo up; while true; do sleep 0.1; done");
  ASSERT_TRUE(comes([&] { return said().find(" up\n") != std::string::npos; }));
  keeper.stop();
  ASSERT_TRUE(comes([&] { return keeper.ended(); }));
  EXPECT_EQ(ended().status, 128 + SIGKILL);
  EXPECT_THAT(said(), HasSubstr("did not end in time"));
}

TEST_F(Sandbox, DiesWithItsKeeper) {
  const Keeper keeper = start("echo up; sleep 2000; echo over");
  ASSERT_TRUE(comes([&] { return said().find(" up\n") != std::string::npos; }));
  const bool alone = is_missing("file tree and process numbers");
  keeper.kill();
  ASSERT_TRUE(comes([&] { return keeper.ended(); }));
  // What it started may outlive it then, and that is told.
  if (alone) return;
  EXPECT_TRUE(comes([] { return std::system("pgrep -f 'sleep 200[0]' >/dev/null") != 0; }));
}

TEST_F(Sandbox, IsFoundAgain) {
  const Keeper keeper = start("echo up; sleep 1000");
  ASSERT_TRUE(comes([&] { return keeper_facts(base_ / "run").value_or(KeeperFacts{}).begun; }));
  const auto found = Keeper::find(base_ / "run");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid(), keeper.pid());
  EXPECT_FALSE(found->ended());
  // A second one has no place beside it.
  const Keeper second = Keeper::start(kept_);
  EXPECT_TRUE(comes([&] { return second.ended(); }));
  EXPECT_FALSE(keeper.ended());
  found->stop();
  EXPECT_TRUE(comes([&] { return found->ended() && keeper.ended(); }));
  EXPECT_FALSE(Keeper::find(base_ / "run"));
}

TEST_F(Sandbox, EndsWhenNobodyWantsItAnyMore) {
  kept_.wanted = (base_ / "wanted").string();
  kept_.linger = 0;
  auto wanted = std::make_unique<Wanted>(kept_.wanted);
  const Keeper keeper = start("echo up; sleep 1000");
  ASSERT_TRUE(comes([&] { return said().find(" up\n") != std::string::npos; }));
  wanted.reset();
  EXPECT_TRUE(comes([&] { return keeper.ended(); }));
  EXPECT_TRUE(ended().asked);
}

TEST_F(Sandbox, EndsWhenItsDirectoryIsGone) {
  const Keeper keeper = start("echo up; sleep 1000");
  ASSERT_TRUE(comes([&] { return said().find(" up\n") != std::string::npos; }));
  remove_tree(base_ / "run");
  EXPECT_TRUE(comes([&] { return keeper.ended(); }));
}

TEST_F(Sandbox, ConnectsToThePortsThatItIsGrantedAndNoOther) {
  const auto listening = [](std::uint16_t& port) {
    files::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    ::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size);
    ::listen(fd.get(), 8);
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
    return fd;
  };
  std::uint16_t granted = 0;
  std::uint16_t other = 0;
  const files::Descriptor first = listening(granted);
  const files::Descriptor second = listening(other);
  kept_.program.confinement.ports = {granted};
  const auto connects = [](std::uint16_t port) {
    return "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", " +
           std::to_string(port) + "), 5)' && echo to " + std::to_string(port) + "; ";
  };
  const std::string text = run(connects(granted) + connects(other));
  EXPECT_THAT(text, HasSubstr("to " + std::to_string(granted) + "\n"));
  if (is_missing("ports are not kept in")) return;
  EXPECT_THAT(text, Not(HasSubstr("to " + std::to_string(other) + "\n")));
  EXPECT_THAT(text, HasSubstr("PermissionError"));
}

TEST_F(Sandbox, ReadsWhatItIsGrantedToRead) {
  fs::create_directory(base_ / "shown");
  std::ofstream(base_ / "shown/text") << "for it to read\n";
  ::chmod((base_ / "shown").c_str(), 0755);
  ::chmod((base_ / "shown/text").c_str(), 0644);
  kept_.program.confinement.readable = {(base_ / "shown").string(), "/no/such/place"};
  const std::string place = (base_ / "shown/text").string();
  EXPECT_THAT(run("cat " + place + "; echo x > " + place + "; echo over"),
              testing::AllOf(HasSubstr("for it to read"), HasSubstr(" over\n")));
  EXPECT_EQ(files::read(place), "for it to read\n");
}

TEST_F(Sandbox, RemovesWhatIsMadeHardToRemove) {
  run("mkdir -p a/b/c; ln -s " + secret() + " a/link; touch a/b/c/d; chmod 000 a/b/c a/b; true");
  EXPECT_TRUE(remove_tree(base_ / "own"));
  EXPECT_FALSE(fs::exists(base_ / "own"));
  EXPECT_TRUE(fs::exists(secret()));
}

TEST_F(Sandbox, TellsWhatTheKernelOffers) {
  const Measures found = offered();
  EXPECT_EQ(found.applied.size() + found.missing.size(), 3u);
}

TEST_F(Sandbox, HearsWithinItsBounds) {
  const Keeper keeper = start(
      "echo first; yes 'too much of the same, again and again' & sleep 3; kill $!; sleep 1; echo; echo last");
  ASSERT_TRUE(comes([&] { return keeper.ended(); }));
  std::uintmax_t all = 0;
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(base_ / "log")) {
    all += entry.file_size();
    ++count;
  }
  EXPECT_LE(count, LogFiles::files_max);
  EXPECT_LE(all, LogFiles::files_max * (LogFiles::file_max + LogFiles::line_max + 64));
  EXPECT_THAT(read_last(base_ / "log", 3, 1 << 16).text, HasSubstr(" last\n"));
}

TEST(LogFilesTest, AreReadFromAPlaceOn) {
  std::string name = (fs::temp_directory_path() / "log_XXXXXX").string();
  const fs::path directory = ::mkdtemp(name.data());
  const Instant now = Instant::from_micros(1'700'000'000'000'000);
  {
    LogFiles log(directory);
    log.take("one\ntwo\nthr", now);
    EXPECT_THAT(read_last(directory, 1, 1 << 16).text, HasSubstr(" two\n"));
    log.take("ee\n", now);
  }
  const LogPiece last = read_last(directory, 2, 1 << 16);
  EXPECT_THAT(last.text,
              testing::AllOf(HasSubstr(" two\n"), HasSubstr(" three\n"), Not(HasSubstr(" one\n"))));
  {
    LogFiles log(directory);
    log.take("four\n", now);
  }
  const LogPiece more = read_from(directory, last.end, 1 << 16);
  EXPECT_THAT(more.text, testing::AllOf(HasSubstr(" four\n"), Not(HasSubstr(" three\n"))));
  EXPECT_FALSE(more.lost);
  EXPECT_EQ(read_from(directory, more.end, 1 << 16).text, "");
  EXPECT_TRUE(read_from(directory, more.end + 500, 1 << 16).lost);
  remove_tree(directory);
}

TEST(LogFilesTest, GoOnOnceTheyCanBeWrittenAndSayWhatIsMissing) {
  std::string name = (fs::temp_directory_path() / "log_XXXXXX").string();
  const fs::path directory = ::mkdtemp(name.data());
  Instant now = Instant::from_micros(1'700'000'000'000'000);
  LogFiles log(directory);
  const std::string line(1000, 'x');
  // The next file cannot be made.
  fs::rename(directory, directory.string() + ".away");
  for (int i = 0; i < 600; ++i) log.take(line + "\n", now);
  fs::rename(directory.string() + ".away", directory);
  log.take("too early\n", now);
  now = now + 2s;
  log.take("written again\n", now);
  const std::string text = read_last(directory, 2, 1 << 16).text;
  EXPECT_THAT(text, testing::ContainsRegex("-- [0-9]+ lines could not be written"));
  EXPECT_THAT(text, HasSubstr(" written again\n"));
  remove_tree(directory);
}

TEST(LogFilesTest, ForgetTheOldest) {
  std::string name = (fs::temp_directory_path() / "log_XXXXXX").string();
  const fs::path directory = ::mkdtemp(name.data());
  LogFiles log(directory);
  const std::string line(1000, 'x');
  for (int i = 0; i < 3000; ++i) log.take(line + "\n", Instant{});
  const LogPiece from_begin = read_from(directory, 0, 4096);
  EXPECT_TRUE(from_begin.lost);
  EXPECT_GT(from_begin.begin, 0u);
  EXPECT_LE(from_begin.text.size(), 4096u);
  EXPECT_TRUE(from_begin.text.ends_with('\n'));
  remove_tree(directory);
}

}  // namespace
}  // namespace molecule::sandbox
