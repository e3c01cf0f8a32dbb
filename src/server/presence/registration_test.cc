#include "server/presence/registration.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/json/json.h"

namespace molecule::presence {
namespace {

using workspaces::Delivery;

constexpr std::string_view some_id = "0b0c0d0e-0000-4000-8000-000000000001";

std::string body(std::string_view members) {
  return fmt::format(R"({{"id":"{}",{}}})", some_id, members);
}

Registration read_registration(std::string_view text) {
  return registration_of(json::read<api::Registration>(text));
}
CardUpdate read_card_update(std::string_view text) {
  return card_update_of(json::read<api::CardUpdate>(text));
}

std::string refusal(std::string_view text) {
  try {
    read_registration(text);
  } catch (const Fault& fault) {
    return fault.code();
  }
  return "accepted";
}

TEST(RegistrationBody, ReadsTheCardAsItIs) {
  auto read = read_registration(body(
      R"("url":"http://a.example","agent_card":{"name":"n","skills":["s"],"url":"http://c"})"));
  EXPECT_EQ(read.id.text(), some_id);
  EXPECT_EQ(read.url, "http://a.example");
  EXPECT_EQ(read.card.text, R"({"name":"n","skills":["s"],"url":"http://c"})");
  EXPECT_EQ(read.card_url, "http://c");
  EXPECT_FALSE(read.delivery);
}

TEST(RegistrationBody, BuildsACardFromFlatMembers) {
  auto read = read_registration(fmt::format(
      R"({{"workspace_id":"{}","url":"http://a.example","name":"n","description":"d","skills":["s",{{"id":"t"}}]}})",
      some_id));
  EXPECT_EQ(read.card.text,
            R"({"name":"n","description":"d","skills":[{"id":"s","name":"s"},{"id":"t"}]})");
}

TEST(RegistrationBody, ThePlaceholderAddressMeansPolling) {
  auto read = read_registration(body(R"("url":"remote://no-inbound","agent_card":{})"));
  EXPECT_EQ(read.url, "");
  EXPECT_EQ(read.delivery, Delivery::poll);
}

TEST(RegistrationBody, RefusesWhatIsWrongWithACode) {
  EXPECT_EQ(refusal("{"), "invalid_json");
  EXPECT_EQ(refusal("[]"), "invalid_request_body");
  EXPECT_EQ(refusal(R"({"agent_card":{}})"), "invalid_request_body");
  EXPECT_EQ(refusal(R"({"id":"pm","agent_card":{}})"), "invalid_request_body");
  EXPECT_EQ(refusal(body(R"("url":"http://a")")), "invalid_request_body");
  EXPECT_EQ(refusal(body(R"("agent_card":null)")), "invalid_request_body");
  EXPECT_EQ(refusal(body(R"("agent_card":"card")")), "invalid_request_body");
  EXPECT_EQ(refusal(body(R"("agent_card":{},"url":7)")), "invalid_request_body");
  EXPECT_EQ(refusal(body(R"("agent_card":{},"delivery_mode":"fax")")), "invalid_delivery_mode");
  EXPECT_EQ(refusal(body(R"("agent_card":{},"delivery_mode":7)")), "invalid_request_body");
  EXPECT_EQ(refusal(body(R"("agent_card":{},"delivery_mode":"a word that is too long")")),
            "invalid_request_body");
  EXPECT_EQ(refusal(body(R"("agent_card":{},"kind":"platform")")), "kind_not_allowed");
  EXPECT_EQ(refusal(body(R"("agent_card":{},"kind":"king")")), "invalid_kind");
  EXPECT_EQ(refusal(body(R"("agent_card":{},"kind":7)")), "invalid_request_body");
  EXPECT_EQ(refusal(body(R"("name":"n","skills":{})")), "invalid_request_body");
  EXPECT_EQ(refusal(body(R"("name":"n","skills":[7])")), "invalid_request_body");
  EXPECT_EQ(refusal(body(
                fmt::format(R"("agent_card":{{"name":"{}"}})", std::string(api::card_max, 'x')))),
            "agent_card_too_large");
}

TEST(RegistrationBody, TakesWhatClientsAreUsedTo) {
  for (std::string_view members :
       {R"("agent_card":{},"name":7,"description":[],"skills":{})", R"("agent_card":{},"url":null)",
        R"("agent_card":null,"name":"n")", R"("agent_card":{},"workspace_id":"pm")",
        R"("agent_card":{},"delivery_mode":"","kind":"")",
        R"("agent_card":{},"delivery_mode":null,"kind":"workspace","metadata":[7])",
        R"("skills":[])", R"("description":"d")"}) {
    EXPECT_EQ(refusal(body(members)), "accepted") << members;
  }
}

TEST(CardUpdateBody, TakesTheFlatShapeToo) {
  EXPECT_EQ(read_card_update(body(R"("name":"n","skills":["s"])")).card.text,
            R"({"name":"n","skills":[{"id":"s","name":"s"}]})");
  EXPECT_EQ(read_card_update(body(R"("agent_card":{"url":"http://c"},"name":7)")).card_url,
            "http://c");
}

TEST(CardUpdateBody, NeedsACardOrAnAddress) {
  EXPECT_THROW(read_card_update(fmt::format(R"({{"workspace_id":"{}"}})", some_id)), Fault);
  auto gave_up = read_card_update(body(R"("url":"remote://no-inbound")"));
  ASSERT_TRUE(gave_up.url);
  EXPECT_EQ(*gave_up.url, "");
  EXPECT_TRUE(gave_up.card.empty());
}

TEST(Reconciled, FillsANamelessCardFromTheRow) {
  workspaces::Row row;
  row.id = *WorkspaceId::parse(some_id);
  row.name = "writer";
  row.role = "writes";
  EXPECT_EQ(reconciled(RawJson("{}"), row).text,
            R"({"name":"writer","description":"writes","role":"writes"})");
  EXPECT_EQ(
      reconciled(RawJson(fmt::format(R"({{"name":"{}","x":1,"description":"own"}})", some_id)), row)
          .text,
      R"({"name":"writer","role":"writes","x":1,"description":"own"})");
  EXPECT_EQ(reconciled(RawJson(R"({"name":"chosen"})"), row).text, R"({"name":"chosen"})");
}

}  // namespace
}  // namespace molecule::presence
