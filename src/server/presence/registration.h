// What an agent says of itself when it registers, in the shapes that clients use, and the card it
// shows.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/raw_json.h"
#include "platform/json/json.h"
#include "server/workspaces/workspaces.h"
#include "wire/api/registry.h"

namespace molecule::presence {

inline constexpr std::size_t register_body_max = 320u << 10;

struct Registration {
  WorkspaceId id;
  std::string url;       // Empty: the agent has no address of its own.
  std::string card_url;  // The http(s) address the card names; empty when none.
  RawJson card;
  std::optional<workspaces::Delivery> delivery;
};

// The address "remote://no-inbound" means none, and with it polling. Throws Fault for a card that
// is none.
Registration registration_of(api::Registration said);

struct CardUpdate {
  WorkspaceId id;
  RawJson card;                    // Empty: stays.
  std::string card_url;            // As in Registration.
  std::optional<std::string> url;  // Empty text: the agent gave up its address.
};
CardUpdate card_update_of(api::CardUpdate said);

// Throws Fault when it is larger than api::card_max, or says what nobody may be shown.
RawJson checked_card(RawJson card);
// A card without a name, or named by the id, takes name, role and description from the row. A name
// that the agent chose stays.
RawJson reconciled(const RawJson& card, const workspaces::Row& row);

}  // namespace molecule::presence
