#include "wire/a2a/stream.h"

#include <algorithm>
#include <initializer_list>
#include <optional>

#include <fmt/core.h>

#include "base/fault.h"
#include "platform/json/answer.h"
#include "wire/a2a/a2a.h"
#include "wire/a2a/differences.h"
#include "wire/a2a/heard.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

std::string_view word(Node node) {
  return node.is(Type::string) ? node.string() : std::string_view();
}

// The members of an object but those left out, as they stand in it.
std::string members_but(Node object, std::initializer_list<std::string_view> left_out) {
  json::Object out;
  for (std::size_t i = 0; i < object.size(); ++i) {
    std::string_view name = object.name_at(i);
    if (std::ranges::find(left_out, name) == left_out.end())
      out.add(name, RawJson(object.value_at(i).text()));
  }
  return out.members();
}

// In place: an answer in many pieces is not copied for each of them.
void join(std::string& out, std::string_view more) {
  if (!out.empty() && !more.empty()) out += ',';
  out += more;
}

std::string parts_in(Node parts) {
  std::string out;
  for (std::size_t i = 0; parts.is(Type::array) && i < parts.size(); ++i)
    join(out, parts.at(i).text());
  return out;
}

Fault too_much(std::size_t max, std::string_view what) {
  return {Kind::bad_gateway, "response_too_large",
          fmt::format("the agent streamed more than {} {}", max, what)};
}

}  // namespace

bool Stream::take_status(Node status) {
  if (status) status_ = status.text();
  std::string state = state_as(Generation::v03, word(status.find("state")));
  return !state.empty() && (outcome_of(state) != Outcome::unfinished || state == "input-required" ||
                            state == "auth-required");
}

void Stream::take_artifact(Node artifact, bool append) {
  if (cut_) return;
  std::string id(word(artifact.find("artifactId")));
  std::string parts = parts_in(artifact.find("parts"));
  auto [known, fresh] = places_.try_emplace(std::move(id), artifacts_.size());
  if (append && !fresh) {
    artifacts_[known->second].appended = true;
    kept_ += parts.size();
    cut_ = kept_ > kept_max_;
    if (cut_) return;
    join(artifacts_[known->second].parts, parts);
    return;
  }
  Artifact made{members_but(artifact, {"parts", "metadata"}), {}, std::move(parts)};
  if (Node metadata = artifact.find("metadata"); metadata.is(Type::object)) {
    made.metadata = members_but(metadata, {appended_mark});
    Node marked = metadata.find(appended_mark);
    made.appended = marked.is(Type::boolean) && marked.boolean();
  }
  const auto size_of = [](const Artifact& one) {
    return one.members.size() + one.metadata.size() + one.parts.size();
  };
  kept_ += size_of(made);
  if (!fresh) kept_ -= size_of(artifacts_[known->second]);
  cut_ = kept_ > kept_max_;
  if (cut_) {
    // Its place is empty, if it is a new one.
    if (fresh) places_.erase(known);
  } else if (!fresh) {
    artifacts_[known->second] = std::move(made);
  } else if (artifacts_.size() == artifacts_max) {
    throw too_much(artifacts_max, "artifacts");
  } else {
    artifacts_.push_back(std::move(made));
  }
}

bool Stream::take_task(Node task) {
  members_ = members_but(task, {"kind", "status", "artifacts"});
  artifacts_.clear();
  places_.clear();
  kept_ = 0;
  cut_ = false;
  Node list = task.find("artifacts");
  for (std::size_t i = 0; list.is(Type::array) && i < list.size(); ++i)
    take_artifact(list.at(i), false);
  return take_status(task.find("status"));
}

// Updates name the task that they are of; some agents never send it whole.
void Stream::name_task(Node id, Node context) {
  if (!members_.empty()) return;
  json::Object out;
  if (id) out.add("id", RawJson(id.text()));
  if (context) out.add("contextId", RawJson(context.text()));
  members_ = out.members();
}

bool Stream::is_of_another(Node id) {
  const std::string_view named = word(id);
  if (task_.empty()) task_ = named;
  strayed_ = !named.empty() && named != task_;
  return strayed_;
}

bool Stream::take(std::string_view data) {
  strayed_ = false;
  if (++events_ > events_max) throw too_much(events_max, "events without coming to an end");
  std::optional<json::Document> document;
  try {
    document.emplace(json::Document::parse(data, heard_limits));
  } catch (const Fault&) {
    return false;  // A keep-alive, or words for people.
  }
  Node root = document->root();
  if (!root.is(Type::object)) return false;
  if (root.find("error") && !root.find("error").is(Type::null)) {
    whole_ = root.text();
    return true;
  }
  if (root.find("jsonrpc") && !root.find("result")) return false;  // It tells nothing.
  Node result = root.find("result") ? root.find("result") : root;
  std::string_view kind = word(result.find("kind"));
  for (std::string_view wrapper : {"task", "message", "statusUpdate", "artifactUpdate"}) {
    if (kind.empty() && result.find(wrapper).is(Type::object)) new_form_ = true;
  }
  Node status_update = kind == "status-update" ? result : result.find("statusUpdate");
  Node artifact_update = kind == "artifact-update" ? result : result.find("artifactUpdate");
  if (status_update.is(Type::object)) {
    if (is_of_another(status_update.find("taskId"))) return false;
    name_task(status_update.find("taskId"), status_update.find("contextId"));
    Node last = status_update.find("final");
    return take_status(status_update.find("status")) || (last.is(Type::boolean) && last.boolean());
  }
  if (artifact_update.is(Type::object)) {
    if (is_of_another(artifact_update.find("taskId"))) return false;
    name_task(artifact_update.find("taskId"), artifact_update.find("contextId"));
    Node append = artifact_update.find("append");
    take_artifact(artifact_update.find("artifact"), append.is(Type::boolean) && append.boolean());
    return false;
  }
  Node task = new_form_ ? result.find("task") : result;
  if (task.is(Type::object) && (kind == "task" || new_form_ || task.find("status")))
    return !is_of_another(task.find("id")) && take_task(task);
  whole_ = jsonrpc::success("null", result.text());
  return true;
}

std::optional<std::string> piece_of(std::string_view data) {
  std::optional<json::Document> document;
  try {
    document.emplace(json::Document::parse(data, heard_limits));
  } catch (const Fault&) {
    return std::nullopt;
  }
  Node root = document->root();
  if (!root.is(Type::object)) return std::nullopt;
  if (Node error = root.find("error"); error && !error.is(Type::null))
    return json::Object{}.add("error", RawJson(error.text())).text();
  Node result = root.find("result");
  if (!result && root.find("jsonrpc")) return std::nullopt;
  return json::Object{}.add("result", RawJson((result ? result : root).text())).text();
}

std::optional<TaskSeen> seen_in(Node result) {
  for (const detail::Pair& update : detail::updates) {
    if (Node wrapped = result.find(update.v10); wrapped.is(Type::object)) result = wrapped;
  }
  if (Node task = result.find("task"); task.is(Type::object)) result = task;
  const bool update = result.find("taskId").is(Type::string) && !result.find("parts");
  const bool whole = result.find("status") || word(result.find("kind")) == "task";
  TaskSeen seen;
  if (update) {
    seen.id = word(result.find("taskId"));
  } else if (whole) {
    seen.id = word(result.find("id"));
  }
  if (seen.id.empty() || seen.id.size() > task_id_max) return std::nullopt;
  if (Node context = result.find("contextId"); word(context).size() <= task_id_max)
    seen.context_id = word(context);
  seen.state = state_as(Generation::v03, word(result.find("status").find("state")));
  if (!is_state(seen.state)) seen.state.clear();
  for (std::string* text : {&seen.id, &seen.context_id}) *text = json::storable(*text, task_id_max);
  return seen;
}

std::optional<TaskSeen> task_seen(std::string_view piece) {
  json::Document document = json::parse_answer(piece);
  return seen_in(document.root().find("result"));
}

std::string task_of(std::string_view piece) {
  auto seen = task_seen(piece);
  return seen ? seen->id : std::string();
}

bool is_last(std::string_view piece) { return Stream().take(piece); }

std::string task_request(Generation to, TaskRequest what, std::string_view task_id,
                         std::string_view metadata_members) {
  const detail::Pair& method = what == TaskRequest::subscribe ? detail::subscribe_method
                               : what == TaskRequest::cancel  ? detail::cancel_method
                                                              : detail::get_method;
  json::Object params;
  params.add("id", task_id);
  if (!metadata_members.empty())
    params.add("metadata", RawJson(fmt::format("{{{}}}", metadata_members)));
  return jsonrpc::request("1", to == Generation::v10 ? method.v10 : method.v03, params.text());
}

std::string Stream::answer() const {
  if (!whole_.empty()) return whole_;
  if (status_.empty() && artifacts_.empty()) return {};
  std::string status = status_;
  if (status.empty()) {
    status = json::Object{}
                 .add("state", state_as(new_form_ ? Generation::v10 : Generation::v03, "working"))
                 .text();
  }
  std::string task = new_form_ ? "{" : R"({"kind":"task",)";
  task += members_;
  task += members_.empty() ? "\"status\":" : ",\"status\":";
  task += status;
  task += ",\"artifacts\":[";
  bool first = true;
  for (const Artifact& artifact : artifacts_) {
    task += first ? "{" : ",{";
    first = false;
    std::string members = artifact.members;
    if (artifact.appended || !artifact.metadata.empty()) {
      std::string metadata = artifact.metadata;
      if (artifact.appended) join(metadata, fmt::format("\"{}\":true", appended_mark));
      join(members, "\"metadata\":{" + metadata + "}");
    }
    task += members;
    task += members.empty() ? "\"parts\":[" : ",\"parts\":[";
    task += artifact.parts;
    task += "]}";
  }
  task += "]}";
  return jsonrpc::success("null", new_form_ ? "{\"task\":" + task + '}' : task);
}

}  // namespace molecule::a2a
