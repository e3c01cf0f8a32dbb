#include "wire/a2a/endpoint.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include <fmt/format.h>

#include "wire/a2a/a2a.h"
#include "wire/a2a/differences.h"
#include "wire/a2a/task.h"

namespace molecule::a2a {
namespace {

constexpr std::size_t id_max = 256;  // Bytes of the id of a context or a task.

using detail::Pair;
using json::Node;
using json::Type;

// As ProtoJSON may spell it, and as everybody does.
constexpr std::array<Pair, 10> spellings{{
    {"message_id", "messageId"},
    {"context_id", "contextId"},
    {"task_id", "taskId"},
    {"reference_task_ids", "referenceTaskIds"},
    {"media_type", "mediaType"},
    {"history_length", "historyLength"},
    {"return_immediately", "returnImmediately"},
    {"accepted_output_modes", "acceptedOutputModes"},
    {"task_push_notification_config", "taskPushNotificationConfig"},
    {"push_notification_config", "pushNotificationConfig"},
}};

// ProtoJSON's numbers of the roles.
constexpr std::array<std::string_view, 3> roles{"ROLE_UNSPECIFIED", "ROLE_USER", "ROLE_AGENT"};

constexpr std::array<std::string_view, 4> contents_v10{"text", "raw", "url", "data"};
constexpr std::array<std::string_view, 3> contents_v03{"text", "file", "data"};
constexpr std::array<std::string_view, 2> places_of_files{"bytes", "uri"};

std::string below(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : fmt::format("{}.{}", parent, name);
}

// Which member of its parent a value is, and whether it is there at all: null is not.
struct Member {
  std::string field;
  Node value;
  bool there() const { return value && !value.is(Type::null); }
};

class Reader {
 public:
  Reader(Generation generation, Node root) : new_one_(generation == Generation::v10), root_(root) {}

  void check() {
    const Node params = root_.find("params");
    if (!params.is(Type::object)) fail("params", "expected an object");
    object(member(params, "", "metadata"));
    const Member message = member(params, "", "message");
    if (!message.value.is(Type::object)) fail(message.field, "required, an object");
    check_message(message.value);
    const Member configuration = member(params, "", "configuration");
    object(configuration);
    if (configuration.there()) check_configuration(configuration.value);
  }

  // Whether something is spelled as only ProtoJSON's parsers read it.
  bool respelled() const { return respelled_; }

 private:
  [[noreturn]] static void fail(std::string_view field, std::string_view why) {
    throw invalid_params(field, why);
  }

  Member member(Node object, std::string_view parent, std::string_view name) {
    Member found{below(parent, name), object.find(name)};
    if (found.value || !new_one_) return found;
    const auto other = std::ranges::find(spellings, name, &Pair::v10);
    if (other == spellings.end()) return found;
    found.value = object.find(other->v03);
    respelled_ = respelled_ || found.value;
    return found;
  }

  static void object(const Member& member) {
    if (member.there() && !member.value.is(Type::object)) fail(member.field, "expected an object");
  }
  static void text(const Member& member) {
    if (member.there() && !member.value.is(Type::string)) fail(member.field, "expected a string");
  }
  static void id_text(const Member& member) {
    text(member);
    if (member.there() && member.value.string().size() > id_max)
      fail(member.field, fmt::format("at most {} bytes", id_max));
  }
  static void flag(const Member& member) {
    if (member.there() && !member.value.is(Type::boolean))
      fail(member.field, "expected true or false");
  }
  static void texts(const Member& member) {
    if (!member.there()) return;
    if (!member.value.is(Type::array)) fail(member.field, "expected a list");
    for (std::size_t i = 0; i < member.value.size(); ++i) {
      if (!member.value.at(i).is(Type::string))
        fail(fmt::format("{}[{}]", member.field, i), "expected a string");
    }
  }

  void check_role(const Member& role) {
    if (new_one_ && role.value.is(Type::integer)) {
      const bool known = role.value.integer() == 1 || role.value.integer() == 2;
      if (!known) fail(role.field, "expected ROLE_USER or ROLE_AGENT");
      respelled_ = true;
      return;
    }
    const std::string_view name =
        role.value.is(Type::string) ? role.value.string() : std::string_view();
    const bool known =
        new_one_ ? name == "ROLE_USER" || name == "ROLE_AGENT" : name == "user" || name == "agent";
    if (known) return;
    fail(role.field, new_one_ ? "expected ROLE_USER or ROLE_AGENT" : "expected user or agent");
  }

  void check_message(Node message) {
    constexpr std::string_view at = "message";
    if (!new_one_) {
      const Member kind = member(message, at, "kind");
      if (kind.value && !(kind.value.is(Type::string) && kind.value.string() == "message"))
        fail(kind.field, "expected message");
    }
    const Member id = member(message, at, "messageId");
    const bool named = id.value.is(Type::string) && !id.value.string().empty();
    if (!named) fail(id.field, "required, a string");
    check_role(member(message, at, "role"));
    id_text(member(message, at, "contextId"));
    id_text(member(message, at, "taskId"));
    object(member(message, at, "metadata"));
    texts(member(message, at, "extensions"));
    texts(member(message, at, "referenceTaskIds"));
    const Member parts = member(message, at, "parts");
    if (!parts.value.is(Type::array) || parts.value.size() == 0)
      fail(parts.field, "required, a list with at least one part");
    for (std::size_t i = 0; i < parts.value.size(); ++i) {
      const std::string field = fmt::format("{}[{}]", parts.field, i);
      const Node part = parts.value.at(i);
      if (!part.is(Type::object)) fail(field, "expected an object");
      object(member(part, field, "metadata"));
      if (new_one_) {
        check_part_v10(part, field);
      } else {
        check_part_v03(part, field);
      }
    }
  }

  // The one of these that an object has.
  std::string_view only_of(std::span<const std::string_view> names, Node object,
                           std::string_view field) {
    std::string_view found;
    for (const std::string_view name : names) {
      const Node value = object.find(name);
      // Data may be null; of anything else that means that it is not there.
      if (!value || (value.is(Type::null) && name != "data")) continue;
      if (!found.empty())
        fail(field, fmt::format("has {} and {}; expected one of them", found, name));
      found = name;
    }
    if (found.empty()) fail(field, fmt::format("expected one of {}", fmt::join(names, ", ")));
    return found;
  }

  void check_part_v10(Node part, const std::string& field) {
    const std::string_view content = only_of(contents_v10, part, field);
    if (content != "data") text(member(part, field, content));
    text(member(part, field, "filename"));
    text(member(part, field, "mediaType"));
  }

  void check_part_v03(Node part, const std::string& field) {
    // Some say `type`.
    const std::string_view tag = part.find("kind") ? "kind" : "type";
    const Member kind = member(part, field, tag);
    const std::string_view name =
        kind.value.is(Type::string) ? kind.value.string() : std::string_view();
    if (kind.value && std::ranges::find(contents_v03, name) == contents_v03.end())
      fail(kind.field, "expected text, file or data");
    if (kind.value && !part.find(name)) fail(below(field, name), "required in a part of this kind");
    const std::string_view content = only_of(contents_v03, part, field);
    if (kind.value && content != name) fail(below(field, content), "not of this kind of part");
    const Member held = member(part, field, content);
    if (content == "text") return text(held);
    if (!held.value.is(Type::object)) fail(held.field, "expected an object");
    if (content == "data") return;
    text(member(held.value, held.field, only_of(places_of_files, held.value, held.field)));
    text(member(held.value, held.field, "name"));
    text(member(held.value, held.field, "mimeType"));
  }

  void check_configuration(Node configuration) {
    constexpr std::string_view at = "configuration";
    const Member length = member(configuration, at, "historyLength");
    if (length.there()) {
      if (!length.value.is(Type::integer)) fail(length.field, "expected a whole number");
      if (length.value.integer() < 0 || length.value.integer() > INT32_MAX)
        fail(length.field, "must be 0 to 2147483647");
    }
    texts(member(configuration, at, "acceptedOutputModes"));
    flag(member(configuration, at, new_one_ ? "returnImmediately" : "blocking"));
    // What is in it is read where it is kept.
    member(configuration, at, "taskPushNotificationConfig");
  }

  const bool new_one_;
  const Node root_;
  bool respelled_ = false;
};

// An object with some of its members written otherwise.
template <class Each>
std::string with(Node object, Each&& each) {
  json::Object out;
  for (std::size_t i = 0; i < object.size(); ++i) {
    std::string_view name = object.name_at(i);
    const auto other = std::ranges::find(spellings, name, &Pair::v03);
    if (other != spellings.end() && !object.find(other->v10)) name = other->v10;
    out.add(name, RawJson(each(name, object.value_at(i))));
  }
  return out.text();
}

std::string as_it_is(std::string_view, Node value) { return value.text(); }

std::string spelled(Node root) {
  const auto of_message = [](std::string_view name, Node value) {
    if (name == "role" && value.is(Type::integer))
      return json::text(roles.at(static_cast<std::size_t>(value.integer())));
    if (name != "parts") return value.text();
    std::vector<RawJson> parts;
    for (std::size_t i = 0; i < value.size(); ++i) parts.emplace_back(with(value.at(i), as_it_is));
    return json::text(parts);
  };
  const auto of_params = [&](std::string_view name, Node value) {
    if (name == "message") return with(value, of_message);
    if (name == "configuration" && value.is(Type::object)) return with(value, as_it_is);
    return value.text();
  };
  return with(root, [&](std::string_view name, Node value) {
    return name == "params" ? with(value, of_params) : value.text();
  });
}

}  // namespace

std::optional<std::string> require_message(std::string_view request) {
  std::optional<json::Document> document;
  try {
    document.emplace(json::Document::parse(request));
  } catch (const Fault&) {
    return std::nullopt;
  }
  const Node root = document->root();
  if (!root.is(Type::object)) return std::nullopt;
  const Node method = root.find("method");
  if (!method) throw bad_request("invalid_request", "method is required");
  if (!method.is(Type::string)) return std::nullopt;
  const std::string_view name = method.string();
  const bool sends =
      name == detail::send_method.v03 || name == detail::send_method.v10 || asks_stream(name);
  if (!sends) return std::nullopt;
  Reader reader(generation_of(name), root);
  reader.check();
  if (!reader.respelled()) return std::nullopt;
  return spelled(root);
}

}  // namespace molecule::a2a
