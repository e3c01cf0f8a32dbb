#include "agent/stream_json.h"

#include "agent/coordinator.h"
#include "agent/failures.h"
#include "agent/stream_json_lines.h"
#include "platform/files/files.h"
#include "platform/json/json.h"

namespace molecule::agent {
namespace {

using Kind = StreamJsonLine::Kind;

class StreamJsonSession final : public LineSession {
 public:
  StreamJsonSession(io::Loop& loop, const StreamJsonCall& call, Opening opening,
                    std::filesystem::path folder)
      : LineSession(loop, std::move(opening), call.limits),
        call_(call),
        folder_(std::move(folder)) {}
  ~StreamJsonSession() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

 private:
  process::Program program() override {
    files::make_private_directory(folder_);
    files::write_private(folder_ / "mcp.json", call_.mcp_settings);
    files::write_private(folder_ / "system.md", opening().system);
    process::Program program;
    program.arguments = call_.arguments;
    program.environment = call_.environment;
    const auto add = [&](std::initializer_list<std::string> words) {
      program.arguments.insert(program.arguments.end(), words);
    };
    add({"-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose",
         "--include-partial-messages", "--strict-mcp-config", "--permission-prompt-tool", "stdio"});
    if (!id().empty()) add({"--resume", id()});
    add({"--append-system-prompt-file", (folder_ / "system.md").string(), "--mcp-config",
         (folder_ / "mcp.json").string()});
    return program;
  }

  void ask(const std::string& text) override {
    spoken_ = blocks_ = false;
    send(json::Object{}
             .add("type", "user")
             .add("message", json::Object{}.add("role", "user").add("content", text).raw())
             .text());
  }

  void interrupt() override {
    send(json::Object{}
             .add("type", "control_request")
             .add("request_id", fmt::format("interrupt-{}", ++interrupts_))
             .add("request", json::Object{}.add("subtype", "interrupt").raw())
             .text());
  }

  std::optional<Outcome> hear(const std::string& line, Listener& listener) override {
    const StreamJsonLine heard = read_stream_json(line);
    switch (heard.kind) {
      case Kind::other: break;
      case Kind::session:
        if (!heard.id.empty()) be(heard.id);
        break;
      case Kind::block: blocks_ = spoken_; break;
      case Kind::text:
        if (heard.text.empty()) break;
        if (std::exchange(blocks_, false)) listener.text("\n\n");
        spoken_ = true;
        did_something();
        listener.text(heard.text);
        break;
      case Kind::tool:
        did_something();
        listener.tool(heard.text);
        break;
      case Kind::question: answer(heard, listener); break;
      case Kind::result: return ended(heard, listener);
    }
    return std::nullopt;
  }

  // Nobody is there to ask; what it may do is the business of where it runs, and of what it is.
  // What only reads it does not ask for.
  void answer(const StreamJsonLine& question, Listener& listener) {
    const bool may = !opening().leads || is_ours(question.text);
    json::Object verdict;
    if (may) {
      verdict.add("behavior", "allow").add("updatedInput", RawJson(question.input));
    } else {
      verdict.add("behavior", "deny").add("message", refusal_words());
      listener.refused(question.text);
    }
    send(json::Object{}
             .add("type", "control_response")
             .add("response", json::Object{}
                                  .add("subtype", "success")
                                  .add("request_id", question.id)
                                  .add("response", verdict.raw())
                                  .raw())
             .text());
  }

  Outcome ended(const StreamJsonLine& result, Listener& listener) {
    if (canceled()) return Outcome::canceled();
    if (result.failed) {
      if (is_missing(result.text)) return Outcome::failed(Failure::session_missing, result.text);
      return Outcome::failed(failure_of(result.status), result.text);
    }
    // A program that tells no pieces says it all at the end.
    if (!spoken_ && !result.text.empty()) {
      did_something();
      listener.text(result.text);
    }
    return finished();
  }

  static bool is_missing(std::string_view words) {
    return words.find("No conversation found") != std::string_view::npos;
  }

  Outcome died(const std::string& words) override {
    if (is_missing(words)) return Outcome::failed(Failure::session_missing, words);
    return Outcome::failed(Failure::process, words);
  }

  const StreamJsonCall& call_;
  const std::filesystem::path folder_;
  bool spoken_ = false;  // In this turn.
  bool blocks_ = false;  // What is said next belongs to another block.
  std::uint64_t interrupts_ = 0;
};

}  // namespace

std::unique_ptr<Session> StreamJsonExecutor::start(Opening opening) {
  return std::make_unique<StreamJsonSession>(loop_, call_, std::move(opening),
                                             call_.folder / std::to_string(random_.number()));
}

}  // namespace molecule::agent
