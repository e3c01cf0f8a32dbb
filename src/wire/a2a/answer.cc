#include "platform/json/answer.h"

#include <optional>

#include <fmt/core.h>

#include "base/fault.h"
#include "wire/a2a/a2a.h"
#include "wire/a2a/heard.h"
#include "wire/a2a/stream.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

// `one`: the parts are pieces of one text.
void append_parts(std::string& out, Node parts, bool one = false) {
  if (!parts.is(Type::array)) return;
  bool begun = false;
  auto append = [&](std::string_view text) {
    if (text.empty()) return;
    if (!out.empty() && !(one && begun)) out += '\n';
    out += text;
    begun = true;
  };
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Node part = parts.at(i);
    Node text = part.find("text");
    if (text.is(Type::string)) append(text.string());
    // Some servers nest a part under "root".
    Node nested = part.find("root").find("text");
    if (nested.is(Type::string)) append(nested.string());
  }
}

void append_artifact(std::string& out, Node artifact) {
  Node mark = artifact.find("metadata").find(appended_mark);
  append_parts(out, artifact.find("parts"), mark.is(Type::boolean) && mark.boolean());
}

// The state of the task that a result is: nothing when it is none, empty when it does not say.
std::optional<std::string_view> state_of(Node result) {
  const bool wrapped = result.find("task").is(Type::object);
  Node task = wrapped ? result.find("task") : result;
  Node status = task.find("status");
  Node state = status.find("state");
  if (state.is(Type::string)) return state.string();
  Node kind = task.find("kind");
  const bool task_like = kind.is(Type::string) ? kind.string() == "task"
                                               : task.find("artifacts") || task.find("contextId");
  const bool declared =
      (wrapped && task.find("id")) || (kind.is(Type::string) && kind.string() == "task");
  // Simple servers answer with a bare word, and not only about tasks: theirs may be any.
  if (status.is(Type::string)) {
    const bool meant = declared || (task_like && is_state(status.string()));
    return meant ? std::optional(status.string()) : std::nullopt;
  }
  const bool silent = declared || (task_like && status.is(Type::object)) || state;
  return silent ? std::optional(std::string_view()) : std::nullopt;
}

Form form_of(Node result) {
  if (!result.is(Type::object)) return Form::other;
  Node kind = result.find("kind");
  if (kind.is(Type::string)) {
    const bool known = kind.string() == "task" || kind.string() == "message";
    return known ? Form::v03 : Form::other;
  }
  if (result.find("task").is(Type::object) || result.find("message").is(Type::object))
    return Form::v10;
  Node status = result.find("status");
  const bool stands =
      status.is(Type::object) || (status.is(Type::string) && is_state(status.string()));
  return stands || result.find("parts").is(Type::array) ? Form::v03 : Form::other;
}

// In place of a result. What the agent will do about it is told to nobody later.
std::string why_none(Outcome outcome, std::string_view state, std::string_view said) {
  const std::string name = state_as(Generation::v03, state);
  std::string out;
  if (outcome == Outcome::failed) {
    out = fmt::format("the agent's task ended as {}", name);
  } else if (state.empty()) {
    out = "unfinished: the agent's task does not say its state";
  } else if (!is_state(state)) {
    out =
        fmt::format("unfinished: the agent's task is {}, which is no state that A2A knows", state);
  } else {
    out = fmt::format("unfinished: the agent's task is {}", name);
  }
  if (!said.empty()) {
    out += ": ";
    out += said;
  } else if (outcome == Outcome::unfinished) {
    out += "; its result will not be told here, so ask the agent before handing the work out again";
  }
  return out;
}

// Simple servers also write the error that there was not.
bool is_none(Node error) {
  return !error || error.is(Type::null) || (error.is(Type::boolean) && !error.boolean()) ||
         (error.is(Type::string) && error.string().empty());
}

Fault not_understood(std::string_view what) {
  return {Kind::bad_gateway, "bad_response", std::string(what)};
}

// What is well-formed and yet neither a result nor an error.
void require_meaning(Node root, bool failed) {
  if (root.is(Type::array)) throw not_understood("that is a list and not an object");
  if (root.is(Type::null)) throw not_understood("that is null and not an object");
  if (failed) return;
  Node result = root.find("result");
  if (result.is(Type::null)) throw not_understood("its result is null");
  if (!root.find("jsonrpc")) return;
  if (!result) throw not_understood("that holds neither a result nor an error");
  if (result.is(Type::array)) throw not_understood("its result is a list and not an object");
}

// The envelope as it is, under another id.
std::string under(std::string_view rpc_id, Node root) {
  json::Object out;
  bool written = false;
  for (std::size_t i = 0; i < root.size(); ++i) {
    bool id = root.name_at(i) == "id";
    written = written || id;
    out.add(root.name_at(i), RawJson(id ? std::string(rpc_id) : root.value_at(i).text()));
  }
  if (!written) out.add("id", RawJson(std::string(rpc_id)));
  return out.text();
}

}  // namespace

std::string text_of(Node node) {
  std::string out;
  if (!node) return out;
  if (node.is(Type::string)) return std::string(node.string());
  if (!node.is(Type::object)) return out;
  append_parts(out, node.find("parts"));
  if (out.empty() && node.find("content").is(Type::string)) out = node.find("content").string();
  append_parts(out, node.find("content"));
  if (Node artifacts = node.find("artifacts"); artifacts.is(Type::array)) {
    for (std::size_t i = 0; i < artifacts.size(); ++i) append_artifact(out, artifacts.at(i));
  }
  // A task that produced no artifact may still say something in its status.
  if (out.empty()) append_parts(out, node.find("status").find("message").find("parts"));
  for (std::string_view wrapper : {"message", "task"}) {
    if (out.empty() && node.find(wrapper).is(Type::object)) out = text_of(node.find(wrapper));
  }
  if (out.empty() && node.find("text").is(Type::string)) out = node.find("text").string();
  return out;
}

Answer read_answer(std::string_view body, std::string_view rpc_id) {
  Answer answer;
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw Fault(Kind::bad_gateway, "bad_response", "agent returned empty response body");
  }
  std::optional<json::Document> document;
  try {
    document.emplace(json::Document::parse(body, heard_limits));
  } catch (const Fault& fault) {
    // Where JSON has begun the place of its mistake helps; a page has none.
    const char first = body[body.find_first_not_of(" \t\r\n")];
    const bool begun = first == '{' || first == '[' || first == '"';
    throw Fault(Kind::bad_gateway, "bad_response",
                begun ? "that is " + fault.text() : std::string("that is not JSON"));
  }
  Node root = document->root();
  Node error = root.find("error");
  const bool failed = !is_none(error);
  require_meaning(root, failed);
  Node result = root.find("result");
  if (failed) {
    answer.outcome = Outcome::failed;
    Node message = error.find("message");
    std::string said = message.is(Type::string) ? std::string(message.string())
                       : error.is(Type::string) ? std::string(error.string())
                                                : error.text();
    answer.error = json::storable(said, error_max);
    // Beside an error a result stands for nothing, and most clients would read it first.
    if (root.find("jsonrpc") && !result) {
      answer.body = under(rpc_id, root);
    } else if (root.find("jsonrpc") && error.is(Type::object)) {
      json::Object envelope;
      envelope.add("jsonrpc", "2.0").add("id", RawJson(std::string(rpc_id)));
      answer.body = envelope.add("error", RawJson(error.text())).text();
    } else {
      answer.body = jsonrpc::failure(rpc_id, jsonrpc::internal_error, answer.error);
    }
    return answer;
  }
  if (root.find("jsonrpc")) {
    answer.body = under(rpc_id, root);
  } else {
    if (!result) result = root;
    answer.body = jsonrpc::success(rpc_id, result.text());
  }
  answer.text = text_of(result);
  answer.form = form_of(result);
  answer.task = seen_in(result);
  if (auto state = state_of(result)) {
    answer.outcome = outcome_of(*state);
    const auto form = answer.form == Form::v10 ? Generation::v10 : Generation::v03;
    answer.misnamed = *state != state_as(form, *state);
    if (answer.outcome != Outcome::done) {
      // What it says about itself comes before what it has made so far.
      Node task = result.find("task").is(Type::object) ? result.find("task") : result;
      std::string about = text_of(task.find("status").find("message"));
      answer.error = json::storable(
          why_none(answer.outcome, *state, about.empty() ? answer.text : about), error_max);
    }
  }
  if (answer.text.empty() && result)
    answer.text = result.is(Type::string) ? std::string(result.string()) : result.text();
  answer.text = json::storable(answer.text, answer.text.size());
  Node trace = result.find("metadata").find("tool_trace");
  if (trace && !(trace.is(Type::array) && trace.size() == 0) && !trace.is(Type::null)) {
    answer.tool_trace = RawJson(trace.text());
  }
  return answer;
}

std::string told_in(Generation to, const Answer& answer, std::string_view message_id,
                    std::string_view rpc_id) {
  const Form wanted = to == Generation::v10 ? Form::v10 : Form::v03;
  if (answer.form == wanted && !answer.misnamed) return answer.body;
  if (answer.form != Form::other) return answer_as(to, answer.body);
  if (to == Generation::v03) return answer.body;
  if (answer.text.empty() || answer.text == "{}" || answer.text == "null")
    throw not_understood("its result says nothing");
  return answer_saying(answer.text, {}, message_id, to, rpc_id);
}

std::optional<std::int64_t> error_code(std::string_view body) {
  try {
    json::Document document = json::Document::parse(body, heard_limits);
    Node version = document.root().find("jsonrpc"), error = document.root().find("error");
    const bool is_one = version.is(Type::string) && version.string() == "2.0" &&
                        error.find("code").is(Type::integer) &&
                        error.find("message").is(Type::string);
    if (!is_one) return std::nullopt;
    return error.find("code").integer();
  } catch (const Fault&) {
    return std::nullopt;
  }
}

bool is_error(std::string_view body) { return error_code(body).has_value(); }

std::string answer_again(std::string_view answer, Generation recorded, Generation asked,
                         std::string_view rpc_id) {
  std::string translated = recorded == asked ? std::string(answer) : answer_as(asked, answer);
  json::Document document = json::parse_answer(translated);
  return under(rpc_id, document.root());
}

bool streams(Node card) {
  Node streaming = card.find("capabilities").find("streaming");
  return streaming.is(Type::boolean) && streaming.boolean();
}

Generation speaks(Node card) {
  Node interfaces = card.find("supportedInterfaces");
  if (!interfaces.is(Type::array)) return Generation::v03;
  bool new_one = false;
  for (std::size_t i = 0; i < interfaces.size(); ++i) {
    Node version = interfaces.at(i).find("protocolVersion");
    if (!version.is(Type::string)) continue;
    if (version.string().starts_with("0.3")) return Generation::v03;
    if (version.string().starts_with("1.")) new_one = true;
  }
  return new_one ? Generation::v10 : Generation::v03;
}

}  // namespace molecule::a2a
