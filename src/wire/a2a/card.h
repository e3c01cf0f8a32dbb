// The card of an agent as an endpoint in front of it shows it: what the agent says of itself, with
// that endpoint as the place to ask (specification 1.0 §4.4 and §8, 0.3 §5).
#pragma once

#include <string>
#include <string_view>

namespace molecule::a2a {

struct Endpoint {
  std::string url;          // Where its JSON-RPC is asked, with a bearer token.
  std::string name;         // For an agent that says none.
  std::string description;  // The same.
  std::string grpc = {};    // host:port where gRPC is; empty: nowhere.
  std::string tenant = {};  // What a call of gRPC names it by.
};

enum class CardForm {
  v10,     // 1.0 alone: for who names that version.
  hybrid,  // The same with what clients of 0.3 look for.
};

// `own` is the agent's card, JSON, or empty. What is not the endpoint's to say is copied. Push
// notifications and signatures of the agent are left out: they are not the endpoint's.
std::string card_at(const Endpoint& endpoint, std::string_view own, CardForm form);

}  // namespace molecule::a2a
