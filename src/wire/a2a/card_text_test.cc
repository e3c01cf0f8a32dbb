#include "wire/a2a/card_text.h"

#include <gtest/gtest.h>

namespace molecule::a2a {
namespace {

// The example of specification 1.0 §8.4.1: what is required stays, and what was set on purpose.
TEST(CardText, DefaultsAreLeftOut) {
  EXPECT_EQ(
      without_defaults(
          R"({"name":"Example Agent","description":"","capabilities":{"streaming":false,"extensions":[]},"skills":[]})"),
      R"({"name":"Example Agent","description":"","capabilities":{"streaming":false},"skills":[]})");
  EXPECT_EQ(
      without_defaults(
          R"({"name":"n","iconUrl":"","provider":null,"supportedInterfaces":[{"url":"u","tenant":""}],)"
          R"("capabilities":{"extensions":[{"uri":"e","required":false,"params":{"kept":"","n":0}}]},)"
          R"("securityRequirements":[{"schemes":{"bearer":{"list":[]}}}],)"
          R"("skills":[{"id":"","tags":[],"examples":[],"mine":[]}],"mine":{"list":[]}})"),
      R"({"name":"n","iconUrl":"","supportedInterfaces":[{"url":"u"}],)"
      R"("capabilities":{"extensions":[{"uri":"e","params":{"kept":"","n":0}}]},)"
      R"("securityRequirements":[{"schemes":{"bearer":{}}}],)"
      R"("skills":[{"id":"","tags":[],"mine":[]}],"mine":{"list":[]}})");
}

TEST(CardText, WhatIsNoObjectOfItsKindIsLeftAlone) {
  constexpr std::string_view odd =
      R"({"skills":[1,"a"],"capabilities":"all","securitySchemes":[2],"supportedInterfaces":{"url":"u"}})";
  EXPECT_EQ(without_defaults(odd), odd);
}

TEST(CardText, EveryReadingOfACardHasItsText) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(signed_texts(R"({"version":"1","name":"n","signatures":[{"protected":"p"}]})"),
            Texts{R"({"name":"n","version":"1"})"});
  EXPECT_EQ(
      signed_texts(
          R"({"url":"u","name":"n","skills":[],"securityRequirements":[{"schemes":{"b":{}}}]})"),
      (Texts{R"({"name":"n","securityRequirements":[{"schemes":{"b":{}}}],"skills":[],"url":"u"})",
             R"({"name":"n","securityRequirements":[{"schemes":{"b":{}}}],"skills":[]})",
             R"({"name":"n"})"}));
}

TEST(CardText, SignaturesTakeThePlaceOfOthers) {
  EXPECT_EQ(
      with_signatures(R"({"name":"n","signatures":[{"protected":"x"}]})", {{"h", "s"}, {"i", "t"}}),
      R"({"name":"n","signatures":[{"protected":"h","signature":"s"},)"
      R"({"protected":"i","signature":"t"}]})");
}

}  // namespace
}  // namespace molecule::a2a
