#include "wire/a2a/card_text.h"

#include <algorithm>
#include <optional>
#include <span>

#include "platform/json/canonical.h"
#include "platform/json/json.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

enum class Rule {
  stays,  // Required, or its being there says something.
  default_is_unset,
};

struct Member {
  std::string_view name;
  Rule rule = Rule::stays;
  std::span<const Member> of = {};  // Of each object in it.
  bool map = false;                 // Its members are such objects, by names of any kind.
};

// The messages of a2a.proto as far as the platform's cards hold them. What is not typed here, such
// as an extension's parameters, is anybody's JSON.
constexpr Rule unset = Rule::default_is_unset;
constexpr Member scopes[] = {{"list", unset}};
constexpr Member requirement[] = {{"schemes", unset, scopes, true}};
constexpr Member http_scheme[] = {{"description", unset}, {"scheme"}, {"bearerFormat", unset}};
constexpr Member scheme[] = {{"httpAuthSecurityScheme", Rule::stays, http_scheme}};
constexpr Member extension[] = {
    {"uri", unset}, {"description", unset}, {"required", unset}, {"params"}};
constexpr Member capabilities[] = {
    {"streaming"}, {"pushNotifications"}, {"extendedAgentCard"}, {"extensions", unset, extension}};
constexpr Member skill[] = {{"id"},
                            {"name"},
                            {"description"},
                            {"tags"},
                            {"examples", unset},
                            {"inputModes", unset},
                            {"outputModes", unset},
                            {"securityRequirements", unset, requirement}};
constexpr Member provider[] = {{"url"}, {"organization"}};
constexpr Member interface[] = {
    {"url"}, {"protocolBinding"}, {"tenant", unset}, {"protocolVersion"}};
constexpr Member agent_card[] = {{"name"},
                                 {"description"},
                                 {"supportedInterfaces", Rule::stays, interface},
                                 {"provider", Rule::stays, provider},
                                 {"version"},
                                 {"documentationUrl"},
                                 {"capabilities", Rule::stays, capabilities},
                                 {"securitySchemes", unset, scheme, true},
                                 {"securityRequirements", unset, requirement},
                                 {"defaultInputModes"},
                                 {"defaultOutputModes"},
                                 {"skills", Rule::stays, skill},
                                 {"iconUrl"}};

bool is_default(Node value) {
  switch (value.type()) {
    case Type::null: return true;
    case Type::boolean: return !value.boolean();
    case Type::integer:
    case Type::number: return value.number() == 0;
    case Type::string: return value.string().empty();
    case Type::array:
    case Type::object: return value.size() == 0;
  }
  return false;
}

enum class Unknown { kept, dropped };

std::string reduced(Node node, std::span<const Member> members, Unknown unknown);

// A list's elements are reduced one by one, as is what a map holds.
std::string reduced_value(Node value, const Member& member, Unknown unknown) {
  if (member.of.empty()) return value.text();
  if (value.is(Type::array)) {
    std::string out = "[";
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      out += reduced(value.at(i), member.of, unknown);
    }
    return out + ']';
  }
  if (!member.map || !value.is(Type::object)) return reduced(value, member.of, unknown);
  json::Object out;
  for (std::size_t i = 0; i < value.size(); ++i)
    out.add(value.name_at(i), RawJson(reduced(value.value_at(i), member.of, unknown)));
  return out.text();
}

std::string reduced(Node node, std::span<const Member> members, Unknown unknown) {
  if (!node.is(Type::object)) return node.text();
  json::Object out;
  for (std::size_t i = 0; i < node.size(); ++i) {
    const std::string_view name = node.name_at(i);
    const Node value = node.value_at(i);
    const auto known = std::ranges::find(members, name, &Member::name);
    if (known == members.end()) {
      if (unknown == Unknown::kept) out.add(name, RawJson(value.text()));
      continue;
    }
    if (value.is(Type::null) || (known->rule == unset && is_default(value))) continue;
    out.add(name, RawJson(reduced_value(value, *known, unknown)));
  }
  return out.text();
}

// Nothing where all of it is empty.
std::optional<std::string> without_empty(Node node) {
  switch (node.type()) {
    case Type::null: return std::nullopt;
    case Type::string:
      if (node.string().empty()) return std::nullopt;
      return node.text();
    case Type::array: {
      std::string out;
      for (std::size_t i = 0; i < node.size(); ++i) {
        if (auto item = without_empty(node.at(i))) out += (out.empty() ? "" : ",") + *item;
      }
      if (out.empty()) return std::nullopt;
      return '[' + out + ']';
    }
    case Type::object: {
      json::Object out;
      for (std::size_t i = 0; i < node.size(); ++i) {
        if (auto value = without_empty(node.value_at(i)))
          out.add(node.name_at(i), RawJson(std::move(*value)));
      }
      if (out.members().empty()) return std::nullopt;
      return out.text();
    }
    default: return node.text();
  }
}

std::string canonical(std::string_view text) {
  return json::canonical(json::Document::parse(text).root());
}

// An object's members but `signatures`.
std::string unsigned_members(Node card) {
  json::Object out;
  for (std::size_t i = 0; i < card.size(); ++i) {
    if (card.name_at(i) != "signatures") out.add(card.name_at(i), RawJson(card.value_at(i).text()));
  }
  return out.members();
}

}  // namespace

std::string without_defaults(std::string_view card) {
  return reduced(json::Document::parse(card).root(), agent_card, Unknown::kept);
}

std::vector<std::string> signed_texts(std::string_view card) {
  json::Document whole = json::Document::parse(card);
  const std::string known = reduced(whole.root(), agent_card, Unknown::dropped);
  std::vector<std::string> texts;
  texts.push_back(canonical('{' + unsigned_members(whole.root()) + '}'));
  texts.push_back(canonical(known));
  texts.push_back(canonical(without_empty(json::Document::parse(known).root()).value_or("{}")));
  std::vector<std::string> out;
  for (std::string& text : texts) {
    if (std::ranges::find(out, text) == out.end()) out.push_back(std::move(text));
  }
  return out;
}

std::string with_signatures(std::string_view card, const std::vector<CardSignature>& signatures) {
  json::Document whole = json::Document::parse(card);
  std::string list;
  for (const CardSignature& each : signatures) {
    if (!list.empty()) list += ',';
    list += json::Object{}.add("protected", each.header).add("signature", each.signature).text();
  }
  return '{' + unsigned_members(whole.root()) + R"(,"signatures":[)" + list + "]}";
}

}  // namespace molecule::a2a
