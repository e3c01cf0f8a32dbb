// One message of a peer, read as far as every transport has to: what it is, and of which era. In
// the stateless era each request says in itself which revision it speaks.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "platform/json/json.h"

namespace molecule::mcp {

struct Message {
  enum class Kind { request, notification, answer };
  Kind kind = Kind::request;
  std::string id;  // JSON text; of a request.
  std::string method;
  json::Node params;  // An object, or nothing.
  // It says which revision it speaks, and that is known.
  bool stateless = false;
};

// Why a message is not taken. `id` is JSON text, null where there is none to name.
struct Refused {
  std::string id;
  int code = 0;
  std::string why;
  std::string data = {};  // JSON text; may be empty.
};

// `must_say`: that it is of the stateless era is known already, so it has to say so itself.
enum class Era { either, stateless };
std::variant<Message, Refused> read_message(json::Node message, Era era = Era::either);

// The revision in a message's _meta, whatever it is; nothing where there is none.
std::optional<std::string> revision_in(json::Node message);

// The text with U+FFFD in the place of halves of characters ("\\ud83d" alone), which models write
// where their words were cut and which no JSON may have; empty where there are none.
std::string without_halves(std::string_view text);

Refused unspoken(std::string id, json::Node requested);

// Limits of what is read: U+0000 may stand in what models say.
inline constexpr json::Limits message_limits{.bytes = 16u << 20, .nul = json::Nul::kept};

}  // namespace molecule::mcp
