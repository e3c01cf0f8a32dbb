// What of an agent card a signature covers (specification 1.0 §8.4).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace molecule::a2a {

// The card without members that say what leaving them out says: those of 1.0 that are neither
// required nor tell "unset" from their default.
std::string without_defaults(std::string_view card);

// The texts whose signatures a reader may check, the most exact first, without `signatures`: the
// card as it stands; what 1.0 knows of it, for who reads it into a type; the same without anything
// empty, which is what the official SDKs sign. Alike ones are there once.
std::vector<std::string> signed_texts(std::string_view card);

// A signature, with its protected header, as a card has it; both in base64url.
struct CardSignature {
  std::string header;
  std::string signature;
};
std::string with_signatures(std::string_view card, const std::vector<CardSignature>& signatures);

}  // namespace molecule::a2a
