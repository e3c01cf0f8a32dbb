#include "wire/a2a/card.h"

#include <gtest/gtest.h>

#include "platform/json/json.h"

namespace molecule::a2a {
namespace {

const Endpoint endpoint{"https://mol.example/a2a/7", "writer", "writes"};

json::Document shown(std::string_view own, CardForm form) {
  return json::Document::parse(card_at(endpoint, own, form));
}

TEST(Card, WithoutOneTheWorkspaceIsNamed) {
  json::Document card = shown("", CardForm::hybrid);
  EXPECT_EQ(card.root().find("name").string(), "writer");
  EXPECT_EQ(card.root().find("description").string(), "writes");
  EXPECT_EQ(card.root().find("skills").text(), "[]");
  EXPECT_EQ(card.root().find("defaultOutputModes").text(), R"(["text/plain"])");
  EXPECT_EQ(card_at(endpoint, "no card", CardForm::v10), card_at(endpoint, "", CardForm::v10));
}

TEST(Card, GrpcHasAPlaceAndATenantAndComesBehindTheOthersOf10) {
  Endpoint with = endpoint;
  with.grpc = "mol.example:443";
  with.tenant = "7";
  const json::Document card = json::Document::parse(card_at(with, "", CardForm::v10));
  const json::Node all = card.root().find("supportedInterfaces");
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(
      all.at(2).text(),
      R"({"url":"mol.example:443","protocolBinding":"GRPC","protocolVersion":"1.0","tenant":"7"})");
  EXPECT_EQ(all.at(3).find("protocolVersion").string(), "0.3");
}

TEST(Card, WhereToAskIsTheEndpointsToSay) {
  const std::string own =
      R"({"name":"Own","description":"d","version":"3","url":"http://10.0.0.1/","preferredTransport":"GRPC",)"
      R"("additionalInterfaces":[{"url":"http://10.0.0.1/","transport":"GRPC"}],"supportedInterfaces":[{"url":"http://10.0.0.1/"}],)"
      R"("capabilities":{"streaming":false,"pushNotifications":true,"extensions":[{"uri":"u"}]},"signatures":[{}],)"
      R"("security":[{"x":[]}],"skills":[{"id":"s"}],"provider":{"organization":"o"},"documentationUrl":"https://d.example"})";
  for (CardForm form : {CardForm::v10, CardForm::hybrid}) {
    json::Document card = shown(own, form);
    const std::string text = card.root().text();
    EXPECT_EQ(text.find("10.0.0.1"), std::string::npos) << text;
    EXPECT_EQ(card.root().find("name").string(), "Own");
    EXPECT_EQ(card.root().find("version").string(), "3");
    EXPECT_EQ(card.root().find("skills").text(), R"([{"id":"s"}])");
    EXPECT_EQ(card.root().find("provider").text(), R"({"organization":"o"})");
    EXPECT_EQ(
        card.root().find("capabilities").text(),
        R"({"streaming":true,"pushNotifications":true,"extendedAgentCard":true,"extensions":[{"uri":"u"}]})");
    EXPECT_FALSE(card.root().find("signatures"));
    EXPECT_EQ(card.root().find("supportedInterfaces").at(0).find("url").string(), endpoint.url);
    EXPECT_EQ(card.root().find("supportedInterfaces").at(1).find("protocolBinding").string(),
              "HTTP+JSON");
    EXPECT_EQ(bool(card.root().find("url")), form == CardForm::hybrid);
    EXPECT_EQ(bool(card.root().find("supportsAuthenticatedExtendedCard")),
              form == CardForm::hybrid);
    EXPECT_EQ(bool(card.root().find("protocolVersion")), form == CardForm::hybrid);
  }
}

}  // namespace
}  // namespace molecule::a2a
