#include "cli/messages.h"

#include <optional>
#include <set>

#include <fmt/format.h>

#include "client/record.h"
#include "client/stream.h"
#include "platform/json/answer.h"
#include "wire/a2a/a2a.h"
#include "wire/a2a/stream.h"

namespace molecule::cli {
namespace {

using client::told;
using json::Node;
using json::Type;

struct MessageTag;
struct CallTag;

std::string path_to(const WorkspaceId& id) { return fmt::format("/workspaces/{}/a2a", id.text()); }

std::string request_of(Session& session, std::string_view method, const Outgoing& message) {
  json::Object part;
  part.add("kind", "text").add("text", message.text);
  json::Object said;
  said.add("kind", "message").add("role", "user");
  said.add("messageId", session.random().id<Id<MessageTag>>());
  if (!message.context.empty()) said.add("contextId", message.context);
  if (!message.task.empty()) said.add("taskId", message.task);
  said.add("parts", RawJson("[" + part.text() + "]"));
  json::Object params;
  params.add("message", said.raw());
  json::Object call;
  call.add("jsonrpc", "2.0").add("id", session.random().id<Id<CallTag>>()).add("method", method);
  return call.add("params", params.raw()).text();
}

// Tells the text of an answer while it comes.
class Telling {
 public:
  explicit Telling(const Hearing& hearing) : hearing_(hearing) {}

  void take(std::string_view data) {
    std::optional<json::Document> document;
    try {
      document.emplace(json::parse_answer(data));
    } catch (const Fault&) {
      return;  // What is no JSON is no part of the answer.
    }
    if (hearing_.event) hearing_.event(document->root());
    const Node result = document->root().find("result");
    const std::string kind = told(result.find("kind"));
    if (kind == "artifact-update") {
      take_artifact(result);
    } else if (kind == "status-update" || kind == "task") {
      take_status(result);
    }
  }

  // What of the whole has not been told yet.
  void end(const std::string& whole) {
    if (whole.starts_with(told_)) {
      tell(std::string_view(whole).substr(told_.size()));
    } else if (!whole.empty()) {
      tell("\n");
      tell(whole);
    }
  }

 private:
  void take_artifact(Node update) {
    const Node artifact = update.find("artifact");
    const std::string id = told(artifact.find("artifactId"));
    const Node append = update.find("append");
    const bool goes_on = append.is(Type::boolean) && append.boolean();
    const bool known = !artifacts_.insert(id).second;
    if (known && !goes_on) return;  // Put anew: the end tells it.
    std::string text;
    const Node parts = artifact.find("parts");
    for (std::size_t i = 0; parts.is(Type::array) && i < parts.size(); ++i)
      text += told(parts.at(i).find("text"));
    if (!known && !told_.empty() && !text.empty()) tell("\n");
    tell(text);
  }
  // What is said at the end is the answer itself.
  void take_status(Node update) {
    const Node status = update.find("status");
    const std::string state = told(status.find("state"));
    const Node last = update.find("final");
    if ((last.is(Type::boolean) && last.boolean()) || state == "completed" || state == "failed")
      return;
    const std::string said = a2a::text_of(status.find("message"));
    note(said.empty() && state == "submitted" ? "waiting for the agent" : said);
  }
  // Not in the middle of a line.
  void note(const std::string& text) {
    if (!told_.empty() && !told_.ends_with('\n')) return;
    if (text.empty() || text == noted_ || !hearing_.note) return;
    noted_ = text;
    hearing_.note(text);
  }
  void tell(std::string_view piece) {
    told_ += piece;
    if (!piece.empty() && hearing_.piece) hearing_.piece(piece);
  }

  const Hearing& hearing_;
  std::string told_;
  std::string noted_;
  std::set<std::string> artifacts_;
};

Reply reply_of(const std::string& answer) {
  Reply reply;
  if (answer.empty()) {
    reply.end = Reply::End::failed;
    reply.error = "the stream ended without an answer";
    return reply;
  }
  const a2a::Answer read = a2a::read_answer(answer, "1");
  reply.result = read.body;
  if (read.form != a2a::Form::error) reply.text = read.text;
  if (read.task) {
    reply.context = read.task->context_id;
    reply.task = read.task->id;
  }
  const bool asks =
      read.task && (read.task->state == "input-required" || read.task->state == "auth-required");
  if (read.outcome == a2a::Outcome::failed || (read.outcome == a2a::Outcome::unfinished && !asks)) {
    reply.end = Reply::End::failed;
    reply.error = read.error;
  } else if (asks) {
    reply.end = Reply::End::asks;
  }
  if (!read.task) {
    const json::Document document = json::parse_answer(read.body);
    const Node result = document.root().find("result");
    reply.context = told(result.find("contextId"));
  }
  return reply;
}

}  // namespace

io::Task<Reply> converse(Session& session, WorkspaceId to, Outgoing message, Hearing hearing) {
  client::MessageStream stream(session.platform().platform(), session.platform().credential(),
                               path_to(to), request_of(session, "message/stream", message),
                               session.clock());
  a2a::Stream whole;
  Telling telling(hearing);
  for (;;) {
    const std::optional<std::string> data = co_await stream.next();
    if (!data) break;
    telling.take(*data);
    if (whole.take(*data)) break;  // An agent that asks may keep its stream open.
  }
  Reply reply = reply_of(whole.answer());
  if (reply.end != Reply::End::failed) telling.end(reply.text);
  co_return reply;
}

io::Task<json::Document> post_message(Session& session, WorkspaceId to, Outgoing message) {
  return session.platform().post(path_to(to), request_of(session, "message/send", message));
}

}  // namespace molecule::cli
