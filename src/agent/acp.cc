#include "agent/acp.h"

#include <array>
#include <map>

#include "agent/coordinator.h"
#include "agent/failures.h"
#include "agent/rpc_session.h"
#include "platform/files/files.h"
#include "platform/json/json.h"

namespace molecule::agent {
namespace {

using json::Node;
using json::Type;

constexpr int protocol_version = 1;
constexpr std::size_t kinds_max = 1000;  // Calls of a turn whose kinds are kept.

bool is_true(Node node) { return node.is(Type::boolean) && node.boolean(); }

class AcpSession final : public RpcSession {
 public:
  AcpSession(io::Loop& loop, const AcpCall& call, Opening opening, std::filesystem::path folder)
      : RpcSession(loop, std::move(opening), call.limits),
        call_(call),
        folder_(std::move(folder)) {}
  ~AcpSession() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

 private:
  process::Program program() override {
    files::make_private_directory(folder_);
    process::Program program;
    program.arguments = call_.arguments;
    program.environment = call_.prepare(opening(), folder_);
    return program;
  }

  void begin() override {
    forget_requests();
    ready_ = settled_ = prompting_ = false;
    const RawJson nothing("{}");
    const RawJson who = json::Object{}.add("name", "molecule-runtime").add("version", "1").raw();
    request("initialize", "initialize",
            json::Object{}
                .add("protocolVersion", protocol_version)
                .add("clientCapabilities", nothing)
                .add("clientInfo", who)
                .text());
  }
  bool begun() const override { return ready_; }
  bool replays() const override { return loaded_ && !settled_; }

  json::Object place() const {
    json::Object params;
    params.add("cwd", opening().directory).add("mcpServers", RawJson("[" + call_.mcp + "]"));
    return params;
  }

  std::optional<Outcome> answered(const std::string& what, Node result) override {
    if (what == "initialize") return initialized(result.find("agentCapabilities"));
    if (what == "session/new") {
      be(std::string(text_at(result, "sessionId")));
      if (id().empty()) return Outcome::failed(Failure::protocol, "its session has no id");
      ready_ = true;
    }
    if (what == "session/load") ready_ = true;
    if (what == "session/prompt") {
      prompting_ = false;
      return stopped(text_at(result, "stopReason"));
    }
    return std::nullopt;
  }

  std::optional<Outcome> initialized(Node can) {
    if (id().empty()) {
      request("session/new", "session/new", place().text());
      return std::nullopt;
    }
    const bool loads = is_true(can.find("loadSession"));
    if (!loads && !can.find("sessionCapabilities").find("resume"))
      return Outcome::failed(Failure::session_missing, "it brings no session back");
    loaded_ = loads;
    request("session/load", loads ? "session/load" : "session/resume",
            place().add("sessionId", id()).text());
    return std::nullopt;
  }

  Outcome stopped(std::string_view reason) const {
    if (canceled() || reason == "cancelled") return Outcome::canceled();
    if (reason == "refusal") return Outcome::failed(Failure::provider, "its model refused");
    if (reason.starts_with("max_"))
      return Outcome::failed(Failure::provider, fmt::format("it reached its limit ({})", reason));
    return finished();
  }

  std::optional<Outcome> refused(const std::string& what, std::int64_t code,
                                 const std::string& words) override {
    if (canceled()) return Outcome::canceled();
    const Failure failure = failure_in(code, words);
    if (what == "session/load" && failure != Failure::auth)
      return Outcome::failed(Failure::session_missing, words);
    return Outcome::failed(failure, words);
  }

  void ask(const std::string& text) override {
    begin_turn();
    prompting_ = true;
    kinds_.clear();
    const RawJson part = json::Object{}.add("type", "text").add("text", text).raw();
    request(
        "session/prompt", "session/prompt",
        json::Object{}.add("sessionId", id()).add("prompt", RawJson("[" + part.text + "]")).text());
  }

  void interrupt() override {
    if (prompting_) notify("session/cancel", json::Object{}.add("sessionId", id()).text());
  }

  std::optional<Outcome> told(const std::string& method, Node params, Listener& listener) override {
    if (method != "session/update") return std::nullopt;
    const Node update = params.find("update");
    const std::string_view kind = text_at(update, "sessionUpdate");
    if (kind == "available_commands_update") settled_ = true;
    if (!prompting_) return std::nullopt;  // The conversation so far.
    if (kind == "agent_message_chunk")
      say(text_at(update, "content.text"), text_at(update, "messageId"), listener);
    if (kind == "tool_call") {
      if (kinds_.size() < kinds_max)
        kinds_[std::string(text_at(update, "toolCallId"))] = text_at(update, "kind");
      use(text_at(update, "title"), listener);
    }
    return std::nullopt;
  }

  std::optional<std::string> asked(const std::string& method, Node params,
                                   Listener& listener) override {
    if (method != "session/request_permission") return std::nullopt;
    json::Object outcome;
    const std::string_view said = text_at(params, "toolCall.kind");
    const auto call = kinds_.find(std::string(text_at(params, "toolCall.toolCallId")));
    const std::string_view kind = said.empty() && call != kinds_.end() ? call->second : said;
    const bool may = !opening().leads || !is_work(kind);
    if (!may) {
      const std::string_view title = text_at(params, "toolCall.title");
      listener.refused(title.empty() ? kind : title);
    }
    const std::string chosen = canceled() ? std::string() : choice(params.find("options"), may);
    if (chosen.empty()) {
      outcome.add("outcome", "cancelled");
    } else {
      outcome.add("outcome", "selected").add("optionId", chosen);
    }
    return json::Object{}.add("outcome", outcome.raw()).text();
  }

  // Once, where that is offered: what is allowed for always outlives the session.
  static std::string choice(Node options, bool may) {
    constexpr std::array<std::string_view, 2> yes{"allow_once", "allow_always"};
    constexpr std::array<std::string_view, 2> no{"reject_once", "reject_always"};
    for (const std::string_view kind : may ? yes : no) {
      for (std::size_t i = 0; options.is(Type::array) && i < options.size(); ++i)
        if (text_at(options.at(i), "kind") == kind)
          return std::string(text_at(options.at(i), "optionId"));
    }
    return {};
  }

  const AcpCall& call_;
  const std::filesystem::path folder_;
  std::map<std::string, std::string> kinds_;  // Of this turn's calls, by their ids.
  bool ready_ = false;
  bool loaded_ = false;     // The conversation so far is told again.
  bool settled_ = false;    // It has been.
  bool prompting_ = false;  // A turn is under way.
};

}  // namespace

std::unique_ptr<Session> AcpExecutor::start(Opening opening) {
  return std::make_unique<AcpSession>(loop_, call_, std::move(opening),
                                      call_.folder / std::to_string(random_.number()));
}

}  // namespace molecule::agent
