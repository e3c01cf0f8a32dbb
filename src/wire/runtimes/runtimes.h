// The runtimes that a workspace may have: what each needs, and how it is driven. Both sides stand
// on this table: the platform, which offers them and starts `molecule runtime`, and that program,
// which drives them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/fields.h"

namespace molecule::runtimes {

// How an agent's program is spoken to.
enum class Executor : std::uint8_t {
  exec,         // A command a message: text on its standard input, the answer on its output.
  stream_json,  // One process, lines of JSON both ways.
  acp,          // One process, the Agent Client Protocol.
  app_server,   // One process, JSON-RPC lines with threads and turns.
  agent_http,   // A server of its own, asked over HTTP with answers in pieces.
  worker,       // A worker program around a framework.
  router,       // No program: models asked directly.
};
BOOST_DESCRIBE_ENUM(Executor, exec, stream_json, acp, app_server, agent_http, worker, router)

struct Runtime {
  std::string_view id;     // As config.yaml and the platform name it.
  std::string_view title;  // For people.
  std::string_view does;   // In half a sentence.
  Executor executor;
  std::string_view program;  // Looked for in PATH; empty: it needs none.
  std::string_view install;  // The line that installs the program; empty: there is none.
  std::span<const std::string_view> keys;  // One of these variables is needed; empty: none.
  bool there;                              // Whether this version drives it.
};

// In the order in which they are offered.
std::span<const Runtime> all();
const Runtime* find(std::string_view id);  // Null: there is none of this name.
// The names of those that this version drives, and of all, for a sentence.
std::string names_there();
std::string names();
// The keys of a runtime, for a sentence: "A or B"; empty where none is needed.
std::string keys_of(const Runtime& runtime);

}  // namespace molecule::runtimes
