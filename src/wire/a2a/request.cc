#include "base/fault.h"
#include "wire/a2a/a2a.h"
#include "wire/a2a/differences.h"
#include "wire/a2a/meant.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::a2a {
namespace {

constexpr std::size_t id_max = 256;  // Bytes of a message id and of a request id.

constexpr std::string_view history_length = "historyLength";

using json::Node;
using json::Type;

std::string string_member(Node object, std::string_view name) {
  Node value = object.find(name);
  return value.is(Type::string) ? std::string(value.string()) : std::string();
}

std::string_view part_kind(Node part) {
  for (std::string_view name : {"kind", "type"}) {
    Node value = part.find(name);
    if (value.is(Type::string)) return value.string();
  }
  if (part.find("text").is(Type::string)) return "text";
  if (part.find("data")) return "data";
  if (part.find("raw") || part.find("url") || part.find("file")) return "file";
  return {};
}

// Copies an object's members except those `skip` names, with a comma before each but the first.
template <class Skip>
void copy_members(std::string& out, Node object, bool& first, Skip&& skip) {
  for (std::size_t i = 0; i < object.size(); ++i) {
    std::string_view name = object.name_at(i);
    if (skip(name)) continue;
    if (!first) out += ',';
    first = false;
    json::quote(out, name);
    out += ':';
    out += object.value_at(i).text();
  }
}

// Whole numbers of any length: an id is given back as it came, and nobody counts with it.
bool is_whole(Node node, std::string_view text) {
  return node.is(Type::integer) ||
         (node.is(Type::number) && text.find_first_not_of("-0123456789") == std::string_view::npos);
}

// Who asks, for the form of a refusal.
struct Asker {
  bool rpc = false;         // Speaks JSON-RPC, so a refusal is a JSON-RPC error.
  std::string id = "null";  // Theirs, once it is known.
};

Fault refused(const Asker& asker, int number, std::string_view code, std::string text,
              std::string_view hint = {}) {
  json::Object hints;
  if (!hint.empty()) hints.add("hint", hint);
  Fault fault = bad_request(std::string(code), text).with(hints.members());
  if (!asker.rpc) return fault;
  return std::move(fault).body(refusal(asker.id, number, code, text, hints.members()));
}

bool speaks_rpc(std::string_view body) {
  return body.find("\"jsonrpc\"") != std::string_view::npos;
}

// Wrapping adds a few levels, and what a mailbox holds must be readable again.
json::Limits request_limits() {
  json::Limits limits;
  limits.depth -= 8;
  return limits;
}

bool is_id(Node id) { return id.is(Type::string) || is_whole(id, id.text()) || id.is(Type::null); }

constexpr std::string_view parts_hint =
    R"(send params.message.parts, for example [{"kind":"text","text":"hello"}])";

bool supported(std::string_view method) {
  return method == detail::send_method.v03 || method == detail::send_method.v10 ||
         asks_stream(method);
}
bool known_but_later(std::string_view method) {
  for (std::string_view name :
       {"tasks/get", "tasks/cancel", "tasks/resubscribe", "tasks/pushNotificationConfig/set",
        "tasks/pushNotificationConfig/get", "tasks/pushNotificationConfig/list",
        "tasks/pushNotificationConfig/delete", "agent/getAuthenticatedExtendedCard", "GetTask",
        "ListTasks", "CancelTask", "SubscribeToTask", "CreateTaskPushNotificationConfig",
        "GetTaskPushNotificationConfig", "ListTaskPushNotificationConfigs",
        "DeleteTaskPushNotificationConfig", "GetExtendedAgentCard"}) {
    if (method == name) return true;
  }
  return false;
}

// Writes the parts list in 0.3 or 1.0 spelling is left alone; only `type` becomes `kind`.
void write_parts(std::string& out, Node parts) {
  out += '[';
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Node part = parts.at(i);
    if (i > 0) out += ',';
    bool rename = part.find("type").is(Type::string) && !part.find("kind");
    if (!rename) {
      out += part.text();
      continue;
    }
    out += "{\"kind\":";
    out += part.find("type").text();
    bool first = false;
    copy_members(out, part, first, [](std::string_view name) { return name == "type"; });
    out += '}';
  }
  out += ']';
}

Fault invalid_message(const Asker& asker, std::string text) {
  return refused(asker, jsonrpc::invalid_params, "invalid_message", std::move(text), parts_hint);
}

void check_parts(const Asker& asker, Node parts) {
  if (!parts.is(Type::array) || parts.size() == 0) {
    throw invalid_message(asker, "params.message.parts must be a list with at least one part");
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts.at(i).is(Type::object) || part_kind(parts.at(i)).empty()) {
      throw invalid_message(
          asker, fmt::format("params.message.parts[{}] is not a text, file or data part", i));
    }
    Node text = parts.at(i).find("text");
    if (part_kind(parts.at(i)) == "text" && !text.is(Type::string)) {
      throw invalid_message(asker,
                            fmt::format("params.message.parts[{}].text: expected a string", i));
    }
  }
}

// True when nothing needs to be added or renamed, so the client's own text can be forwarded.
bool canonical(Node root, Node message, const Stamp& stamp) {
  if (stamp.from_person) return false;
  // A null id is the caller's; to an agent it could mean that no answer is wanted.
  if (!root.find("jsonrpc").is(Type::string) || !root.find("id")) return false;
  if (root.find("id").is(Type::null)) return false;
  if (root.find("params").find("configuration").find(history_length)) return false;
  if (!message.find("messageId").is(Type::string) || message.find("messageId").string().empty())
    return false;
  if (!message.find("role").is(Type::string) || message.find("content")) return false;
  Node parts = message.find("parts");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts.at(i).find("type") && !parts.at(i).find("kind")) return false;
  }
  return true;
}

std::string normalised_message(Node message, const Incoming& in) {
  std::string out = "{";
  bool first = true;
  copy_members(out, message, first, [](std::string_view name) {
    return name == "parts" || name == "content" || name == "messageId" || name == "role";
  });
  if (!first) out += ',';
  out += "\"messageId\":";
  json::quote(out, in.message_id);
  out += ",\"role\":";
  bool new_spelling = in.generation == Generation::v10;
  json::quote(out, in.role == "agent" ? (new_spelling ? "ROLE_AGENT" : "agent")
                                      : (new_spelling ? "ROLE_USER" : "user"));
  out += ",\"parts\":";
  Node content = message.find("content");
  if (message.find("parts")) {
    write_parts(out, message.find("parts"));
  } else if (content.is(Type::string)) {
    out += new_spelling ? R"([{"text":)" : R"([{"kind":"text","text":)";
    out += content.text();
    out += "}]";
  } else {
    write_parts(out, content);
  }
  out += '}';
  return out;
}

std::string normalised_params(Node params, std::string_view message, const Stamp& stamp) {
  std::string out = "{\"message\":";
  out += message;
  bool first = false;
  copy_members(out, params, first, [&](std::string_view name) {
    return name == "message" || name == "configuration" ||
           (name == "metadata" && stamp.from_person);
  });
  if (Node configuration = params.find("configuration"); configuration.is(Type::object)) {
    out += ",\"configuration\":{";
    bool inner_first = true;
    copy_members(out, configuration, inner_first,
                 [](std::string_view name) { return name == history_length; });
    out += '}';
  } else if (configuration) {
    out += ",\"configuration\":" + configuration.text();
  }
  if (stamp.from_person) {
    out += R"(,"metadata":{"source":"canvas_user")";
    Node metadata = params.find("metadata");
    bool inner_first = false;
    if (metadata.is(Type::object)) {
      copy_members(out, metadata, inner_first,
                   [](std::string_view name) { return name == "source"; });
    }
    out += '}';
  }
  out += '}';
  return out;
}

// A JSON object that is no A2A request at all: its content is kept as one data part.
Incoming wrapped_object(Node root, const Stamp& stamp) {
  Incoming in;
  in.method = "message/send";
  in.message_id = stamp.fresh_id;
  in.rpc_id = '"' + stamp.fresh_id + '"';
  in.role = "user";
  in.text = root.text();
  std::string params = R"({"message":{"kind":"message","role":"user","messageId":)";
  json::quote(params, stamp.fresh_id);
  params += R"(,"parts":[{"kind":"data","data":)" + root.text() + "}]}";
  if (stamp.from_person) params += R"(,"metadata":{"source":"canvas_user"})";
  params += '}';
  in.body = jsonrpc::request(in.rpc_id, in.method, params);
  return in;
}

void read_metadata(Incoming& in, Node metadata) {
  if (auto reply = string_member(metadata, "reply_to"); !reply.empty())
    in.reply_to = std::move(reply);
  Node failed = metadata.find("failed");
  in.failed = failed.is(Type::boolean) && failed.boolean();
  if (auto id = string_member(metadata, "delegation_id"); !id.empty())
    in.delegation_id = std::move(id);
  if (auto id = string_member(metadata, "activity_id"); !id.empty()) in.parent = std::move(id);
}

std::string instead(std::string_view method) {
  const std::string_view meant = method_meant(method);
  if (meant.empty()) return "use message/send or message/stream";
  return fmt::format("did you mean {}?", meant);
}

}  // namespace

std::string require_envelope(std::string_view body) {
  const json::Document document = json::Document::parse(body, request_limits());
  const Node root = document.root();
  const Node version = root.find("jsonrpc");
  if (version && !(version.is(Type::string) && version.string() == "2.0"))
    throw bad_request("invalid_request", "jsonrpc: expected \"2.0\"");
  const Node id = root.find("id");
  if (!id) return "null";
  if (!is_id(id))
    throw bad_request("invalid_request", "id: expected a string, a whole number or null");
  std::string text(id.text());
  const std::size_t size = id.is(Type::string) ? id.string().size() : text.size();
  if (size > id_max)
    throw bad_request("invalid_request", fmt::format("id is longer than {}", id_max));
  return text;
}

std::optional<std::string> rpc_id_in(std::string_view body) {
  if (!speaks_rpc(body)) return std::nullopt;
  try {
    json::Document document = json::Document::parse(body, request_limits());
    if (!document.root().find("jsonrpc")) return std::nullopt;
    Node id = document.root().find("id");
    if (id && is_id(id) && id.text().size() <= id_max + 2) return id.text();
  } catch (const Fault&) {
    // It has an id that nobody can read.
  }
  return "null";
}

Incoming read_request(std::string_view body, const Stamp& stamp) {
  const json::Limits limits = request_limits();
  Asker asker;
  asker.rpc = speaks_rpc(body);
  std::optional<json::Document> document;
  std::optional<Fault> unreadable;
  try {
    document.emplace(json::Document::parse(body, limits));
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::bad_request) throw;
    unreadable = refused(asker, jsonrpc::parse_error, fault.code(), fault.text());
  }
  if (unreadable) throw std::move(*unreadable);
  Node root = document->root();
  if (!root.is(Type::object)) {
    throw refused(asker, jsonrpc::invalid_request, "invalid_request",
                  "the body must be one JSON-RPC request object", parts_hint);
  }
  auto invalid_request = [&](std::string text) {
    return refused(asker, jsonrpc::invalid_request, "invalid_request", std::move(text));
  };
  Node id = root.find("id");
  std::string fresh_id = '"' + stamp.fresh_id + '"';
  std::string rpc_id = id ? id.text() : fresh_id;
  if (id && !id.is(Type::string) && !is_whole(id, rpc_id) && !id.is(Type::null)) {
    throw invalid_request("id: expected a string, a whole number or null");
  }
  const std::size_t id_size = id.is(Type::string) ? id.string().size() : rpc_id.size();
  if (id_size > id_max) throw invalid_request(fmt::format("id is longer than {}", id_max));
  if (id) asker.id = rpc_id;

  Node method = root.find("method");
  if (!method || method.is(Type::null)) {
    if (root.find("jsonrpc")) throw invalid_request("method is required");
    if (root.size() == 0) {
      throw refused(asker, jsonrpc::invalid_request, "invalid_message",
                    "the body is an empty object, and a message says something", parts_hint);
    }
    return wrapped_object(root, stamp);
  }
  if (!method.is(Type::string)) throw invalid_request("method: expected a string");
  Node version = root.find("jsonrpc");
  if (version && !(version.is(Type::string) && version.string() == "2.0")) {
    throw invalid_request("jsonrpc: expected \"2.0\"");
  }
  if (!supported(method.string())) {
    bool later = known_but_later(method.string());
    std::string name = json::storable(method.string(), 64);
    std::string text =
        later ? fmt::format("A2A method {} is not offered here; use message/send or message/stream",
                            name)
              : fmt::format("unknown A2A method {}; {}", name, instead(method.string()));
    asker.rpc = true;
    throw refused(asker, later ? -32004 : jsonrpc::method_not_found,
                  later ? "method_not_supported" : "unknown_method", std::move(text));
  }
  Node params = root.find("params");
  Node message = params.find("message");
  if (!message.is(Type::object)) throw invalid_message(asker, "params.message is required");
  if (Node content = message.find("content"); !message.find("parts")) {
    if (content.is(Type::array)) {
      check_parts(asker, content);
    } else if (!content.is(Type::string)) {
      throw invalid_message(asker, "params.message has neither parts nor content");
    }
  } else {
    check_parts(asker, message.find("parts"));
  }

  Incoming in;
  in.generation = generation_of(method.string());
  in.rpc = bool(version);
  in.method = method.string();
  in.stream = asks_stream(in.method);
  in.rpc_id = std::move(rpc_id);
  in.message_id = string_member(message, "messageId");
  if (in.message_id.size() > id_max)
    throw invalid_message(asker, fmt::format("params.message.messageId is longer than {}", id_max));
  if (in.message_id.empty()) in.message_id = stamp.fresh_id;
  if (auto context = string_member(message, "contextId"); !context.empty())
    in.context_id = std::move(context);
  std::string role = string_member(message, "role");
  in.role = role == "agent" || role == "assistant" || role == "ROLE_AGENT" ? "agent" : "user";
  in.text = text_of(message);
  read_metadata(in, params.find("metadata"));
  read_metadata(in, message.find("metadata"));
  if (Node expires = params.find("expires_in_seconds"); expires && !expires.is(Type::null)) {
    if (!expires.is(Type::integer) || expires.integer() < 1)
      throw bad_request("invalid_message", "expires_in_seconds must be a whole number from 1 on");
    in.expires_in_seconds = expires.integer();
  }
  if (Node length = params.find("configuration").find(history_length);
      length.is(Type::integer) && length.integer() >= 0)
    in.history_length = length.integer();
  if (canonical(root, message, stamp)) {
    in.body = std::string(body);
  } else {
    std::string params_text = normalised_params(params, normalised_message(message, in), stamp);
    in.body = jsonrpc::request(in.rpc_id == "null" ? fresh_id : in.rpc_id, in.method, params_text);
  }
  return in;
}

}  // namespace molecule::a2a
