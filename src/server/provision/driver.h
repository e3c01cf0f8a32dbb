// How an agent is run on a machine. The process driver is one way; another needs the same verbs.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/secret.h"
#include "platform/sandbox/attended.h"
#include "platform/sandbox/kept.h"
#include "platform/sandbox/log_files.h"

namespace molecule::provision {

// What an agent is started with.
struct Order {
  WorkspaceId id;
  std::string name;
  std::string role;
  std::string runtime;
  std::string model;
  std::string command;
  int tier = 3;
  std::optional<std::string> shared;  // A directory of the machine that it may see,
  bool shared_writable = false;       // and change.
  Secret token;                       // Not needed by a shell.
};

// A shell in the room of an agent, whether or not the agent runs.
struct Shell {
  std::string command;  // A line for it; empty: what is typed.
  bool terminal = true;
  std::string kind;  // TERM.
  sandbox::Size size;
};

// What a person may work with of an agent's files, whether it runs or not.
struct Premises {
  std::string driver;
  std::filesystem::path config, workspace, home;
  std::filesystem::path incoming;  // The agent does not see it; it may be made, beside the others.
  std::int64_t user = 0;           // Whom files belong to; 0: who the platform is.
  std::uint64_t disk_max = 0;      // Bytes that the three may have together.
};

// One that was started. Its verbs never wait.
class Running {
 public:
  virtual ~Running() = default;
  virtual bool ended() const = 0;
  virtual void stop() = 0;  // Asks it to end; it does within the driver's grace.
  virtual void kill() = 0;
  virtual std::int64_t pid() const = 0;
};

// All of these may block for a while, and are called from one thread.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual std::string_view name() const = 0;
  // Throws Fault with the reason.
  virtual std::unique_ptr<Running> start(const Order& order) = 0;
  // The one that runs since before; null where there is none.
  virtual std::unique_ptr<Running> find(WorkspaceId id) = 0;
  // Throws Fault with the reason.
  virtual sandbox::Attendant attend(const Order& order, const Shell& shell) = 0;
  virtual std::optional<sandbox::Ended> how_it_ended(WorkspaceId id) = 0;
  virtual sandbox::Measures measures(WorkspaceId id) = 0;
  virtual sandbox::LogPiece last_lines(WorkspaceId id, std::size_t lines) = 0;
  virtual sandbox::LogPiece lines_from(WorkspaceId id, std::uint64_t place) = 0;
  // All that is left of it, for one turn at most. False when something is left, which the next turn
  // goes on with. Called from a thread of its own, beside the others.
  static constexpr std::chrono::seconds erase_turn{2};
  virtual bool erase(WorkspaceId id) = 0;
  // Of which something is here.
  virtual std::vector<WorkspaceId> all_here() = 0;
  virtual std::string directory(WorkspaceId id) const = 0;
  // Never waits; any thread.
  virtual Premises premises(WorkspaceId id, int tier) const = 0;
};

}  // namespace molecule::provision
