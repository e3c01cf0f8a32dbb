#include "agent/home.h"

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

std::string Home::own(std::string_view path) const {
  return fmt::format("/workspaces/{}{}", self_.workspace().text(), path);
}

io::Task<std::optional<client::Answer>> Home::get(std::string path) {
  return ask(http::Method::get, std::move(path), {}, answer_within);
}

// Tried once; who asks knows when it is worth another time.
io::Task<std::optional<client::Answer>> Home::ask(http::Method method, std::string path,
                                                  std::string body,
                                                  std::chrono::milliseconds within) {
  client::Ask what;
  what.method = method;
  what.path = path;
  what.body = std::move(body);
  what.repeatable = true;
  what.answer_within = within;
  what.patience = 0s;
  std::optional<client::Answer> answer;
  std::string trouble;
  try {
    answer = co_await platform_.ask(self_, what);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    trouble = fault.text();
  }
  if (answer && !answer->ok()) trouble = fmt::format("status {}", answer->status);
  if (trouble.empty()) co_return answer;
  log::debug("the platform did not tell", log::field("path", path), log::field("error", trouble));
  co_return std::nullopt;
}

io::Task<std::optional<Secrets>> Home::secrets() {
  const auto answer = co_await get(own("/secrets/values"));
  if (!answer) co_return std::nullopt;
  Secrets found;
  json::Document document = json::parse_answer(answer->body);
  const json::Node root = document.root();
  for (std::size_t i = 0; root.is(json::Type::object) && i < root.size(); ++i) {
    if (root.value_at(i).is(json::Type::string))
      found.emplace(root.name_at(i), Secret(std::string(root.value_at(i).string())));
  }
  co_return found;
}

io::Task<std::optional<Home::Peers>> Home::peers() {
  const std::string self = self_.workspace().text();
  const auto answer = co_await get(fmt::format("/registry/{}/peers", self));
  if (!answer) co_return std::nullopt;
  json::Document document = json::parse_answer(answer->body);
  const json::Node root = document.root();
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
  co_await ask(http::Method::post, own("/activity"), body, answer_within);
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
  const auto answer = co_await ask(http::Method::post, own("/a2a"), body, prompt_within);
  co_return answer.has_value();
}

}  // namespace molecule::agent
