#include "agent/home.h"

#include <array>

#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_within = 10s;
constexpr auto prompt_within = 600s;   // For an answer to what it writes to itself.
constexpr std::size_t peers_max = 50;  // Of which an agent is told by name.

std::string text_in(json::Node node, std::string_view name) {
  const json::Node value = node.find(name);
  return value.is(json::Type::string) ? std::string(value.string()) : std::string();
}

}  // namespace

io::Task<std::optional<http::ClientResponse>> Home::get(std::string path) {
  return ask(http::Method::get, std::move(path), {}, answer_within);
}

io::Task<std::optional<http::ClientResponse>> Home::ask(http::Method method, std::string path,
                                                        std::string body,
                                                        std::chrono::milliseconds within) {
  const join::Membership& of = connection_.membership();
  net::Url url = of.platform;
  while (url.target.ends_with('/')) url.target.pop_back();
  url.target += path;
  const Secret bearer(fmt::format("Bearer {}", of.token.reveal()));
  const std::string self = of.workspace.text();
  const std::array<http::Header, 3> headers{http::Header{"Authorization", bearer.reveal()},
                                            http::Header{"X-Workspace-ID", self},
                                            http::Header{"Content-Type", "application/json"}};
  http::ClientRequest request;
  request.method = method;
  request.url = &url;
  request.headers = headers;
  request.body = body;
  request.repeatable = true;
  request.limits.head = request.limits.body = within;
  std::optional<http::ClientResponse> answer;
  std::string trouble;
  try {
    answer = co_await client_.send(request);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    trouble = fault.text();
  }
  if (answer && answer->status != 200 && answer->status != 202)
    trouble = fmt::format("status {}", answer->status);
  if (trouble.empty()) co_return answer;
  log::debug("the platform did not tell", log::field("path", path), log::field("error", trouble));
  co_return std::nullopt;
}

io::Task<std::optional<Secrets>> Home::secrets() {
  const auto answer = co_await get(
      fmt::format("/workspaces/{}/secrets/values", connection_.membership().workspace.text()));
  if (!answer) co_return std::nullopt;
  Secrets found;
  json::Document document = json::parse_answer(answer->body());
  const json::Node root = document.root();
  for (std::size_t i = 0; root.is(json::Type::object) && i < root.size(); ++i) {
    if (root.value_at(i).is(json::Type::string))
      found.emplace(root.name_at(i), Secret(std::string(root.value_at(i).string())));
  }
  co_return found;
}

io::Task<std::optional<Home::Peers>> Home::peers() {
  const auto answer =
      co_await get(fmt::format("/registry/{}/peers", connection_.membership().workspace.text()));
  if (!answer) co_return std::nullopt;
  json::Document document = json::parse_answer(answer->body());
  const json::Node root = document.root();
  const std::string self = connection_.membership().workspace.text();
  Peers out;
  for (std::size_t i = 0; root.is(json::Type::array) && i < root.size(); ++i) {
    const json::Node peer = root.at(i);
    const bool below = text_in(peer, "parent_id") == self;
    out.team = out.team || below;
    if (i >= peers_max) continue;
    std::string line = fmt::format("- {} (id {}, {}{})", text_in(peer, "name"), text_in(peer, "id"),
                                   text_in(peer, "status"), below ? ", of your team" : "");
    if (const std::string role = text_in(peer, "role"); !role.empty()) line += ": " + role;
    out.lines += line + "\n";
  }
  co_return out;
}

io::Task<void> Home::tell_refused(std::string tool) {
  const std::string body =
      json::Object{}
          .add("activity_type", "agent_log")
          .add("method", "tool_refused")
          .add("status", "refused")
          .add("summary",
               fmt::format("Refused {}: this agent leads a team, which does the work", tool))
          .text();
  co_await ask(http::Method::post,
               fmt::format("/workspaces/{}/activity", connection_.membership().workspace.text()),
               body, answer_within);
}

io::Task<bool> Home::write_to_self(std::string message_id, std::string text) {
  const RawJson part = json::Object{}.add("kind", "text").add("text", text).raw();
  const RawJson message = json::Object{}
                              .add("kind", "message")
                              .add("messageId", message_id)
                              .add("role", "user")
                              .add("parts", RawJson("[" + part.text + "]"))
                              .raw();
  const std::string body = json::Object{}
                               .add("jsonrpc", "2.0")
                               .add("id", message_id)
                               .add("method", "message/send")
                               .add("params", json::Object{}.add("message", message).raw())
                               .text();
  const auto answer =
      co_await ask(http::Method::post,
                   fmt::format("/workspaces/{}/a2a", connection_.membership().workspace.text()),
                   body, prompt_within);
  co_return answer.has_value();
}

}  // namespace molecule::agent
