// A confined program that goes on when whoever started it ends, and is found again. A keeper, a
// small process of ours, starts it, writes what it says into bounded files, watches what it takes
// of the disk, ends all that it left behind, and leaves word of how it ended. The keeper itself
// ends it when nobody wants it any more.
//
// In the directory `run`, which only the keeper writes: `lock`, held for as long as the keeper
// lives, so that there is one; `keeper`, who it is; `ended`, how it came out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "platform/files/descriptor.h"
#include "platform/sandbox/confined.h"

namespace molecule::sandbox {

struct Kept {
  Program program;
  std::string run;  // What lies beside it is the program's own.
  std::string log;
  // A file that is held locked by whoever wants the program to go on. It is asked to end once
  // nobody has held it for `linger` seconds, and at once when `run` is gone.
  std::string wanted;
  std::int64_t linger = 60;
  std::int64_t grace = 10;  // Seconds from SIGTERM to SIGKILL.
};
BOOST_DESCRIBE_STRUCT(Kept, (), (program, run, log, wanted, linger, grace))

struct Ended {
  std::int64_t status = 0;  // Its exit status; 128 and the signal that ended it.
  bool asked = false;       // It was asked to end.
  std::string reason;       // Why it did not begin, or was ended; empty: by itself.
  std::int64_t at = 0;      // Microseconds of the wall clock.
};
BOOST_DESCRIBE_STRUCT(Ended, (), (status, asked, reason, at))

struct KeeperFacts {
  std::int64_t pid = 0;
  std::int64_t started = 0;  // Clock ticks since the machine's start, as the kernel has it.
  Measures measures;
  bool begun = false;  // The program runs.
};
BOOST_DESCRIBE_STRUCT(KeeperFacts, (), (pid, started, measures, begun))

// Word of a first argument by which this executable becomes a keeper.
inline constexpr std::string_view keeper_word = "keep-confined";
// Becomes one; what it keeps is told on standard input. Its exit status.
int keep();

// A keeper that runs. All of it blocks for moments at most.
class Keeper {
 public:
  // Starts one. Throws Fault internal `not_started`.
  static Keeper start(const Kept& kept);
  // The one that runs on the directory; nothing where there is none.
  static std::optional<Keeper> find(const std::filesystem::path& run);

  std::int64_t pid() const { return pid_; }
  int descriptor() const { return process_.get(); }  // Readable once it has ended.
  bool ended() const;
  // Asks it to end what it keeps, which takes the grace at most.
  void stop() const;
  // Ends it and what it keeps, at once.
  void kill() const;

 private:
  Keeper(std::int64_t pid, files::Descriptor process, bool child)
      : pid_(pid), process_(std::move(process)), child_(child) {}
  std::int64_t pid_ = 0;
  files::Descriptor process_;
  mutable bool child_ = false;  // Ours to wait for.
};

// What keepers left in the directory.
std::optional<KeeperFacts> keeper_facts(const std::filesystem::path& run);
std::optional<Ended> how_it_ended(const std::filesystem::path& run);

// Held by whoever wants what is kept; see Kept::wanted. Waits for keepers that look at it just now.
class Wanted {
 public:
  explicit Wanted(const std::filesystem::path& file);

 private:
  files::Descriptor file_;
};

// Whether programs may be made those of other users.
bool chooses_users();
// Where this executable lies, or the one that has taken its place since.
std::string own_program();

}  // namespace molecule::sandbox
