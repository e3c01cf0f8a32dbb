#include "wire/a2a/translate.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "platform/json/answer.h"
#include "wire/a2a/a2a.h"
#include "wire/a2a/differences.h"
#include "wire/a2a/metadata.h"
#include "wire/a2a/task.h"
#include "wire/a2a/trace.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

using namespace detail;

std::string_view name_in(Generation generation, const Pair& pair) {
  return generation == Generation::v10 ? pair.v10 : pair.v03;
}

std::string role_as(Generation to, std::string_view role) {
  bool agent = role == "agent" || role == "ROLE_AGENT";
  if (to == Generation::v10) return agent ? "ROLE_AGENT" : "ROLE_USER";
  return agent ? "agent" : "user";
}

const Pair* known_state(std::string_view state) {
  // As gRPC of 0.3 and much English spell it.
  if (state == "cancelled" || state == "TASK_STATE_CANCELLED") state = "canceled";
  const auto known = std::ranges::find_if(
      states, [&](const Pair& each) { return state == each.v03 || state == each.v10; });
  return known == states.end() ? nullptr : &*known;
}

// One object being written; members are skipped, replaced or copied.
class Writer {
 public:
  void copy(std::string_view name, Node value) { raw(name, value.text()); }
  void string(std::string_view name, std::string_view value) {
    std::string quoted;
    json::quote(quoted, value);
    raw(name, quoted);
  }
  void raw(std::string_view name, std::string_view value) {
    if (out_.size() > 1) out_ += ',';
    json::quote(out_, name);
    out_ += ':';
    out_ += value;
  }
  // What another object has.
  void members(Writer other) {
    if (other.empty()) return;
    if (out_.size() > 1) out_ += ',';
    out_.append(other.out_, 1);
  }
  bool empty() const { return out_.size() == 1; }
  std::string text() && {
    out_ += '}';
    return std::move(out_);
  }

 private:
  std::string out_ = "{";
};

std::string_view word(Node node) {
  return node.is(Type::string) ? node.string() : std::string_view();
}

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// What a part of 1.0 has of its own.
constexpr std::array<std::string_view, 7> part_members{"text",     "raw",       "url",     "data",
                                                       "filename", "mediaType", "metadata"};

// A scalar or list that 0.3 cannot carry is wrapped in an object, and marked.
constexpr std::string_view wrapped_mark = "molecule_wrapped_data";

// Of 0.3: what its kind, its file and its metadata have there is in the part itself.
std::string part_from_v03(Node part) {
  Writer w;
  Node file = part.find("file"), metadata = part.find("metadata");
  const bool wrapped = metadata.find(wrapped_mark).is(Type::boolean);
  const bool of_words = !file.is(Type::object);  // A text or data part.
  const auto moves = [&](std::string_view name) {
    return of_words && is_one_of(described_in_metadata, name) && !part.find(name) &&
           metadata.find(name).is(Type::string);
  };
  for (std::size_t i = 0; i < part.size(); ++i) {
    const std::string_view name = part.name_at(i);
    Node value = part.value_at(i);
    if (name == "kind" || name == "type" || name == "file") continue;
    if (name == "data" && wrapped && value.find("value")) {
      w.copy(name, value.find("value"));
    } else if (name != "metadata" || !value.is(Type::object)) {
      w.copy(name, value);
    }
  }
  if (metadata.is(Type::object)) {
    Writer own;
    for (std::size_t i = 0; i < metadata.size(); ++i) {
      const std::string_view name = metadata.name_at(i);
      if (moves(name)) {
        w.copy(name, metadata.value_at(i));
      } else if (name != wrapped_mark || !wrapped) {
        own.copy(name, metadata.value_at(i));
      }
    }
    if (std::string text = std::move(own).text(); text != "{}" || metadata.size() == 0)
      w.raw("metadata", text);
  }
  for (std::size_t i = 0; file.is(Type::object) && i < file.size(); ++i) {
    const auto known = std::ranges::find(file_members, file.name_at(i), &Pair::v03);
    const bool strange = known == file_members.end();
    const std::string_view name = strange ? file.name_at(i) : known->v10;
    // What would say something else there stays behind.
    if (part.find(name) || (strange && is_one_of(part_members, name))) continue;
    w.copy(name, file.value_at(i));
  }
  return std::move(w).text();
}

std::string part_from_v10(Node part) {
  Node metadata = part.find("metadata");
  const bool is_text = bool(part.find("text"));
  const bool is_file = !is_text && (part.find("raw") || part.find("url"));
  Writer w, file, beside, added;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const std::string_view name = part.name_at(i);
    Node value = part.value_at(i);
    if (name == "text" || name == "data" || name == "metadata") continue;
    const auto member = std::ranges::find(file_members, name, &Pair::v10);
    if (is_file && member != file_members.end()) {
      file.copy(member->v03, value);
    } else if (!is_file && is_one_of(described_in_metadata, name) && !metadata.find(name)) {
      added.copy(name, value);
    } else {
      beside.copy(name, value);
    }
  }
  if (is_text) {
    w.string("kind", "text");
    w.copy("text", part.find("text"));
  } else if (is_file) {
    w.string("kind", "file");
    w.raw("file", std::move(file).text());
  } else {
    Node data = part.find("data");
    w.string("kind", "data");
    if (data.is(Type::object)) {
      w.copy("data", data);
    } else {
      w.raw("data", "{\"value\":" + (data ? data.text() : "null") + "}");
      added.raw(wrapped_mark, "true");
    }
  }
  w.members(std::move(beside));
  if (metadata.is(Type::object) || !added.empty()) {
    Writer own;
    for (std::size_t i = 0; metadata.is(Type::object) && i < metadata.size(); ++i)
      own.copy(metadata.name_at(i), metadata.value_at(i));
    own.members(std::move(added));
    w.raw("metadata", std::move(own).text());
  } else if (metadata) {
    w.copy("metadata", metadata);
  }
  return std::move(w).text();
}

std::string part_as(Generation to, Node part) {
  if (to == Generation::v10) return part_from_v03(part);
  return word(part.find("kind")).empty() ? part_from_v10(part) : part.text();
}

std::string parts_as(Generation to, Node parts) {
  std::string out = "[";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += ',';
    out += part_as(to, parts.at(i));
  }
  return out + "]";
}

std::string message_as(Generation to, Node message) {
  Writer w;
  if (to == Generation::v03) w.string("kind", "message");
  for (std::size_t i = 0; i < message.size(); ++i) {
    std::string_view name = message.name_at(i);
    Node value = message.value_at(i);
    if (name == "kind") continue;
    if (name == "role" && value.is(Type::string)) {
      w.string("role", role_as(to, value.string()));
    } else if (name == "parts" && value.is(Type::array)) {
      w.raw("parts", parts_as(to, value));
    } else {
      w.copy(name, value);
    }
  }
  return std::move(w).text();
}

std::string status_as(Generation to, Node status) {
  if (!status.is(Type::object)) {
    // Simple servers answer with a bare word.
    Writer w;
    if (status.is(Type::string)) w.string("state", state_as(to, status.string()));
    return std::move(w).text();
  }
  Writer w;
  for (std::size_t i = 0; i < status.size(); ++i) {
    std::string_view name = status.name_at(i);
    Node value = status.value_at(i);
    if (name == "state" && value.is(Type::string)) {
      w.string("state", state_as(to, value.string()));
    } else if (name == "message" && value.is(Type::object)) {
      w.raw("message", message_as(to, value));
    } else {
      w.copy(name, value);
    }
  }
  return std::move(w).text();
}

template <class Each>
std::string list_as(Node list, Each&& each) {
  std::string out = "[";
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    out += each(list.at(i));
  }
  return out + "]";
}

std::string artifact_as(Generation to, Node artifact) {
  Writer w;
  for (std::size_t i = 0; i < artifact.size(); ++i) {
    std::string_view name = artifact.name_at(i);
    Node value = artifact.value_at(i);
    if (name == "parts" && value.is(Type::array)) {
      w.raw(name, parts_as(to, value));
    } else {
      w.copy(name, value);
    }
  }
  return std::move(w).text();
}

std::string task_as(Generation to, Node task) {
  Writer w;
  if (to == Generation::v03) w.string("kind", "task");
  for (std::size_t i = 0; i < task.size(); ++i) {
    std::string_view name = task.name_at(i);
    Node value = task.value_at(i);
    if (name == "kind") continue;
    if (name == "status") {
      w.raw("status", status_as(to, value));
    } else if (name == "history" && value.is(Type::array)) {
      w.raw("history", list_as(value, [&](Node m) { return message_as(to, m); }));
    } else if (name == "artifacts" && value.is(Type::array)) {
      w.raw("artifacts", list_as(value, [&](Node artifact) { return artifact_as(to, artifact); }));
    } else {
      w.copy(name, value);
    }
  }
  return std::move(w).text();
}

std::string authentication_as(Generation to, Node authentication) {
  Writer w;
  const std::string_view theirs = to == Generation::v10 ? push_scheme.v03 : push_scheme.v10;
  const std::string_view ours = name_in(to, push_scheme);
  for (std::size_t i = 0; i < authentication.size(); ++i) {
    Node value = authentication.value_at(i);
    if (authentication.name_at(i) != theirs || authentication.find(ours)) {
      w.copy(authentication.name_at(i), value);
    } else if (to == Generation::v03) {
      w.raw(ours, '[' + value.text() + ']');
    } else if (value.is(Type::array) && value.size() > 0) {
      w.copy(ours, value.at(0));
    }
  }
  return std::move(w).text();
}

std::string push_as(Generation to, Node push) {
  Writer w;
  for (std::size_t i = 0; i < push.size(); ++i) {
    std::string_view name = push.name_at(i);
    Node value = push.value_at(i);
    if (to == Generation::v03 &&
        std::ranges::find(push_of_v10_alone, name) != push_of_v10_alone.end())
      continue;
    if (name == "authentication" && value.is(Type::object)) {
      w.raw(name, authentication_as(to, value));
    } else {
      w.copy(name, value);
    }
  }
  return std::move(w).text();
}

// `configuration` may be absent: to leave all of it out means something as well.
std::string configuration_as(Generation to, Node configuration) {
  const Generation from = to == Generation::v10 ? Generation::v03 : Generation::v10;
  Writer w;
  const std::size_t size = configuration.is(Type::object) ? configuration.size() : 0;
  for (std::size_t i = 0; i < size; ++i) {
    std::string_view name = configuration.name_at(i);
    Node value = configuration.value_at(i);
    auto setting = std::ranges::find_if(
        settings, [&](const Setting& each) { return name == name_in(from, each.name); });
    if (setting == settings.end()) {
      w.copy(name, value);
    } else if (setting->value == Value::opposite && value.is(Type::boolean)) {
      w.raw(name_in(to, setting->name), value.boolean() ? "false" : "true");
    } else if (setting->value == Value::push && value.is(Type::object)) {
      w.raw(name_in(to, setting->name), push_as(to, value));
    } else {
      w.copy(name_in(to, setting->name), value);
    }
  }
  for (const Setting& setting : settings) {
    bool told = configuration.find(setting.name.v03) || configuration.find(setting.name.v10);
    if (to == Generation::v03 && !setting.unset_means.empty() && !told)
      w.raw(setting.name.v03, setting.unset_means);
  }
  return std::move(w).text();
}

// One spelling for values that mean the same, so that texts can be compared.
std::string sorted(Node value) {
  if (value.is(Type::array)) return list_as(value, sorted);
  if (!value.is(Type::object)) return value.text();
  std::map<std::string_view, Node> members;
  for (std::size_t i = 0; i < value.size(); ++i)
    members.emplace(value.name_at(i), value.value_at(i));
  Writer w;
  for (const auto& [name, member] : members) w.raw(name, sorted(member));
  return std::move(w).text();
}

// What a message says and of what it is, in one spelling. Beside its words whoever carries it may
// leave a trace, and its sender's headers are kept there, which are no part of it.
struct Meant {
  std::string parts, task, references, metadata, more_metadata;
  std::optional<std::string> context;

  bool operator==(const Meant&) const = default;
};

std::string metadata_meant(Node metadata) {
  if (!metadata.is(Type::object)) return {};
  std::string out;
  std::map<std::string_view, Node> members;
  for (std::size_t i = 0; i < metadata.size(); ++i)
    members.emplace(metadata.name_at(i), metadata.value_at(i));
  members.erase(trace_parent_name);
  members.erase(trace_state_name);
  members.erase(extensions_member);
  // What was said before, as its sender has it by now: a later attempt brings more of it.
  members.erase("history");
  for (const auto& [name, value] : members) {
    json::quote(out, name);
    out += sorted(value);
  }
  return out;
}

Meant meant_by(std::string_view request) {
  json::Document document = json::Document::parse(request);
  Node params = document.root().find("params");
  Node message = params.find("message");
  Meant out;
  if (Node parts = message.find("parts"); parts.is(Type::array)) {
    json::Document translated = json::Document::parse(parts_as(Generation::v10, parts));
    out.parts = sorted(translated.root());
  }
  out.task = word(message.find("taskId"));
  if (Node context = message.find("contextId"); context.is(Type::string))
    out.context = std::string(context.string());
  if (Node list = message.find("referenceTaskIds"); list.is(Type::array) && list.size() > 0)
    out.references = sorted(list);
  out.metadata = metadata_meant(message.find("metadata"));
  out.more_metadata = metadata_meant(params.find("metadata"));
  return out;
}

bool ends_stream(Node status) {
  Node state = status.find("state");
  const std::string name =
      state_as(Generation::v03, state.is(Type::string) ? state.string() : std::string_view());
  return outcome_of(name) != Outcome::unfinished || name == "input-required";
}

// An update of a task: `kind` says so in 0.3, a member around it in 1.0.
std::string update_as(Generation to, std::string_view kind, Node update) {
  Writer w;
  if (to == Generation::v03) w.string("kind", kind);
  for (std::size_t i = 0; i < update.size(); ++i) {
    std::string_view name = update.name_at(i);
    Node value = update.value_at(i);
    if (name == "kind" || (name == "final" && to == Generation::v10)) continue;
    if (name == "status") {
      w.raw("status", status_as(to, value));
    } else if (name == "artifact" && value.is(Type::object)) {
      w.raw("artifact", artifact_as(to, value));
    } else {
      w.copy(name, value);
    }
  }
  if (to == Generation::v03 && kind == "status-update" && !update.find("final"))
    w.raw("final", ends_stream(update.find("status")) ? "true" : "false");
  return std::move(w).text();
}

// Whether a task or an update of one is in a state as this generation names it; also where it does
// not say one.
bool is_named_well(Generation generation, Node task) {
  const std::string_view state = word(task.find("status").find("state"));
  return state == state_as(generation, state);
}

std::string result_as(Generation to, Node result) {
  Node kind = result.find("kind");
  for (const Pair& update : updates) {
    Node wrapped = result.find(update.v10);
    const bool is_new = wrapped.is(Type::object);
    const bool is_old = !is_new && word(kind) == update.v03;
    if (!is_new && !is_old) continue;
    Node said = is_new ? wrapped : result;
    const bool as_it_is = is_new == (to == Generation::v10) && is_named_well(to, said);
    if (as_it_is) return result.text();
    std::string told = update_as(to, update.v03, said);
    if (to == Generation::v03) return told;
    Writer w;
    w.raw(update.v10, told);
    return std::move(w).text();
  }
  Node wrapped = result.find("task");
  if (to == Generation::v03) {
    if (wrapped.is(Type::object)) return task_as(to, wrapped);
    if (result.find("message").is(Type::object)) return message_as(to, result.find("message"));
    return word(kind) != "task" || is_named_well(to, result) ? result.text() : task_as(to, result);
  }
  if (wrapped.is(Type::object) && !is_named_well(to, wrapped))
    return "{\"task\":" + task_as(to, wrapped) + "}";
  if (wrapped || result.find("message")) return result.text();
  bool task = result.find("kind").is(Type::string) ? result.find("kind").string() == "task"
                                                   : static_cast<bool>(result.find("status"));
  if (task) return "{\"task\":" + task_as(to, result) + "}";
  if (result.find("parts")) return "{\"message\":" + message_as(to, result) + "}";
  return result.text();
}

}  // namespace

std::string message_told(Generation to, Node message) { return message_as(to, message); }

std::string parts_told(Generation to, Node parts) { return parts_as(to, parts); }

std::string artifacts_told(Generation to, Node list) {
  return list_as(list, [to](Node artifact) { return artifact_as(to, artifact); });
}

std::string task_form(Generation to, Node task) { return task_as(to, task); }

std::string state_as(Generation to, std::string_view state) {
  if (state.empty()) return {};
  const Pair* known = known_state(state);
  return std::string(name_in(to, known ? *known : states.back()));
}

bool is_state(std::string_view state) { return known_state(state) != nullptr; }

Outcome outcome_of(std::string_view state) {
  const std::string name = state_as(Generation::v03, state);
  if (name == "completed") return Outcome::done;
  const bool failed = name == "failed" || name == "rejected" || name == "canceled";
  return failed ? Outcome::failed : Outcome::unfinished;
}

Generation generation_of(std::string_view method) {
  return method == send_method.v10 || method == stream_method.v10 ? Generation::v10
                                                                  : Generation::v03;
}

bool asks_stream(std::string_view method) {
  return method == stream_method.v03 || method == stream_method.v10;
}

bool same_message(std::string_view one, std::string_view other) {
  if (one == other) return true;
  Meant first = meant_by(one), second = meant_by(other);
  // One may have been given its conversation in between.
  if (!first.context || !second.context) first.context = second.context;
  return first == second;
}

std::string request_as(Generation to, std::string_view request, bool stream) {
  json::Document document = json::Document::parse(request);
  Node root = document.root();
  Node asked = root.find("method");
  const Generation from =
      generation_of(asked.is(Type::string) ? asked.string() : std::string_view());
  Writer w;
  for (std::size_t i = 0; i < root.size(); ++i) {
    std::string_view name = root.name_at(i);
    Node value = root.value_at(i);
    if (name == "method") {
      w.string("method", name_in(to, stream ? stream_method : send_method));
    } else if (name == "params" && value.is(Type::object) && from != to) {
      Writer params;
      for (std::size_t k = 0; k < value.size(); ++k) {
        std::string_view member = value.name_at(k);
        if (member == "message") {
          params.raw("message", message_as(to, value.value_at(k)));
        } else if (member == "configuration") {
          continue;  // Below, because it may have to be made.
        } else {
          params.copy(member, value.value_at(k));
        }
      }
      std::string configuration = configuration_as(to, value.find("configuration"));
      if (value.find("configuration") || configuration != "{}")
        params.raw("configuration", configuration);
      w.raw("params", std::move(params).text());
    } else {
      w.copy(name, value);
    }
  }
  return std::move(w).text();
}

namespace {

std::string error_as(Generation to, Node error) {
  if (to == Generation::v10) return detailed(error);
  Node number = error.find("code");
  const bool known = !number.is(Type::integer) ||
                     std::ranges::find(detail::errors_of_v10_alone, number.integer()) ==
                         detail::errors_of_v10_alone.end();
  if (known) return error.text();
  json::Object out;
  out.add("code", detail::error_in_their_place);
  for (std::size_t i = 0; i < error.size(); ++i) {
    if (error.name_at(i) != "code") out.add(error.name_at(i), RawJson(error.value_at(i).text()));
  }
  return out.text();
}

}  // namespace

std::string answer_as(Generation to, std::string_view answer) {
  json::Document document = json::parse_answer(answer);
  Node root = document.root();
  const bool same = !root.find("result").is(Type::object) && !root.find("error").is(Type::object);
  if (same) return std::string(answer);
  Writer w;
  for (std::size_t i = 0; i < root.size(); ++i) {
    if (root.name_at(i) == "result" && root.value_at(i).is(Type::object)) {
      w.raw("result", result_as(to, root.value_at(i)));
    } else if (root.name_at(i) == "error") {
      w.raw("error", error_as(to, root.value_at(i)));
    } else {
      w.copy(root.name_at(i), root.value_at(i));
    }
  }
  return std::move(w).text();
}

std::string event_of(std::string_view piece, Generation to, std::string_view rpc_id) {
  json::Document document = json::parse_answer(piece);
  Node error = document.root().find("error");
  Node result = document.root().find("result");
  Writer w;
  w.string("jsonrpc", "2.0");
  w.raw("id", rpc_id);
  if (error) {
    w.raw("error", error_as(to, error));
  } else {
    w.raw("result", result.is(Type::object) ? result_as(to, result) : result.text());
  }
  return std::move(w).text();
}

}  // namespace molecule::a2a
