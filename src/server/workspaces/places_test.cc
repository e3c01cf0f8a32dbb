#include "server/workspaces/places.h"

#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "platform/json/json.h"
#include "server/workspaces/org_fixture.h"
#include "server/workspaces/places_cases.h"

namespace molecule::workspaces {
namespace {

using namespace std::chrono_literals;

WorkspaceId id_of(std::uint8_t number) {
  IdBytes bytes{};
  bytes[15] = number;
  bytes[0] = 1;
  return WorkspaceId(bytes);
}

double number(const json::Node& node) { return node.number(); }

TEST(Floors, GivesOutTheFirstFreeSlot) {
  Floor floor;
  EXPECT_EQ(floor.free_place({}), (Spot{40, 40}));
  floor.put(id_of(1), {}, {40, 40}, false);
  EXPECT_EQ(floor.free_place({}), (Spot{368, 40}));
  EXPECT_EQ(floor.free_place(id_of(1)), (Spot{56, 226}));
  floor.erase(id_of(1));
  EXPECT_EQ(floor.free_place({}), (Spot{40, 40}));
}

TEST(Floors, ATeamTakesTheRoomThatItHas) {
  Floor floor;
  floor.put(id_of(1), {}, {40, 40}, false);
  for (std::uint8_t each = 2; each < 6; ++each) {
    floor.put(id_of(each), id_of(1), floor.free_place(id_of(1)), false);
  }
  // Two columns and two rows of cards reach into the second column and row of the canvas.
  EXPECT_EQ(floor.free_place({}), (Spot{696, 40}));
  floor.change(id_of(1), {}, {}, true);
  EXPECT_EQ(floor.free_place({}), (Spot{368, 40}));
}

TEST(Floors, WhatIsWorkedOutStepByStepIsWhatIsWorkedOutAnew) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 chance(seed);
    auto below = [&](std::size_t end) { return chance() % end; };
    Floor stepwise;
    struct Card {
      std::optional<WorkspaceId> parent;
      Spot at;
      bool folded = false;
    };
    std::vector<std::pair<WorkspaceId, Card>> cards;
    for (std::uint8_t step = 1; step < 60; ++step) {
      std::optional<WorkspaceId> parent;
      if (!cards.empty() && below(3) != 0) parent = cards[below(cards.size())].first;
      if (below(4) != 0 || cards.empty()) {
        Card made{parent, stepwise.free_place(parent)};
        if (below(5) == 0) made.at = {double(below(900)), double(below(900))};
        cards.emplace_back(id_of(step), made);
        stepwise.put(id_of(step), parent, made.at, false);
      } else {
        auto& [id, card] = cards[below(cards.size())];
        if (below(2) == 0)
          card.folded = !card.folded;
        else
          card.at = {double(below(2000)), double(below(2000))};
        stepwise.change(id, {}, card.at, card.folded);
      }
      Floor anew;
      for (auto& [id, card] : cards) anew.put(id, card.parent, card.at, card.folded);
      EXPECT_EQ(stepwise.free_place({}), anew.free_place({})) << "seed " << seed;
      const WorkspaceId some = cards[below(cards.size())].first;
      EXPECT_EQ(stepwise.free_place(some), anew.free_place(some)) << "seed " << seed;
    }
  }
}

// The page works out the same: web/src/canvas/places_test.ts reads the same cases.
TEST(Floors, AgreesWithTheCanvas) {
  json::Document read = json::Document::parse(places_cases);
  const json::Node cases = read.root();
  ASSERT_GT(cases.size(), 50U);
  for (std::size_t each = 0; each < cases.size(); ++each) {
    const json::Node one = cases.at(each);
    const json::Node cards = one.find("cards");
    Floor floor;
    for (std::size_t at = 0; at < cards.size(); ++at) {
      const json::Node card = cards.at(at);
      std::optional<WorkspaceId> parent;
      if (json::Node above = card.find("parent"); above)
        parent = id_of(static_cast<std::uint8_t>(number(above)));
      floor.put(id_of(static_cast<std::uint8_t>(number(card.find("id")))), parent,
                {number(card.find("x")), number(card.find("y"))},
                card.find("folded").is(json::Type::boolean));
    }
    std::optional<WorkspaceId> parent;
    if (json::Node above = one.find("parent"); above)
      parent = id_of(static_cast<std::uint8_t>(number(above)));
    EXPECT_EQ(floor.free_place(parent), (Spot{number(one.find("x")), number(one.find("y"))}))
        << "case " << each;
  }
}

TEST(Floors, TenThousandCardsArePlacedInAMoment) {
  Floor floor;
  io::SystemClock wall;
  const auto begin = wall.monotonic();
  for (int each = 0; each < 10'000; ++each) {
    IdBytes bytes{};
    bytes[14] = static_cast<std::uint8_t>(each >> 8);
    bytes[15] = static_cast<std::uint8_t>(each);
    bytes[0] = 1;
    floor.put(WorkspaceId(bytes), {}, floor.free_place({}), false);
  }
  EXPECT_LT(wall.monotonic() - begin, 20s);
}

class PlacedOrg : public Org {
 protected:
  struct Silent final : VitalSigns {
    Vitals of(WorkspaceId) const override { return {}; }
    void expect(WorkspaceId, Instant) override {}
  };
  VitalSigns& vitals() override { return silent; }
  Spot place_of(WorkspaceId id) {
    Answer shown = get(admin, path(id));
    return {std::stod(shown.member("x")), std::stod(shown.member("y"))};
  }
  std::string parent_of(WorkspaceId id) { return get(admin, path(id)).member("parent_id"); }
  Answer places(const std::string& list) {
    return ask(admin, http::Method::patch, "/canvas/places", R"({"places":[)" + list + "]}");
  }
  static std::string at(WorkspaceId id, double x, double y, std::string_view more = "") {
    return fmt::format(R"({{"id":"{}","x":{},"y":{}{}}})", id.text(), x, y, more);
  }

  Silent silent;
};

TEST_P(PlacedOrg, WhatIsMadeWithoutAPlaceGetsOneOfItsOwn) {
  WorkspaceId lead = make("lead");
  WorkspaceId first = make("first", lead);
  WorkspaceId second = make("second", lead);
  WorkspaceId other = make("other");
  EXPECT_EQ(place_of(lead), (Spot{40, 40}));
  EXPECT_EQ(place_of(first), (Spot{56, 226}));
  EXPECT_EQ(place_of(second), (Spot{352, 226}));
  EXPECT_EQ(place_of(other), (Spot{696, 40}));
  restart();
  EXPECT_EQ(place_of(make("another")), (Spot{1024, 40}));
}

TEST_P(PlacedOrg, APlaceThatIsGivenStands) {
  WorkspaceId id = make("here", {}, R"("runtime":"external","canvas":{"x":500,"y":-20})");
  EXPECT_EQ(place_of(id), (Spot{500, -20}));
}

TEST_P(PlacedOrg, ATeamMovesWithItsLead) {
  WorkspaceId lead = make("lead");
  WorkspaceId kid = make("kid", lead);
  WorkspaceId below = make("below", kid);
  const Spot before = place_of(below);
  ask(admin, http::Method::patch, path(lead), R"({"x":1040,"y":540})");
  EXPECT_EQ(place_of(kid), (Spot{1056, 726}));
  EXPECT_EQ(place_of(below), (Spot{before.x + 1000, before.y + 500}));
}

TEST_P(PlacedOrg, WhoeverJoinsATeamGetsAPlaceInIt) {
  WorkspaceId lead = make("lead");
  make("kid", lead);
  WorkspaceId far = make("far", {}, R"("runtime":"external","canvas":{"x":5000,"y":5000})");
  ask(admin, http::Method::patch, path(far), fmt::format(R"({{"parent_id":"{}"}})", lead.text()));
  EXPECT_EQ(place_of(far), (Spot{352, 226}));
}

TEST_P(PlacedOrg, ManyMoveInOneStepOrNoneDoes) {
  WorkspaceId lead = make("lead");
  WorkspaceId kid = make("kid", lead);
  WorkspaceId other = make("other");
  const std::string into = fmt::format(R"(,"parent_id":"{}")", lead.text());
  told();
  Answer done = places(at(lead, 100, 100) + "," + at(other, 400, 400, into));
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.member("changed"), "3");
  EXPECT_EQ(told(), (Told{"WORKSPACE_UPDATED", "WORKSPACE_UPDATED", "WORKSPACE_UPDATED"}));
  EXPECT_EQ(parent_of(other), lead.text());
  EXPECT_EQ(place_of(kid), (Spot{116, 286}));

  // The kid is named as well, so it does not also move along.
  done = places(at(kid, 200, 400) + "," + at(lead, 120, 120));
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(place_of(kid), (Spot{200, 400}));
  EXPECT_EQ(place_of(other), (Spot{420, 420}));

  const std::string cycle = fmt::format(R"(,"parent_id":"{}")", kid.text());
  Answer refused = places(at(other, 7, 7) + "," + at(lead, 1, 1, cycle));
  EXPECT_EQ(refused.code, "workspace_reparent_cycle");
  EXPECT_EQ(place_of(other), (Spot{420, 420}));
  EXPECT_EQ(told(), (Told{"WORKSPACE_UPDATED", "WORKSPACE_UPDATED", "WORKSPACE_UPDATED"}));
  EXPECT_EQ(places(at(other, 7, 7) + "," + at(other, 8, 8)).code, "invalid_workspace_fields");
  EXPECT_EQ(places(at(other, 7, 1e12)).code, "invalid_workspace_fields");
}

EACH_DATABASE(PlacedOrg);

}  // namespace
}  // namespace molecule::workspaces
