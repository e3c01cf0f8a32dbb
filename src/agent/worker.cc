#include "agent/worker.h"

#include <algorithm>
#include <array>

#include "agent/failures.h"
#include "agent/rpc_session.h"
#include "base/id.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

extern "C" const char molecule_worker_program[];
extern "C" const char molecule_worker_program_end[];

namespace molecule::agent {
namespace {

using json::Node;
using namespace std::chrono_literals;

constexpr int not_installed = -32010;
constexpr auto save_within = 20s;
constexpr std::size_t state_max = 4u << 20;

struct Provider {
  std::string_view key;
  std::string_view name;  // Before the colon of a model's name.
  std::string_view kind;
  std::string_view base_url;
  std::string_view base_url_variable;
  std::string_view model;
};
constexpr std::array<Provider, 5> providers{{
    {"ANTHROPIC_API_KEY", "anthropic", "anthropic", "", "ANTHROPIC_BASE_URL", "claude-sonnet-4-5"},
    {"OPENAI_API_KEY", "openai", "openai", "", "OPENAI_BASE_URL", "gpt-4.1"},
    {"GEMINI_API_KEY", "google_genai", "openai",
     "https://generativelanguage.googleapis.com/v1beta/openai/", "GEMINI_BASE_URL",
     "gemini-2.5-flash"},
    {"OPENROUTER_API_KEY", "openrouter", "openai", "https://openrouter.ai/api/v1",
     "OPENROUTER_BASE_URL", "anthropic/claude-sonnet-4.5"},
    {"GROQ_API_KEY", "groq", "openai", "https://api.groq.com/openai/v1", "GROQ_BASE_URL",
     "llama-3.3-70b-versatile"},
}};

std::string value_of(const Environment& environment, std::string_view name) {
  for (const auto& [each, value] : environment)
    if (each == name) return value;
  return {};
}

class WorkerSession final : public RpcSession {
 public:
  WorkerSession(io::Loop& loop, const WorkerCall& call, Opening opening, std::string fresh_id)
      : RpcSession(loop, std::move(opening), call.limits),
        call_(call),
        fresh_id_(std::move(fresh_id)) {}

 private:
  process::Program program() override {
    const std::string_view text(
        molecule_worker_program,
        static_cast<std::size_t>(molecule_worker_program_end - molecule_worker_program));
    if (files::read(call_.program) != text) files::write_private(call_.program, text);
    process::Program program;
    program.arguments = {call_.python, "-u", call_.program.string()};
    return program;
  }

  void begin() override {
    forget_requests();
    ready_ = false;
    const ModelChoice choice = choose_model(call_.model, call_.keys, opening().environment);
    const RawJson model = json::Object{}
                              .add("provider", choice.provider)
                              .add("name", choice.name)
                              .add("baseUrl", choice.base_url)
                              .add("apiKeyEnv", choice.key)
                              .raw();
    request("initialize", "initialize",
            json::Object{}
                .add("framework", call_.framework)
                .add("model", model)
                .add("systemPrompt", opening().system)
                .add("mcpServers", RawJson("[" + call_.mcp + "]"))
                .add("options", RawJson("{}"))
                .text());
  }
  bool begun() const override { return ready_; }

  std::filesystem::path state() const { return call_.states / (id() + ".json"); }

  std::optional<Outcome> answered(const std::string& what, Node result) override {
    if (what == "initialize") return initialized();
    if (what == "load_state") ready_ = true;
    if (what == "run") {
      const std::string_view status = text_at(result, "status");
      if (canceled() || status == "canceled") return Outcome::canceled();
      if (status == "failed") {
        const auto failure = enum_from<Failure>(text_at(result, "error.class"));
        return Outcome::failed(failure.value_or(Failure::provider),
                               std::string(text_at(result, "error.message")));
      }
      answered_ = true;
      request("save_state", "save_state", json::Object{}.add("sessionId", id()).text());
      wait_no_longer_than(save_within);
    }
    if (what == "save_state")
      return save(result.find("state") ? result.find("state").text() : "[]");
    return std::nullopt;
  }

  Outcome save(const std::string& what_was_said) {
    std::string trouble;
    try {
      files::make_private_directory(call_.states);
      files::write_private(state(), what_was_said);
    } catch (const Fault& fault) {
      trouble = fault.text();
    }
    return trouble.empty() ? finished() : unsaved(trouble);
  }

  // Its answer was whole; what it could not save is not known in its next process.
  Outcome unsaved(std::string_view why) const {
    log::warn(
        "what was said in a conversation could not be saved; it is not known when the worker "
        "is started again",
        log::field("error", why));
    return finished();
  }
  std::optional<Outcome> heard_nothing() override {
    if (!answered_) return std::nullopt;
    return unsaved("the worker did not say it in time");
  }

  std::optional<Outcome> initialized() {
    if (id().empty()) {
      be(fresh_id_);
      ready_ = true;
      return std::nullopt;
    }
    const auto kept = files::read(state(), state_max);
    // A session whose worker ended before it had said anything has nothing to be told.
    if (!kept && id() != fresh_id_)
      return Outcome::failed(Failure::session_missing, "what was said before is not there");
    request(
        "load_state", "load_state",
        json::Object{}.add("sessionId", id()).add("state", RawJson(kept.value_or("[]"))).text());
    return std::nullopt;
  }

  std::optional<Outcome> refused(const std::string& what, std::int64_t code,
                                 const std::string& words) override {
    if (canceled()) return Outcome::canceled();
    if (what == "cancel") return std::nullopt;
    if (what == "save_state") return unsaved(words);
    if (what == "load_state") return Outcome::failed(Failure::session_missing, words);
    if (code == not_installed) {
      const std::string_view sentence = std::string_view(words).substr(0, words.find(" {"));
      return Outcome::failed(Failure::missing, fmt::format("{} ({})", sentence, call_.install));
    }
    return Outcome::failed(failure_in(code, words), words);
  }

  Outcome died(const std::string& words) override {
    return answered_ ? unsaved(words) : RpcSession::died(words);
  }

  void ask(const std::string& text) override {
    begin_turn();
    answered_ = false;
    run_ = fmt::format("run-{}", ++runs_);
    request("run", "run",
            json::Object{}.add("runId", run_).add("sessionId", id()).add("text", text).text());
  }

  void interrupt() override {
    request("cancel", "cancel", json::Object{}.add("runId", run_).text());
  }

  std::optional<Outcome> told(const std::string& method, Node params, Listener& listener) override {
    if (method != "event" || text_at(params, "runId") != run_) return std::nullopt;
    const std::string_view kind = text_at(params, "kind");
    if (kind == "text") say(text_at(params, "text"), "", listener);
    if (kind == "tool_call") use(text_at(params, "name"), listener);
    return std::nullopt;
  }

  std::optional<std::string> asked(const std::string&, Node, Listener&) override {
    return std::nullopt;
  }

  const WorkerCall& call_;
  const std::string fresh_id_;
  bool ready_ = false;
  bool answered_ = false;  // In this turn.
  std::string run_;
  std::uint64_t runs_ = 0;
};

}  // namespace

ModelChoice choose_model(std::string_view model, const std::vector<std::string>& keys,
                         const Environment& environment) {
  const std::size_t colon = model.find(':');
  const std::string_view named = colon == std::string_view::npos ? "" : model.substr(0, colon);
  const Provider* chosen = nullptr;
  for (const Provider& each : providers) {
    const bool offered =
        std::ranges::find(keys, each.key) != keys.end() && !value_of(environment, each.key).empty();
    if (offered && (chosen == nullptr || each.name == named)) chosen = &each;
  }
  if (chosen == nullptr) chosen = &providers.front();
  ModelChoice choice;
  choice.provider = chosen->kind;
  choice.key = chosen->key;
  choice.name = chosen->name == named ? model.substr(colon + 1) : model;
  if (choice.name.empty()) choice.name = chosen->model;
  choice.base_url = value_of(environment, chosen->base_url_variable);
  if (choice.base_url.empty()) choice.base_url = chosen->base_url;
  return choice;
}

void WorkerExecutor::forget(const std::string& session) {
  std::error_code ignored;
  if (RequestId::parse(session))
    std::filesystem::remove(call_.states / (session + ".json"), ignored);
}

std::unique_ptr<Session> WorkerExecutor::start(Opening opening) {
  return std::make_unique<WorkerSession>(loop_, call_, std::move(opening),
                                         random_.id<RequestId>().text());
}

}  // namespace molecule::agent
