#include "wire/mcp/answer.h"

#include <fmt/format.h>

#include "wire/jsonrpc/jsonrpc.h"
#include "wire/mcp/revisions.h"

namespace molecule::mcp {
namespace {

using json::Node;
using json::Type;

constexpr std::int64_t list_for_ms = 3'600'000;  // The tools of a server never change.

RawJson server_info(const Server& server, bool with_title) {
  json::Object out;
  out.add("name", server.name).add("version", server.version);
  if (with_title) out.add("title", server.title);
  return out.raw();
}

std::string with(std::string_view capabilities, std::string_view name) {
  capabilities.remove_suffix(1);
  return fmt::format(R"({}{}"{}":{{}}}})", capabilities, capabilities.size() > 1 ? "," : "", name);
}

// Every session of the handshake era takes a level; the stateless era has given that up.
RawJson capabilities_of(const Server& server, std::string_view revision) {
  std::string out(server.capabilities);
  if (server.completes && knows_completions(revision)) out = with(out, "completions");
  if (revision != stateless_revision) out = with(out, "logging");
  return RawJson(std::move(out));
}

}  // namespace

std::string refusal(const Refused& refused) {
  json::Object error, out;
  error.add("code", refused.code).add("message", refused.why);
  if (!refused.data.empty()) error.add("data", RawJson(refused.data));
  out.add("jsonrpc", "2.0").add("id", RawJson(refused.id)).add("error", error.raw());
  return out.text();
}

std::string notification(std::string_view method, std::string_view params) {
  json::Object out;
  out.add("jsonrpc", "2.0").add("method", method).add("params", RawJson(std::string(params)));
  return out.text();
}

std::string initialized(const Server& server, std::string_view id, std::string_view revision,
                        const std::optional<std::string>& instructions) {
  json::Object result;
  result.add("protocolVersion", revision);
  result.add("capabilities", capabilities_of(server, revision));
  result.add("serverInfo", server_info(server, knows_titles(revision)));
  result.add_some("instructions", instructions);
  return jsonrpc::success(id, result.text());
}

std::string discovered(const Server& server, std::string_view id,
                       const std::optional<std::string>& instructions) {
  json::Object result;
  std::vector<std::string> spoken(handshake_revisions.begin(), handshake_revisions.end());
  spoken.emplace_back(stateless_revision);
  result.add("supportedVersions", spoken);
  result.add("capabilities", capabilities_of(server, stateless_revision));
  result.add_some("instructions", instructions);
  return answered(server, id, true, std::move(result), Kept::as_a_list);
}

std::string answered(const Server& server, std::string_view id, bool stateless, json::Object result,
                     Kept kept, std::string_view type) {
  if (stateless) {
    result.add("resultType", type);
    if (kept != Kept::not_at_all) {
      result.add("ttlMs", kept == Kept::as_a_list ? list_for_ms : 0).add("cacheScope", "private");
    }
    result.add("_meta", json::Object{}.add(meta::server, server_info(server, true)).raw());
  }
  return jsonrpc::success(id, result.text());
}

json::Object tool_result(std::string_view said, bool failed, const std::vector<Enclosed>& files,
                         std::string_view revision) {
  json::Object text, result;
  text.add("type", "text").add("text", said);
  std::string items = text.text();
  for (const Enclosed& file : files) {
    const std::string item = item_of(file, revision);
    if (!item.empty()) items += "," + item;
  }
  result.add("content", RawJson("[" + items + "]")).add("isError", failed);
  return result;
}

std::string progress_params(std::string_view token, double progress, std::string_view text,
                            std::string_view revision) {
  json::Object params;
  params.add("progressToken", RawJson(std::string(token))).add("progress", progress);
  if (revision >= "2025-03-26") params.add("message", text);
  return params.text();
}

std::string log_params(Severity severity, std::string_view text) {
  json::Object params;
  params.add("level", enum_text(severity)).add("logger", "molecule").add("data", text);
  return params.text();
}

std::string progress_token(Node params) {
  const Node token = params.find("_meta").find("progressToken");
  return token.is(Type::string) || token.is(Type::integer) ? token.text() : std::string();
}

}  // namespace molecule::mcp
