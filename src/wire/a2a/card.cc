#include "wire/a2a/card.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/fault.h"
#include "platform/json/json.h"
#include "wire/a2a/card_text.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

// What the endpoint says itself.
constexpr std::array<std::string_view, 16> ours{"name",
                                                "description",
                                                "version",
                                                "url",
                                                "preferredTransport",
                                                "additionalInterfaces",
                                                "supportedInterfaces",
                                                "protocolVersion",
                                                "capabilities",
                                                "security",
                                                "securitySchemes",
                                                "securityRequirements",
                                                "signatures",
                                                "supportsAuthenticatedExtendedCard",
                                                "supportsExtendedAgentCard",
                                                "defaultInputModes"};
constexpr std::string_view text_modes = R"(["text/plain"])";

std::string word_or(Node node, const std::string& otherwise) {
  const bool said = node.is(Type::string) && !node.string().empty();
  return said ? std::string(node.string()) : otherwise;
}

RawJson list_or(Node node, std::string_view otherwise) {
  return RawJson(node.is(Type::array) ? node.text() : std::string(otherwise));
}

json::Object interface_of(std::string_view url, std::string_view binding,
                          std::string_view version) {
  return json::Object{}
      .add("url", url)
      .add("protocolBinding", binding)
      .add("protocolVersion", version);
}

// In the order in which a client should try them.
std::vector<RawJson> interfaces_of(const Endpoint& endpoint) {
  std::vector<RawJson> all{interface_of(endpoint.url, "JSONRPC", "1.0").raw(),
                           interface_of(endpoint.url, "HTTP+JSON", "1.0").raw()};
  if (!endpoint.grpc.empty())
    all.push_back(interface_of(endpoint.grpc, "GRPC", "1.0").add("tenant", endpoint.tenant).raw());
  all.push_back(interface_of(endpoint.url, "JSONRPC", "0.3").raw());
  return all;
}

}  // namespace

std::string card_at(const Endpoint& endpoint, std::string_view own, CardForm form) {
  std::optional<json::Document> document;
  try {
    if (!own.empty()) document.emplace(json::Document::parse(own));
  } catch (const Fault&) {
    // A card of an earlier version that is not taken today says nothing.
  }
  const Node card = document ? document->root() : Node();
  const bool hybrid = form == CardForm::hybrid;
  json::Object out;
  out.add("name", word_or(card.find("name"), endpoint.name));
  out.add("description", word_or(card.find("description"), endpoint.description));
  out.add("version", word_or(card.find("version"), "0"));
  out.add("supportedInterfaces", interfaces_of(endpoint));
  json::Object capabilities;
  capabilities.add("streaming", true).add("pushNotifications", true);
  capabilities.add("extendedAgentCard", true);
  if (Node extensions = card.find("capabilities").find("extensions"); extensions.is(Type::array))
    capabilities.add("extensions", RawJson(extensions.text()));
  out.add("capabilities", capabilities.raw());
  json::Object scheme;
  if (hybrid) scheme.add("type", "http").add("scheme", "bearer");
  scheme.add("httpAuthSecurityScheme", json::Object{}.add("scheme", "Bearer").raw());
  out.add("securitySchemes", json::Object{}.add("bearer", scheme.raw()).raw());
  out.add("securityRequirements", RawJson(R"([{"schemes":{"bearer":{}}}])"));
  if (hybrid) {
    out.add("security", RawJson(R"([{"bearer":[]}])"));
    out.add("protocolVersion", "0.3.0").add("url", endpoint.url);
    out.add("preferredTransport", "JSONRPC");
    out.add("supportsAuthenticatedExtendedCard", true);
    out.add(
        "additionalInterfaces",
        RawJson('[' + json::Object{}.add("url", endpoint.url).add("transport", "JSONRPC").text() +
                ']'));
  }
  out.add("defaultInputModes", list_or(card.find("defaultInputModes"), text_modes));
  if (!card.find("defaultOutputModes"))
    out.add("defaultOutputModes", RawJson(std::string(text_modes)));
  if (!card.find("skills")) out.add("skills", RawJson("[]"));
  for (std::size_t i = 0; card.is(Type::object) && i < card.size(); ++i) {
    std::string_view name = card.name_at(i);
    if (std::ranges::find(ours, name) == ours.end())
      out.add(name, RawJson(card.value_at(i).text()));
  }
  return without_defaults(out.text());
}

}  // namespace molecule::a2a
