// Agents that the platform starts on its machine, as the API shows them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/json/shape.h"

namespace molecule::api {

struct RuntimeOffer {
  std::string id;
  std::string title;
  std::string does;
  std::vector<std::string> keys;
  std::string program;
  json::Omit<std::string> program_path;
  std::string install;
  bool takes_command = false;
  bool startable = false;
  json::Omit<std::string> why_not;

  static constexpr std::array about{
      json::About{"keys", "secrets of which its agent needs one"},
      json::About{"program", "what has to be on the machine; empty: nothing"},
      json::About{"program_path", "where it is there"},
      json::About{"install", "the line that installs the program"},
      json::About{"takes_command", "a command line says what runs"},
      json::About{"startable", "an agent of it can be started here and now"},
      json::About{"why_not", "the reason when none can"}};
};
BOOST_DESCRIBE_STRUCT(RuntimeOffer, (),
                      (id, title, does, keys, program, program_path, install, takes_command,
                       startable, why_not))

// What holds an agent in, and what could not be had.
struct Isolation {
  std::vector<std::string> applied;
  std::vector<std::string> missing;
};
BOOST_DESCRIBE_STRUCT(Isolation, (), (applied, missing))

// Answer of GET /runtimes.
struct RuntimeOffers {
  bool agents = false;
  json::Omit<std::string> why_not;
  std::string machine;
  std::string driver;
  std::int64_t tier_max = 3;
  Isolation isolation;
  std::vector<RuntimeOffer> runtimes;

  static constexpr std::array about{json::About{"agents", "agents are started on this machine"},
                                    json::About{"isolation", "what this machine's kernel offers"}};
};
BOOST_DESCRIBE_STRUCT(RuntimeOffers, (),
                      (agents, why_not, machine, driver, tier_max, isolation, runtimes))

enum class ProcessState { starting, running, waiting, stopping, stopped, ended, elsewhere };
BOOST_DESCRIBE_ENUM(ProcessState, starting, running, waiting, stopping, stopped, ended, elsewhere)

// Answer of GET /workspaces/{id}/process.
struct AgentProcess {
  WorkspaceId workspace_id;
  ProcessState state = ProcessState::starting;
  std::string machine;
  std::string driver;
  std::string runtime;
  std::int64_t tier = 3;
  json::Omit<std::int64_t> pid;
  json::Omit<Instant> started_at;
  std::int64_t crashes = 0;
  json::Omit<std::string> reason;
  json::Omit<std::int64_t> next_start_seconds;
  std::string directory;
  Isolation isolation;

  static constexpr std::array about{
      json::About{"state",
                  "waiting: started again later; ended: not started again by itself; elsewhere: it "
                  "is another machine's"},
      json::About{"machine", "the machine that it belongs to"}, json::About{"crashes", "in a row"},
      json::About{"reason", "why it does not run, or did not last time"},
      json::About{"directory", "where its files lie on that machine; empty when it is another's"}};
};
BOOST_DESCRIBE_STRUCT(AgentProcess, (),
                      (workspace_id, state, machine, driver, runtime, tier, pid, started_at,
                       crashes, reason, next_start_seconds, directory, isolation))

// Answer of GET /workspaces/{id}/logs.
struct AgentLog {
  std::vector<std::string> lines;
  std::int64_t next = 0;
  bool lost = false;

  static constexpr std::array about{
      json::About{"lines", "each with its time; credentials are left out"},
      json::About{"next", "what `since` takes to go on from here"},
      json::About{"lost", "some of what `since` asked for is not kept any more"}};
};
BOOST_DESCRIBE_STRUCT(AgentLog, (), (lines, next, lost))

}  // namespace molecule::api
