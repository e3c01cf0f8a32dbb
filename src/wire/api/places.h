// Where several cards of the canvas are to stand.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "platform/json/shape.h"
#include "wire/api/workspaces.h"

namespace molecule::api {

struct CardPlace {
  WorkspaceId id;
  double x = 0;
  double y = 0;
  json::Omit<std::optional<WorkspaceId>> parent_id;

  static constexpr std::array rules{json::Rule("x").from(-position_max, position_max),
                                    json::Rule("y").from(-position_max, position_max),
                                    json::Rule("parent_id").refused_by(bad_parent)};
  static constexpr std::array about{
      json::About{"x", "absolute, in pixels"},
      json::About{"parent_id", "null makes it a root; left out: it stays where it is in the tree"}};
};
BOOST_DESCRIBE_STRUCT(CardPlace, (), (id, x, y, parent_id))

// Body of PATCH /canvas/places.
struct CardPlaces {
  std::vector<CardPlace> places;

  static constexpr json::Reading reading{
      .form = bad_workspace_fields,
      .bounds = bad_workspace_fields,
      .missing = bad_workspace_fields,
      .object = {"invalid_request_body", "invalid request body"}};
  static constexpr std::array about{
      json::About{"places", "each card once; all of them are taken, or none"}};
};
BOOST_DESCRIBE_STRUCT(CardPlaces, (), (places))

struct CardsPlaced {
  std::int64_t changed = 0;

  static constexpr std::array about{
      json::About{"changed", "how many stand elsewhere now, with what moved along"}};
};
BOOST_DESCRIBE_STRUCT(CardsPlaced, (), (changed))

}  // namespace molecule::api
