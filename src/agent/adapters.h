// How each runtime's program is called: which executor drives it, with which words and variables. A
// row of wire/runtimes, and a few lines here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "agent/config.h"
#include "agent/executor.h"
#include "platform/io/clock.h"
#include "platform/io/loop.h"
#include "wire/runtimes/runtimes.h"

namespace molecule::agent {

// Where things are on this machine, for one workspace.
struct Places {
  std::filesystem::path config;     // The configuration's directory, which is ours alone.
  std::filesystem::path workspace;  // Where the agent works.
  std::filesystem::path home;       // Where its program keeps its own things.
  std::string path;                 // Where programs are looked for.
  // Files of sessions that are open.
  std::filesystem::path sessions() const { return config / ".state" / "sessions"; }
  std::string self;  // The program that this is: it is the agent's MCP server, too.
};

// Throws Fault bad_request where this version cannot drive it.
std::unique_ptr<Executor> executor_for(const runtimes::Runtime& runtime, const Config& config,
                                       const Places& places, io::Loop& loop, io::Random& random);

}  // namespace molecule::agent
