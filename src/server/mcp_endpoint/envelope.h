// What HTTP says around a message (MCP, Transports, Streamable HTTP): whether it may be answered,
// in which revision, and how.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/http/message.h"
#include "platform/json/json.h"
#include "wire/mcp/message.h"
#include "wire/mcp/tool.h"

namespace molecule::mcp_endpoint {

struct Envelope {
  // A refusal, and then nothing else.
  std::optional<http::Response> refusal;
  std::string revision;
  bool has_requests = false;  // Else nothing is to be answered.
  bool is_batch = false;
  std::string method;              // Of a request, when there is one alone.
  std::vector<std::string> tools;  // That are called,
  std::vector<std::string> calls;  // and the ids of those requests, as JSON.
  // Ids that the client has no interest in any more. In the stateless era it closes the stream.
  std::vector<std::string> cancelled;
};

// `tool`: the one of a name; null: there is none.
Envelope open(const http::Request& request, json::Node root,
              const mcp::Words* (*tool)(std::string_view name));

// A refusal of JSON-RPC with a status of HTTP.
http::Response refused(int status, const mcp::Refused& refused);
// Whether a client takes an answer of either form; refused otherwise.
std::optional<http::Response> unacceptable(const http::Request& request);

}  // namespace molecule::mcp_endpoint
