#include "platform/json/rules.h"

#include <gtest/gtest.h>

#include "platform/json/shape.h"

namespace molecule::json {
namespace {

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

struct Place {
  std::optional<double> x;
  std::optional<double> y;

  static constexpr std::array rules{Rule("x").from(-10, 10).together_with("y"),
                                    Rule("y").from(-10, 10).together_with("x")};
};
BOOST_DESCRIBE_STRUCT(Place, (), (x, y))

struct Said {
  Loose<bool> loud;
};
BOOST_DESCRIBE_STRUCT(Said, (), (loud))

// Everything that rules can say.
struct Order {
  std::string name;
  std::optional<std::string> id;
  std::optional<std::string> other_id;
  std::optional<std::int64_t> count;
  std::optional<Colour> colour;
  Omit<std::optional<std::string>> owner;
  std::optional<Place> place;
  std::optional<std::map<std::string, Secret>> secrets;
  std::optional<std::vector<std::variant<std::string, RawObject>>> parts;
  std::optional<RawObject> card;
  std::optional<std::vector<Unread>> rest;
  std::optional<Said> said;

  static constexpr Reading reading{.form = {"bad_form", "bad order"},
                                   .bounds = {"bad_bounds", "bad order"},
                                   .missing = {"bad_missing", "bad order"},
                                   .object = {"bad_object", "bad order"},
                                   .any_text = true};
  static constexpr std::array needs{OneOf("id", "other_id")};
  static constexpr std::array rules{
      Rule("name").size(1, 4), Rule("other_id").only_without("id"),
      Rule("count").from(1, 9).refused_by({"bad_count"}),
      Rule("colour").size(0, 8).or_empty().value_refused_by({"bad_colour", "no colour"}),
      Rule("secrets").size(0, 2).each_size(1, 3)};
};
BOOST_DESCRIBE_STRUCT(Order, (),
                      (name, id, other_id, count, colour, owner, place, secrets, parts, card, rest,
                       said))

struct Lax {
  std::optional<std::int64_t> count;
  std::optional<Place> place;
  static constexpr std::array rules{Rule("count").up_to(3)};
};
BOOST_DESCRIBE_STRUCT(Lax, (), (count, place))

std::string with(std::string_view members) {
  return fmt::format(R"({{"name":"a","id":"i",{}}})", members);
}

template <class T = Order>
std::string refusal(std::string_view text) {
  try {
    read<T>(text);
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Kind::bad_request);
    return fmt::format("{}: {}", fault.code(), fault.text());
  }
  return "none";
}

TEST(Rules, WhatKeepsToThemIsRead) {
  const auto order = read<Order>(with(
      R"("count":9,"colour":"green","owner":null,"place":{"x":-10,"y":10},"secrets":{"K":"abc"},
         "parts":["p",{"q":1}],"card":{"n":1.50},"rest":[1,{"a":[]}],"said":{"loud":true},"new":1)"));
  EXPECT_EQ(order.name, "a");
  EXPECT_EQ(order.count, 9);
  EXPECT_EQ(order.colour, Colour::green);
  ASSERT_TRUE(order.owner);
  EXPECT_FALSE(*order.owner) << "null says none";
  EXPECT_EQ(order.place->x, -10);
  EXPECT_EQ(order.secrets->at("K").reveal(), "abc");
  ASSERT_EQ(order.parts->size(), 2u);
  EXPECT_EQ(std::get<std::string>(order.parts->at(0)), "p");
  EXPECT_EQ(std::get<RawObject>(order.parts->at(1)).text, R"({"q":1})");
  EXPECT_EQ(order.card->text, R"({"n":1.50})");
  EXPECT_EQ(order.rest->size(), 2u);
  EXPECT_EQ(order.said->loud, true);
}

TEST(Rules, NullCountsAsAbsentButWhereItSaysNone) {
  const auto order = read<Order>(with(
      R"("count":null,"colour":null,"place":null,"secrets":null,"parts":null,"card":null,"rest":null,"said":null)"));
  EXPECT_FALSE(order.count || order.colour || order.place || order.secrets || order.parts ||
               order.card || order.rest || order.said);
  EXPECT_FALSE(order.owner) << "left out";
  EXPECT_EQ(refusal(R"({"name":null,"id":"i"})"), "bad_missing: bad order: name is required");
}

TEST(Rules, EachKindOfRefusalHasItsCode) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{", "bad_object: bad order: invalid JSON: incomplete JSON at byte 1"},
      {"[]", "bad_object: bad order: expected a JSON object"},
      {R"({"id":"i"})", "bad_missing: bad order: name is required"},
      {R"({"name":"a"})", "bad_missing: bad order: id or other_id is required"},
      {R"({"name":"","id":"i"})", "bad_bounds: bad order: name: expected 1 to 4 bytes"},
      {R"({"name":"grün!","id":"i"})", "bad_bounds: bad order: name: expected 1 to 4 bytes"},
      {R"({"name":7,"id":"i"})", "bad_form: bad order: name: expected a string"},
      {with(R"("count":10)"), "bad_count: count: expected a number of 1 to 9"},
      {with(R"("count":"1")"), "bad_count: count: expected a whole number"},
      {with(R"("colour":"blue")"), "bad_colour: no colour: colour: expected one of red green"},
      {with(R"("colour":"turquoise")"), "bad_form: bad order: colour: expected one of red green"},
      {with(R"("colour":1)"), "bad_form: bad order: colour: expected one of red green"},
      {with(R"("place":{"x":1})"), "bad_bounds: bad order: place.x: expected it together with y"},
      {with(R"("place":{"x":11,"y":0})"),
       "bad_bounds: bad order: place.x: expected a number of -10 to 10"},
      {with(R"("place":{"x":1e400,"y":0})"),
       "bad_bounds: bad order: place.x: expected a number of -10 to 10"},
      {with(R"("place":[])"), "bad_form: bad order: place: expected an object"},
      {with(R"("secrets":{"A":"a","B":"b","C":"c"})"),
       "bad_bounds: bad order: secrets: expected at most 2 members"},
      {with(R"("secrets":{"A":"abcd"})"),
       "bad_bounds: bad order: secrets.A: expected 1 to 3 bytes"},
      {with(R"("parts":[7])"), "bad_form: bad order: parts[0]: expected a string or an object"},
      {with(R"("card":[])"), "bad_form: bad order: card: expected an object"},
      {with(R"("rest":{})"), "bad_form: bad order: rest: expected a list"}};
  for (const auto& [text, said] : cases) EXPECT_EQ(refusal(text), said) << text;
}

TEST(Rules, AMemberIsNotLookedAtWhereAnotherStandsForIt) {
  EXPECT_EQ(refusal(R"({"name":"a","id":"i","other_id":7})"), "none");
  EXPECT_EQ(read<Order>(R"({"name":"a","id":null,"other_id":"o"})").other_id, "o");
  EXPECT_EQ(refusal(R"({"name":"a","id":null,"other_id":7})"),
            "bad_form: bad order: other_id: expected a string");
}

TEST(Rules, WhatIsLooseIsAbsentWhenItIsOfAnotherType) {
  for (std::string_view value : {"1", "\"true\"", "null", "{}"}) {
    const auto order = read<Order>(with(fmt::format(R"("said":{{"loud":{}}})", value)));
    ASSERT_TRUE(order.said) << value;
    EXPECT_FALSE(order.said->loud) << value;
  }
  EXPECT_FALSE(read<Order>(with(R"("colour":"")")).colour) << "empty is absent";
}

TEST(Rules, ATypeWithoutAReadingKeepsToTheCommonCodes) {
  EXPECT_EQ(refusal<Lax>("{").substr(0, 12), "invalid_json");
  EXPECT_EQ(refusal<Lax>(R"({"count":4})"), "invalid_field: count: expected a number of at most 3");
  EXPECT_EQ(refusal<Lax>(R"({"place":{"y":1}})"),
            "invalid_field: place.x: expected it together with y");
}

TEST(Rules, TheirCodesAreKnown) {
  using Codes = std::vector<std::string_view>;
  EXPECT_EQ(codes_of<Order>(), (Codes{"bad_object", "bad_form", "bad_bounds", "bad_missing",
                                      "bad_count", "bad_colour"}));
  EXPECT_EQ(codes_of<Lax>(), (Codes{"invalid_json", "invalid_field", "missing_field"}));
}

TEST(Rules, ALongNameOfAMemberIsCutInARefusal) {
  const std::string key(10'000, 'k');
  EXPECT_LT(refusal(with(fmt::format(R"("secrets":{{"{}":1}})", key))).size(), 200u);
}

TEST(Rules, ShapesTellOfThem) {
  Shapes shapes;
  shapes.add<Order>(Shapes::Way::read);
  const TypeShape& order = shapes.all().at("Order");
  const auto words = [&](std::string_view name) {
    for (const FieldShape& field : order.fields) {
      if (field.name == name) return field.words();
    }
    return std::string("no such field");
  };
  EXPECT_EQ(words("name"), "1 to 4 bytes");
  EXPECT_EQ(words("other_id"), "counts where id is absent");
  EXPECT_EQ(words("count"), "1 to 9");
  EXPECT_EQ(words("colour"), "");
  EXPECT_EQ(words("secrets"), "at most 2 members; each 1 to 3 bytes");
  EXPECT_EQ(words("owner"), "");
  EXPECT_TRUE(order.fields[4].shape.or_empty);
  EXPECT_EQ(order.needs.size(), 1u);
  EXPECT_EQ(shapes.all().at("Place").fields[0].words(), "-10 to 10; goes together with y");
  EXPECT_EQ(order.fields[8].shape.of.front().kind, Shape::Kind::either);
}

}  // namespace
}  // namespace molecule::json
