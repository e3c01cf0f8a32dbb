#include "agent/app_server.h"

#include <algorithm>

#include "agent/coordinator.h"
#include "agent/failures.h"
#include "agent/rpc_session.h"
#include "platform/json/json.h"

namespace molecule::agent {
namespace {

using json::Node;
using json::Type;

constexpr std::size_t others_max = 64;

class AppServerSession final : public RpcSession {
 public:
  AppServerSession(io::Loop& loop, const AppServerCall& call, Opening opening)
      : RpcSession(loop, std::move(opening), call.limits), call_(call) {}

 private:
  process::Program program() override {
    process::Program program;
    program.arguments = call_.arguments;
    return program;
  }

  void begin() override {
    forget_requests();
    ready_ = false;
    turn_.clear();
    others_.clear();
    const RawJson who = json::Object{}
                            .add("name", "molecule-runtime")
                            .add("title", "Molecule")
                            .add("version", "1")
                            .raw();
    request("initialize", "initialize", json::Object{}.add("clientInfo", who).text());
  }
  bool begun() const override { return ready_; }

  void open_thread() {
    json::Object params;
    params.add("cwd", opening().directory)
        .add("developerInstructions", opening().system)
        // What is not known to read only is asked for, where it may be refused.
        .add("approvalPolicy", opening().leads ? "untrusted" : "never")
        .add("sandbox", "danger-full-access")
        .add("config", RawJson(fmt::format(R"({{"mcp_servers":{{"molecule":{}}}}})", call_.mcp)));
    if (!call_.model.empty()) params.add("model", call_.model);
    if (id().empty()) {
      request("thread/start", "thread/start", params.text());
    } else {
      request("thread/resume", "thread/resume", params.add("threadId", id()).text());
    }
  }

  std::optional<Outcome> answered(const std::string& what, Node result) override {
    if (what == "initialize") {
      notify("initialized", "{}");
      request("account/read", "account/read", "{}");
    } else if (what == "account/read") {
      log_in(result);
    } else if (what == "account/login") {
      open_thread();
    } else if (what == "thread/start" || what == "thread/resume") {
      be(std::string(text_at(result, "thread.id")));
      if (id().empty()) return Outcome::failed(Failure::protocol, "its thread has no id");
      ready_ = true;
    } else if (what == "turn/start") {
      turn_ = text_at(result, "turn.id");
      if (canceled()) interrupt();
    }
    return std::nullopt;
  }

  // With the key that the environment has, where it wants one and has none of its own.
  void log_in(Node account) {
    const Node wants = account.find("requiresOpenaiAuth");
    const Node has = account.find("account");
    const auto key = std::ranges::find_if(opening().environment, [&](const auto& each) {
      return !each.second.empty() && std::ranges::find(call_.keys, each.first) != call_.keys.end();
    });
    const bool asks = wants.is(Type::boolean) && wants.boolean() && (!has || has.is(Type::null));
    if (!asks || key == opening().environment.end()) return open_thread();
    request("account/login", "account/login/start",
            json::Object{}.add("type", "apiKey").add("apiKey", key->second).text());
  }

  std::optional<Outcome> refused(const std::string& what, std::int64_t code,
                                 const std::string& words) override {
    if (what == "account/read") {
      open_thread();
      return std::nullopt;
    }
    if (what == "turn/interrupt") return std::nullopt;
    if (canceled()) return Outcome::canceled();
    if (what == "account/login") return Outcome::failed(Failure::auth, words);
    if (what == "thread/resume") return Outcome::failed(Failure::session_missing, words);
    return Outcome::failed(failure_in(code, words), words);
  }

  void ask(const std::string& text) override {
    begin_turn();
    if (!turn_.empty()) forget(turn_);
    turn_.clear();
    const RawJson part = json::Object{}.add("type", "text").add("text", text).raw();
    request(
        "turn/start", "turn/start",
        json::Object{}.add("threadId", id()).add("input", RawJson("[" + part.text + "]")).text());
  }

  void interrupt() override {
    if (turn_.empty()) return;  // Once it has a name.
    request("turn/interrupt", "turn/interrupt",
            json::Object{}.add("threadId", id()).add("turnId", turn_).text());
  }

  // What is told of a turn that this name has belongs to no later one.
  void forget(std::string_view turn) {
    if (std::ranges::find(others_, turn) != others_.end()) return;
    if (others_.size() >= others_max) others_.erase(others_.begin());
    others_.emplace_back(turn);
  }

  // Before our turn has a name, any that is not known as another one's may be it.
  bool ours(Node params) {
    std::string_view turn = text_at(params, "turnId");
    if (turn.empty()) turn = text_at(params, "turn.id");
    if (!in_turn()) {
      if (!turn.empty() && turn != turn_) forget(turn);
      return false;
    }
    if (turn.empty()) return true;
    if (!turn_.empty()) return turn == turn_;
    return std::ranges::find(others_, turn) == others_.end();
  }

  std::optional<Outcome> told(const std::string& method, Node params, Listener& listener) override {
    if (!ours(params)) return std::nullopt;
    if (method == "item/agentMessage/delta") {
      streamed_ = text_at(params, "itemId");
      say(text_at(params, "delta"), streamed_, listener);
    } else if (method == "item/completed") {
      // Whole, where its model tells no pieces.
      const Node item = params.find("item");
      const std::string_view message = text_at(item, "id");
      if (text_at(item, "type") == "agentMessage" && message != streamed_)
        say(text_at(item, "text"), message, listener);
    } else if (method == "item/started") {
      const std::string_view type = text_at(params, "item.type");
      if (type == "mcpToolCall") use(text_at(params, "item.tool"), listener);
      if (type == "commandExecution" || type == "fileChange" || type == "webSearch")
        use(type, listener);
    } else if (method == "turn/completed") {
      return ended(params.find("turn"));
    }
    return std::nullopt;
  }

  Outcome ended(Node turn) const {
    const std::string_view status = text_at(turn, "status");
    if (canceled() || status == "interrupted") return Outcome::canceled();
    if (status != "failed") return finished();
    const Node error = turn.find("error");
    const Node detail = error.find("codexErrorInfo");
    const std::string words(text_at(error, "message"));
    const std::string all = words + " " + (detail ? detail.text() : std::string());
    return Outcome::failed(failure_in(0, all), words);
  }

  std::optional<std::string> asked(const std::string& method, Node, Listener& listener) override {
    // Nobody is there to ask; what it may do is the business of where it runs, and of what it is.
    if (method.ends_with("/requestApproval")) {
      if (!opening().leads) return R"({"decision":"accept"})";
      listener.refused(method == "item/fileChange/requestApproval" ? "fileChange"
                                                                   : "commandExecution");
      return R"({"decision":"decline"})";
    }
    if (method == "mcpServer/elicitation/request") return R"({"action":"accept","content":{}})";
    return std::nullopt;
  }

  const AppServerCall& call_;
  bool ready_ = false;
  std::string streamed_;             // The message of which pieces came last.
  std::string turn_;                 // The one under way, once it has a name.
  std::vector<std::string> others_;  // Turns that are not: earlier ones, and its own.
};

}  // namespace

std::unique_ptr<Session> AppServerExecutor::start(Opening opening) {
  return std::make_unique<AppServerSession>(loop_, call_, std::move(opening));
}

}  // namespace molecule::agent
