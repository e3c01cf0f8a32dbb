#include "server/cards/cards_service.h"

#include <fmt/format.h>

#include "platform/crypto/encoding.h"
#include "platform/crypto/jws.h"
#include "platform/json/json.h"
#include "server/proxy/parameters.h"
#include "server/workspaces/reach.h"
#include "wire/a2a/card.h"
#include "wire/a2a/card_text.h"
#include "wire/a2a/version.h"

namespace molecule::cards {
namespace {

constexpr std::string_view keys_path = "/.well-known/jwks.json";
// A card is fetched again after so many seconds; its ETag then says whether it changed.
constexpr std::string_view cached_for = "private, max-age=60";

// Of a base URL; empty where it has a path, which gRPC has no place for.
std::string host_and_port(std::string_view base) {
  const bool secure = base.starts_with("https://");
  const std::size_t begin = base.find("://");
  if (begin == std::string_view::npos) return {};
  std::string place(base.substr(begin + 3));
  if (place.find('/') != std::string::npos) return {};
  const std::size_t host_end = place.starts_with('[') ? place.find(']') : 0;
  if (host_end != std::string::npos && place.find(':', host_end) == std::string::npos)
    place += secure ? ":443" : ":80";
  return place;
}

constexpr http::Route card_at(std::string_view pattern, std::string_view sentence) {
  return http::get<auth::Peer, &Service::card>(pattern)
      .says(sentence)
      .gives<RawJson>(200)
      .gives(304, "")
      .refuses("workspace_not_found", "workspace_removed", "not_reachable");
}

constexpr auto table = http::table(
    card_at("/a2a/{id}/.well-known/agent-card.json",
            "The A2A agent card of a workspace, signed by the platform."),
    card_at("/a2a/{id}/.well-known/agent.json",
            "The A2A agent card of a workspace, where clients before 0.3 look for it."),
    http::get<auth::Open, &Service::keys>(keys_path).says(
        "The platform's public key as a JSON Web Key Set: what signatures of agent cards are checked with."));

}  // namespace

const std::span<const http::Route> routes = table;

std::string Service::base(const http::Request& request) const {
  std::string base = public_url_;
  while (base.ends_with('/')) base.pop_back();
  if (!base.empty()) return base;
  return fmt::format("{}://{}", request.secure ? "https" : "http", request.host);
}

std::string Service::signed_card(WorkspaceId id, a2a::CardForm form,
                                 const http::Request& request) const {
  a2a::Endpoint endpoint;
  RawJson own;
  std::optional<Fault> refusal;
  bool found = directory_.look_at(id, [&](const workspaces::Entry& entry) {
    refusal = workspaces::gone_peer(entry);
    endpoint.name = entry.name;
    endpoint.description = entry.role.empty() ? entry.name : entry.role;
    own = entry.agent_card;
  });
  if (!found) throw not_found("workspace");
  if (refusal) throw std::move(*refusal);
  const std::string at = base(request);
  endpoint.url = fmt::format("{}/a2a/{}", at, id.text());
  // What is between may pass on nothing but HTTP/1.1, so whoever came through it is not sent there.
  if (request.way == http::Way::direct) endpoint.grpc = host_and_port(at);
  endpoint.tenant = id.text();
  const std::string card = a2a::card_at(endpoint, own.text, form);
  json::Object header;
  header.add("alg", crypto::jws_algorithm).add("typ", "JOSE");
  header.add("kid", crypto::fingerprint(key_.public_key()));
  header.add("jku", fmt::format("{}{}", at, keys_path));
  std::vector<a2a::CardSignature> signatures;
  for (const std::string& text : a2a::signed_texts(card)) {
    crypto::DetachedJws jws = crypto::sign_detached(key_, header.text(), text);
    signatures.push_back({std::move(jws.header), std::move(jws.signature)});
  }
  return a2a::with_signatures(card, signatures);
}

void Service::require_seen(std::optional<WorkspaceId> asker, WorkspaceId id) const {
  if (asker) return workspaces::require_reachable(directory_, *asker, id);
  if (!directory_.look_at(id, [](const workspaces::Entry&) {})) throw not_found("workspace");
}

std::string Service::extended(std::optional<WorkspaceId> asker, WorkspaceId id, a2a::CardForm form,
                              const http::Request& request) const {
  if (asker) workspaces::require_reachable(directory_, *asker, id);
  return signed_card(id, form, request);
}

io::Task<http::Response> Service::card(auth::Peer::Caller, WorkspaceId id,
                                       const http::Request& request) {
  const auto version = proxy::version_asked(request);
  const bool new_one = version && a2a::version_of(*version) == a2a::Generation::v10;
  http::Response response = http::Response::json(
      200, signed_card(id, new_one ? a2a::CardForm::v10 : a2a::CardForm::hybrid, request));
  // Signatures are the same each time, so the text tells whether anything changed.
  const std::string etag =
      fmt::format("\"{}\"", crypto::base64url_encode(crypto::sha256(response.body)));
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Cache-Control", std::string(cached_for));
  response.headers.emplace_back("Vary", "A2A-Version, Authorization");
  if (auto seen = request.header("If-None-Match");
      seen && seen->find(etag) != std::string_view::npos) {
    response.status = 304;
    response.body.clear();
  }
  co_return response;
}

io::Task<api::WebKeys> Service::keys(auth::Open::Caller) {
  api::WebKey key;
  key.x = crypto::text_of(key_.public_key());
  key.kid = crypto::fingerprint(key_.public_key());
  api::WebKeys out;
  out.keys.push_back(std::move(key));
  co_return out;
}

}  // namespace molecule::cards
