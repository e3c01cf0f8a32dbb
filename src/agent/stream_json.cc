#include "agent/stream_json.h"

#include "agent/coordinator.h"
#include "agent/failures.h"
#include "agent/stream_json_lines.h"
#include "base/id.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::agent {
namespace {

using Kind = StreamJsonLine::Kind;
using namespace std::chrono_literals;

constexpr auto next_within = 2s;  // From the end of one turn to the beginning of one that waits.

class StreamJsonSession final : public LineSession {
 public:
  StreamJsonSession(io::Loop& loop, const StreamJsonCall& call, Opening opening,
                    std::filesystem::path folder, io::Random& random)
      : LineSession(loop, std::move(opening), call.limits),
        call_(call),
        folder_(std::move(folder)),
        random_(random) {}
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
         "--include-partial-messages", "--replay-user-messages", "--strict-mcp-config",
         "--permission-prompt-tool", "stdio"});
    if (!id().empty()) add({"--resume", id()});
    add({"--append-system-prompt-file", (folder_ / "system.md").string(), "--mcp-config",
         (folder_ / "mcp.json").string()});
    return program;
  }

  void begin() override { foreign_ = repeats_ = false; }

  void ask(const std::string& text) override {
    spoken_ = blocks_ = taken_ = false;
    doubtful_.reset();
    // What is a command to it is done at once, and not repeated.
    repeated_ = !text.starts_with('/');
    message_ = random_.id<RequestId>().text();
    send(json::Object{}
             .add("type", "user")
             .add("uuid", message_)
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

  std::optional<Outcome> heard_nothing() override { return std::exchange(doubtful_, std::nullopt); }

  // A turn that it takes of its own accord, as far as is known, is none of ours until it takes our
  // message up in it.
  bool ours() const { return in_turn() && (taken_ || !foreign_); }

  std::optional<Outcome> hear(const std::string& line, Listener& listener) override {
    const StreamJsonLine heard = read_stream_json(line);
    switch (heard.kind) {
      case Kind::other: break;
      case Kind::session:
        if (!heard.id.empty()) be(heard.id);
        // Who repeats what it is told begins each turn so.
        if (!in_turn() && repeats_) foreign_ = true;
        if (std::exchange(doubtful_, std::nullopt)) wait_no_longer_than(opening().turn_limit);
        break;
      case Kind::echo:
        repeats_ = true;
        if (!in_turn() || heard.id != message_) break;
        taken_ = true;
        // What was interrupted before was another turn.
        if (canceled()) interrupt();
        break;
      case Kind::block:
        if (!in_turn()) foreign_ = true;
        if (ours()) blocks_ = spoken_;
        break;
      case Kind::text:
        if (!in_turn()) foreign_ = true;
        if (heard.text.empty()) break;
        if (!ours()) {
          if (!in_turn()) listener.text(heard.text);
          break;
        }
        if (std::exchange(blocks_, false)) listener.text("\n\n");
        spoken_ = true;
        did_something();
        listener.text(heard.text);
        break;
      case Kind::tool:
        if (!in_turn()) foreign_ = true;
        if (ours()) did_something();
        listener.tool(heard.text);
        break;
      case Kind::question: answer(heard, listener); break;
      case Kind::result: {
        const bool before = std::exchange(foreign_, false);
        if (!in_turn() || (before && !taken_)) break;
        const bool certain = taken_ || heard.failed || canceled() || !repeats_ || !repeated_;
        if (certain) return ended(heard, listener);
        // Perhaps of a turn that it began just before it was asked: then ours begins now.
        doubtful_ = ended(heard, listener);
        wait_no_longer_than(next_within);
        break;
      }
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
  io::Random& random_;
  bool repeats_ = false;             // It repeats messages that it takes up.
  bool foreign_ = false;             // It is in a turn of its own.
  bool taken_ = false;               // It has taken our message up,
  bool repeated_ = true;             // which it repeats then,
  std::string message_;              // by this name.
  std::optional<Outcome> doubtful_;  // Of a turn that may not be ours.
  bool spoken_ = false;              // In this turn.
  bool blocks_ = false;              // What is said next belongs to another block.
  std::uint64_t interrupts_ = 0;
};

}  // namespace

std::unique_ptr<Session> StreamJsonExecutor::start(Opening opening) {
  return std::make_unique<StreamJsonSession>(
      loop_, call_, std::move(opening), call_.folder / std::to_string(random_.number()), random_);
}

}  // namespace molecule::agent
