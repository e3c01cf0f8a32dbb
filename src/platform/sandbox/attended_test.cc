// Real programs in front of which somebody sits, who types, leaves, or does not listen.
#include "platform/sandbox/attended.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/sandbox/trees.h"

// This executable is the attendant as well, as the product is.
__attribute__((constructor)) static void be_attendant(int argc, char** argv) {
  if (argc == 2 && argv[1] == molecule::sandbox::attendant_word)
    ::_exit(molecule::sandbox::attend());
}

namespace molecule::sandbox {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using Kind = LinkFrame::Kind;
using Clock = std::chrono::steady_clock;

constexpr auto patience = 20s;

template <class Fn>
bool comes(Fn&& fn) {
  const auto until = Clock::now() + patience;
  while (Clock::now() < until) {
    if (fn()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

// Processes whose command line has the text.
int running(const std::string& text) {
  int found = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    std::ifstream file(entry.path() / "cmdline");
    std::stringstream words;
    words << file.rdbuf();
    if (words.str().find(text) != std::string::npos) ++found;
  }
  return found;
}

// A link with whoever sits at its end.
class Sitting {
 public:
  explicit Sitting(const Attention& attention) : attendant_(Attendant::start(attention)) {
    link_ = files::Descriptor(attendant_.take_link());
  }

  void say(Kind kind, std::string_view bytes) {
    std::string frame;
    append_frame(frame, kind, bytes);
    for (std::string_view rest = frame; !rest.empty();) {
      const ssize_t put = ::send(link_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (put > 0) {
        rest.remove_prefix(static_cast<std::size_t>(put));
        continue;
      }
      pollfd watched{link_.get(), POLLOUT, 0};
      if (::poll(&watched, 1, 10'000) <= 0) return;
    }
  }
  void type(std::string_view text) { say(Kind::input, text); }
  // As much as is taken without waiting.
  std::size_t type_all(std::size_t most) {
    std::string frame;
    append_frame(frame, Kind::input, std::string(link_piece, 'x'));
    std::size_t sum = 0;
    for (auto until = Clock::now() + 2s; sum < most && Clock::now() < until;) {
      const ssize_t put = ::send(link_.get(), frame.data(), frame.size(), MSG_NOSIGNAL);
      if (put == static_cast<ssize_t>(frame.size())) {
        sum += link_piece;
        until = Clock::now() + 2s;
      } else if (put > 0) {
        break;
      }
    }
    return sum;
  }

  // Listens until the text was said, or it is over.
  bool hears(std::string_view text) {
    return listen([&] { return output.find(text) != std::string::npos; });
  }
  bool ends() {
    return listen([&] { return finished || !refusal.empty(); });
  }
  void leave() { link_ = files::Descriptor(); }
  bool attendant_ended() const { return attendant_.ended(); }

  std::string output, errors, refusal;
  Measures measures;
  std::optional<Finished> finished;

 private:
  template <class Fn>
  bool listen(Fn&& done) {
    const auto until = Clock::now() + patience;
    while (!done()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      pollfd watched{link_.get(), POLLIN, 0};
      if (left <= 0ms || ::poll(&watched, 1, static_cast<int>(left.count())) <= 0) return false;
      std::array<char, 16 << 10> some{};
      const ssize_t got = ::recv(link_.get(), some.data(), some.size(), 0);
      if (got <= 0) return done();
      heard_.append(some.data(), static_cast<std::size_t>(got));
      while (const auto frame = first_frame(heard_)) {
        take(*frame);
        heard_.erase(0, link_head + frame->bytes.size());
      }
    }
    return true;
  }
  void take(const LinkFrame& frame) {
    switch (frame.kind) {
      case Kind::begun: measures = json::read<Measures>(frame.bytes); break;
      case Kind::refused: refusal = frame.bytes; break;
      case Kind::output: output += frame.bytes; break;
      case Kind::errors: errors += frame.bytes; break;
      case Kind::finished: finished = json::read<Finished>(frame.bytes); break;
      default: FAIL() << "no frame of an attendant";
    }
  }

  Attendant attendant_;
  files::Descriptor link_;
  std::string heard_;
};

class Attended : public testing::Test {
 protected:
  Attended() {
    std::string name = (fs::temp_directory_path() / "attended_XXXXXX").string();
    base_ = ::mkdtemp(name.data());
    for (const char* each : {"own", "tmp", "run"}) fs::create_directory(base_ / each);
    std::ofstream(base_ / "secret") << "the secret of the one who starts it";
    Program& program = attention_.program;
    program.arguments = {"/bin/sh"};
    program.environment = {"PATH=/usr/bin:/bin", "PS1=> "};
    program.directory = (base_ / "own").string();
    program.confinement.writable = {program.directory};
    program.confinement.temporary = (base_ / "tmp").string();
    attention_.run = (base_ / "run").string();
    if (::getuid() == 0) {
      program.confinement.user = 1'900'000'000;
      for (const char* each : {"own", "tmp"})
        if (::chown((base_ / each).c_str(), 1'900'000'000, 1'900'000'000) != 0) std::abort();
    }
    marker_ = std::to_string(::getpid()) + base_.filename().string();
  }
  ~Attended() override { remove_tree(base_); }

  void without_terminal(const std::string& script) {
    attention_.terminal = false;
    attention_.program.arguments = {"/bin/sh", "-c", script};
  }

  fs::path base_;
  Attention attention_;
  std::string marker_;  // In the command line of what a test starts, to find it again.
};

TEST_F(Attended, IsATerminalOfItsOwn) {
  attention_.columns = 101;
  attention_.rows = 37;
  Sitting sitting(attention_);
  sitting.type("echo a$((1+1))b; stty size; tty; test -w $(tty) && echo may''write\n");
  ASSERT_TRUE(sitting.hears("maywrite\r\n")) << sitting.output << sitting.refusal;
  EXPECT_THAT(sitting.output, HasSubstr("a2b\r\n"));
  EXPECT_THAT(sitting.output, HasSubstr("37 101\r\n"));
  EXPECT_THAT(sitting.output, HasSubstr("/dev/pts/"));
  EXPECT_THAT(sitting.measures.applied, testing::Contains("filter of system calls"));
  sitting.type("exit 7\n");
  ASSERT_TRUE(sitting.ends());
  EXPECT_EQ(sitting.finished->status, 7);
  EXPECT_EQ(sitting.finished->reason, "");
  EXPECT_TRUE(comes([&] { return sitting.attendant_ended(); }));
}

TEST_F(Attended, HearsOfAnotherSize) {
  Sitting sitting(attention_);
  sitting.type("trap 'echo changed' WINCH; echo re''ady\n");
  ASSERT_TRUE(sitting.hears("ready\r\n"));
  sitting.say(Kind::size, json::text(Size{132, 50}));
  sitting.type("stty size\n");
  EXPECT_TRUE(sitting.hears("50 132\r\n")) << sitting.output;
  EXPECT_TRUE(sitting.hears("changed\r\n")) << sitting.output;
}

TEST_F(Attended, IsInterruptedByWhatIsTyped) {
  Sitting sitting(attention_);
  sitting.type("sh -c 'exec sleep 1000." + std::to_string(::getpid()) + "'; echo not reached\n");
  ASSERT_TRUE(comes([&] {
    return running(std::string("sleep\0", 6) + "1000." + std::to_string(::getpid())) > 0;
  }));
  sitting.type("\x03");
  ASSERT_TRUE(sitting.hears("^C\r\n> ")) << sitting.output;
  sitting.type("echo st''ill here\n");
  EXPECT_TRUE(sitting.hears("still here\r\n"));
  EXPECT_THAT(sitting.output, Not(HasSubstr("\nnot reached\r\n")));
}

TEST_F(Attended, HasThreeStreamsWithoutATerminal) {
  without_terminal("cat; echo of errors >&2; tty; exit 3");
  Sitting sitting(attention_);
  const std::string bytes("any \0 bytes\r\n\x04\x03", 15);
  sitting.type(bytes);
  sitting.say(Kind::input_end, {});
  ASSERT_TRUE(sitting.ends());
  EXPECT_EQ(sitting.output, bytes + "not a tty\n");
  EXPECT_EQ(sitting.errors, "of errors\n");
  EXPECT_EQ(sitting.finished->status, 3);
}

TEST_F(Attended, SaysAllThatItSaidBeforeItEnded) {
  without_terminal("head -c 1000000 /dev/zero; exit 0");
  Sitting sitting(attention_);
  ASSERT_TRUE(sitting.ends());
  EXPECT_EQ(sitting.output.size(), 1'000'000u);
}

TEST_F(Attended, IsHeldInAsAProgramOfItsOwnIs) {
  without_terminal("cat " + (base_ / "secret").string() + "; ls " + (base_ / "run").string() +
                   " && echo listed; cat /proc/" + std::to_string(::getpid()) +
                   "/environ; touch /usr/z && echo wrote; grep -E 'NoNewPrivs|Seccomp:|CapEff' "
                   "/proc/self/status; env; echo x > mine && echo may");
  ::setenv("SECRET_OF_WHO_STARTS_IT", "1", 1);
  Sitting sitting(attention_);
  ::unsetenv("SECRET_OF_WHO_STARTS_IT");
  ASSERT_TRUE(sitting.ends());
  EXPECT_THAT(sitting.output, Not(HasSubstr("the secret")));
  EXPECT_THAT(sitting.output, Not(HasSubstr("listed")));
  EXPECT_THAT(sitting.output, Not(HasSubstr("wrote")));
  EXPECT_THAT(sitting.output, Not(HasSubstr("SECRET_OF")));
  EXPECT_THAT(sitting.output, ContainsRegex("NoNewPrivs:.1"));
  EXPECT_THAT(sitting.output, ContainsRegex("Seccomp:.2"));
  EXPECT_THAT(sitting.output, ContainsRegex("CapEff:.0000000000000000"));
  EXPECT_THAT(sitting.output, HasSubstr("may\n"));
  EXPECT_TRUE(fs::exists(base_ / "own/mine"));
}

TEST_F(Attended, TakesAllThatItStartedAlong) {
  Sitting sitting(attention_);
  sitting.type("setsid sh -c 'sleep 1000; : " + marker_ + "-one' &\n");
  sitting.type("(trap '' HUP TERM; sh -c 'trap \"\" HUP TERM; sleep 1000; : " + marker_ +
               "-two') &\necho be''gun\n");
  ASSERT_TRUE(sitting.hears("begun\r\n"));
  ASSERT_TRUE(
      comes([&] { return running(marker_ + "-one") > 0 && running(marker_ + "-two") > 0; }));
  sitting.leave();
  EXPECT_TRUE(comes([&] { return running(marker_) == 0; }));
  EXPECT_TRUE(comes([&] { return sitting.attendant_ended(); }));
}

TEST_F(Attended, LeavesNothingWhenItEndsByItself) {
  Sitting sitting(attention_);
  sitting.type("setsid sh -c 'sleep 1000; : " + marker_ + "' &\necho be''gun\n");
  ASSERT_TRUE(sitting.hears("begun\r\n"));
  ASSERT_TRUE(comes([&] { return running(marker_) > 0; }));
  sitting.type("exit 0\n");
  ASSERT_TRUE(sitting.ends());
  EXPECT_TRUE(comes([&] { return running(marker_) == 0; }));
}

TEST_F(Attended, DiesWithItsAttendant) {
  auto sitting = std::make_unique<Sitting>(attention_);
  sitting->type("trap '' HUP TERM; sh -c 'sleep 1000; : " + marker_ + "'\n");
  ASSERT_TRUE(comes([&] { return running(marker_) > 0; }));
  sitting.reset();  // Which does not wait for it to end by itself.
  EXPECT_TRUE(comes([&] { return running(marker_) == 0; }));
}

TEST_F(Attended, WaitsForWhoDoesNotListen) {
  attention_.program.arguments = {"/bin/sh", "-c", "yes " + marker_};
  Sitting sitting(attention_);
  ASSERT_TRUE(sitting.hears(marker_));
  // It stands still once nobody takes what it says: what lies between has an end.
  const auto cpu = [&] {
    std::string stat;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream words(entry.path() / "cmdline");
      std::string name;
      std::getline(words, name, '\0');
      std::string argument;
      std::getline(words, argument, '\0');
      if (!name.ends_with("yes") || argument != marker_) continue;
      std::ifstream file(entry.path() / "stat");
      std::string all;
      std::getline(file, all);
      std::istringstream fields(all.substr(all.rfind(')') + 2));
      std::string field;
      for (int at = 0; at < 13; ++at) {
        fields >> field;
        if (at >= 11) stat += field + " ";
      }
    }
    return stat;
  };
  std::string before;
  EXPECT_TRUE(comes([&] {
    const std::string now = cpu();
    std::this_thread::sleep_for(300ms);
    before = cpu();
    return !now.empty() && now == before;
  }));
  sitting.leave();
  EXPECT_TRUE(comes([&] { return running(marker_) == 0; }));
}

TEST_F(Attended, TakesNoMoreInputThanItsProgram) {
  without_terminal("sleep 1000; : " + marker_);
  Sitting sitting(attention_);
  constexpr std::size_t lots = 64u << 20;
  EXPECT_LT(sitting.type_all(lots), 2u << 20);
  sitting.leave();
  EXPECT_TRUE(comes([&] { return running(marker_) == 0; }));
}

TEST_F(Attended, IsEndedWhenItFillsItsDisk) {
  attention_.program.confinement.limits.disk = 1 << 20;
  without_terminal("head -c 20000000 /dev/zero > big; sleep 1000");
  Sitting sitting(attention_);
  ASSERT_TRUE(sitting.ends());
  EXPECT_THAT(sitting.finished->reason, HasSubstr("it filled its disk"));
}

TEST_F(Attended, SaysWhyItCannotBegin) {
  attention_.program.arguments = {"/usr/bin/no-such-shell"};
  Sitting sitting(attention_);
  ASSERT_TRUE(sitting.ends());
  EXPECT_THAT(sitting.refusal, HasSubstr("/usr/bin/no-such-shell cannot be started"));
}

TEST(Link, JoinsFramesFromPieces) {
  std::string bytes;
  append_frame(bytes, Kind::input, "ab");
  append_frame(bytes, Kind::input_end, "");
  for (std::size_t size = 0; size < link_head + 2; ++size)
    EXPECT_FALSE(first_frame(std::string_view(bytes).substr(0, size))) << size;
  const auto first = first_frame(bytes);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->bytes, "ab");
  const auto second = first_frame(std::string_view(bytes).substr(link_head + 2));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->kind, Kind::input_end);
  EXPECT_THROW(first_frame(std::string("i\x7f\0\0\0", 5)), Fault);
}

}  // namespace
}  // namespace molecule::sandbox
