// Files of agents that the platform runs, as the API shows them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "platform/json/shape.h"

namespace molecule::api {

enum class AgentFileKind { file, directory, link, other };
BOOST_DESCRIBE_ENUM(AgentFileKind, file, directory, link, other)

// One of GET /workspaces/{id}/files.
struct AgentFile {
  std::string path;
  std::int64_t size = 0;
  bool dir = false;
  AgentFileKind kind = AgentFileKind::file;
  json::Omit<std::string> version;
  json::Omit<std::string> address;

  static constexpr std::array about{
      json::About{"path", "below the directory that was listed"},
      json::About{"kind", "links and devices are shown, and never opened"},
      json::About{"version", "of a file: another whenever it was written"},
      json::About{"address", "the path as it stands in a URL, where it is no UTF-8"}};
};
BOOST_DESCRIBE_STRUCT(AgentFile, (), (path, size, dir, kind, version, address))

// Answer of GET /workspaces/{id}/files/{path}.
struct AgentFileText {
  std::string path;
  std::string content;
  std::int64_t size = 0;
  std::string version;

  static constexpr std::array about{
      json::About{"version", "what If-Match takes, in quotes; it is the ETag, too"}};
};
BOOST_DESCRIBE_STRUCT(AgentFileText, (), (path, content, size, version))

struct AgentFileContent {
  std::string content;
};
BOOST_DESCRIBE_STRUCT(AgentFileContent, (), (content))

struct AgentFileSaved {
  std::string status = "saved";
  std::string path;
  std::string version;
  bool created = false;
};
BOOST_DESCRIBE_STRUCT(AgentFileSaved, (), (status, path, version, created))

struct AgentFileDeleted {
  std::string status = "deleted";
  std::string path;
};
BOOST_DESCRIBE_STRUCT(AgentFileDeleted, (), (status, path))

struct AgentFilesContent {
  std::map<std::string, std::string> files;

  static constexpr std::array about{json::About{"files", "texts by their paths, 200 at most"}};
};
BOOST_DESCRIBE_STRUCT(AgentFilesContent, (), (files))

struct AgentFilesReplaced {
  std::string status = "replaced";
  WorkspaceId workspace;
  std::int64_t files = 0;
  std::string source;

  static constexpr std::array about{json::About{"source", "what runs the agent that has them"}};
};
BOOST_DESCRIBE_STRUCT(AgentFilesReplaced, (), (status, workspace, files, source))

struct AgentConfigProblem {
  json::Omit<std::string> key;
  std::string text;
  json::Omit<std::int64_t> line;
  json::Omit<std::int64_t> column;
};
BOOST_DESCRIBE_STRUCT(AgentConfigProblem, (), (key, text, line, column))

enum class AgentConfigState { applied, pending, refused, stopped, unknown };
BOOST_DESCRIBE_ENUM(AgentConfigState, applied, pending, refused, stopped, unknown)

// Answer of GET /workspaces/{id}/config.
struct AgentConfig {
  RawObject data;
  std::string text;
  json::Omit<std::string> version;
  AgentConfigState state = AgentConfigState::unknown;
  json::Omit<std::string> reason;
  std::vector<AgentConfigProblem> problems;
  std::vector<AgentConfigProblem> remarks;

  static constexpr std::array about{
      json::About{"data", "what config.yaml says, as JSON; {} where it is no YAML or not there"},
      json::About{"version", "what If-Match takes, in quotes; absent: there is no config.yaml yet"},
      json::About{"state",
                  "applied: the agent goes by it; pending: it has not said so yet; "
                  "refused: it stays with the earlier one; stopped: it does not run; "
                  "unknown: its program does not tell"},
      json::About{"reason", "why it was refused, or why the agent does not run"},
      json::About{"problems", "what keeps an agent from going by it"},
      json::About{"remarks", "what nobody reads"}};
};
BOOST_DESCRIBE_STRUCT(AgentConfig, (), (data, text, version, state, reason, problems, remarks))

struct AgentConfigText {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(AgentConfigText, (), (text))

struct AgentConfigSaved {
  std::string status;
  std::string version;
  std::vector<AgentConfigProblem> remarks;
};
BOOST_DESCRIBE_STRUCT(AgentConfigSaved, (), (status, version, remarks))

struct AgentConfigRefused {
  std::vector<AgentConfigProblem> problems;
};
BOOST_DESCRIBE_STRUCT(AgentConfigRefused, (), (problems))

}  // namespace molecule::api
