#include <algorithm>

#include "platform/crypto/encoding.h"
#include "platform/sql/store_facts.h"
#include "server/tickets/promise.h"
#include "server/tickets/tickets_fixture.h"

namespace molecule::tickets {
namespace {

using namespace std::chrono_literals;
using http::Method;
using workspaces::Answer;

class Tickets : public TicketOffice {};

TEST_P(Tickets, AnAgentJoinsByOneAndBothKnowEachOther) {
  const WorkspaceId lead = make("lead");
  told();
  Answer made =
      post(admin, "/tickets",
           fmt::format(R"({{"name":"researcher","role":"finds things","parent_id":"{}"}})",
                       lead.text()));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.member("platform_url"), "http://molecule.test:8080");
  EXPECT_EQ(made.member("fingerprint"), crypto::fingerprint(platform.public_key()));
  const std::string ticket = made.member("ticket");
  EXPECT_EQ(made.member("command"), "molecule join " + ticket);
  EXPECT_EQ(TicketText::parse(ticket)->platform_url, "http://molecule.test:8080");

  const Agent agent = new_agent();
  Answer joined = redeem(ticket, agent);
  ASSERT_EQ(joined.status, 201) << joined.body;
  auto id = WorkspaceId::parse(joined.member("workspace_id")).value();
  EXPECT_EQ(joined.member("name"), "researcher");
  EXPECT_TRUE(signed_by_platform(ticket, agent, joined));
  EXPECT_EQ(keys->pinned_key(id), agent.key.public_key());
  auto entry = directory->find(id);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->role, "finds things");
  EXPECT_EQ(entry->parent, lead);
  EXPECT_EQ(entry->status, workspaces::Status::awaiting_agent);
  EXPECT_EQ(workspace_of(joined.member("auth_token")), id);
  EXPECT_EQ(told(), (Told{"TICKET_MADE", "WORKSPACE_PROVISIONING", "WORKSPACE_AWAITING_AGENT",
                          "TICKET_REDEEMED"}));
  Answer shown = get(admin, path(id, "/agent-key"));
  EXPECT_EQ(shown.member("fingerprint"), crypto::fingerprint(agent.key.public_key()));
  Answer listed = get(admin, "/tickets");
  EXPECT_TRUE(listed.has(R"("state":"redeemed")") && listed.has(id.text())) << listed.body;
  EXPECT_FALSE(listed.has("mjt_")) << "shown once";
}

TEST_P(Tickets, WithItsAgentKnownNobodyElseMayClaimTheWorkspace) {
  Answer joined = redeem(ticket_for("a"), new_agent());
  auto id = WorkspaceId::parse(joined.member("workspace_id")).value();
  auto claimable = write([&](sql::Tx& tx) {
    auto row = service->table().find(tx, id);
    return service->table().claimable(*row);
  });
  EXPECT_FALSE(claimable);
}

TEST_P(Tickets, ATicketIsGoodOnce) {
  const std::string ticket = ticket_for("a");
  ASSERT_EQ(redeem(ticket, new_agent()).status, 201);
  told();
  Answer again = redeem(ticket, new_agent());
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code, "ticket_used");
  EXPECT_EQ(told(), Told{"TICKET_REFUSED"});
  EXPECT_EQ(directory->all().size(), 1U);
}

TEST_P(Tickets, WhoeverLostTheAnswerAsksAgainAndGetsAnotherToken) {
  const std::string ticket = ticket_for("a");
  const Agent agent = new_agent();
  Answer first = redeem(ticket, agent);
  restart();
  Answer second = redeem(ticket, agent);
  ASSERT_EQ(second.status, 201) << second.body;
  EXPECT_EQ(second.member("workspace_id"), first.member("workspace_id"));
  EXPECT_TRUE(signed_by_platform(ticket, agent, second));
  EXPECT_NE(second.member("auth_token"), first.member("auth_token"));
  EXPECT_TRUE(workspace_of(second.member("auth_token")));
  EXPECT_FALSE(workspace_of(first.member("auth_token"))) << "of which nobody knows who has it";
  EXPECT_EQ(directory->all().size(), 1U);
  for (int i = 0; i < 60; ++i)
    ASSERT_EQ(redeem(ticket, agent).status, 201) << "as often as need be";
  clock.advance(1h);
  EXPECT_EQ(redeem(ticket, agent).code, "ticket_expired");
}

TEST_P(Tickets, WhoeverHeardARedemptionHasNothingOfIt) {
  const std::string ticket = ticket_for("a");
  const Agent agent = new_agent();
  Answer first = redeem(ticket, agent);
  const std::string heard = agent.proof(ticket, attempt);
  told();
  --attempt;
  EXPECT_EQ(redeem(ticket, agent, heard).code, "ticket_replayed");
  EXPECT_EQ(told(), Told{"TICKET_REFUSED"});
  EXPECT_TRUE(workspace_of(first.member("auth_token"))) << "nor did it end the agent's token";
}

TEST_P(Tickets, ExpiredAndRevokedOnesAreRefusedAndToldOf) {
  const std::string late = ticket_for("late", R"(,"expires_in":60)");
  const std::string back = ticket_for("back");
  clock.advance(59s);
  const std::string id = TicketText::parse(back)->id.text();
  EXPECT_EQ(ask(admin, Method::del, "/tickets/" + id).status, 200);
  clock.advance(1s);
  told();
  EXPECT_EQ(redeem(late, new_agent()).code, "ticket_expired");
  EXPECT_EQ(redeem(back, new_agent()).code, "ticket_revoked");
  EXPECT_EQ(told(), (Told{"TICKET_REFUSED", "TICKET_REFUSED"}));
  EXPECT_TRUE(directory->all().empty());
  EXPECT_EQ(ask(admin, Method::del, "/tickets/" + id).code, "ticket_not_found");
  Answer listed = get(admin, "/tickets");
  EXPECT_TRUE(listed.has(R"("state":"expired")") && listed.has(R"("state":"revoked")"));
}

TEST_P(Tickets, GuessesAreCountedAndWriteNothing) {
  TicketText guess = TicketText::parse(ticket_for("a")).value();
  guess.secret = Secret(std::string(32, 'x'));
  told();
  const Agent agent = new_agent();
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(redeem(guess.text().reveal(), agent).code, "ticket_invalid");
  EXPECT_EQ(redeem(guess.text().reveal(), agent).code, "rate_limited");
  EXPECT_EQ(told(), Told{});
  // Whoever shares that address and has a good one gets in.
  EXPECT_EQ(redeem(ticket_for("b"), agent).status, 201);
  clock.advance(61s);
  EXPECT_EQ(redeem("nonsense", agent).code, "ticket_invalid");
}

TEST_P(Tickets, TheSecretOfOneTicketOpensNoOther) {
  TicketText one = TicketText::parse(ticket_for("one")).value();
  TicketText two = TicketText::parse(ticket_for("two")).value();
  two.secret = one.secret;
  EXPECT_EQ(redeem(two.text().reveal(), new_agent()).code, "ticket_invalid");
}

TEST_P(Tickets, AKeyThatIsNotHeldPinsNothing) {
  const std::string ticket = ticket_for("a");
  const Agent agent = new_agent();
  const Agent thief = new_agent();
  // The thief names the agent's key, or proves its own for another ticket.
  EXPECT_EQ(redeem(ticket, agent, thief.proof(ticket, attempt + 1)).code, "agent_key_unproven");
  EXPECT_EQ(redeem(ticket, thief, thief.proof(ticket_for("b"), attempt + 1)).code,
            "agent_key_unproven");
  EXPECT_EQ(redeem(ticket, agent, agent.proof(ticket, attempt)).code, "agent_key_unproven");
  EXPECT_EQ(redeem(ticket, agent, "").code, "agent_key_unproven");
  Answer weak = post(stranger, "/tickets/redeem",
                     json::Object{}
                         .add("ticket", ticket)
                         .add("agent_key", std::string(43, 'A'))
                         .add("proof", agent.proof(ticket))
                         .text());
  EXPECT_EQ(weak.code, "agent_key_invalid");
  EXPECT_TRUE(directory->all().empty());
  EXPECT_EQ(redeem(ticket, agent).status, 201) << "and the ticket is as good as before";
}

TEST_P(Tickets, ATicketOfAnotherPlatformsKeyIsRefusedBeforeItIsSpent) {
  TicketText ticket = TicketText::parse(ticket_for("a")).value();
  ticket.key_digest.fill(7);
  EXPECT_EQ(redeem(ticket.text().reveal(), new_agent()).code, "ticket_of_another_key");
}

TEST_P(Tickets, TheNameIsTheTicketsElseTheAgentsElseTheRole) {
  EXPECT_EQ(redeem(ticket_for("Given"), new_agent(), {}, "mine").member("name"), "Given");
  Answer made = post(admin, "/tickets", R"({"role":"reviewer"})");
  EXPECT_EQ(redeem(made.member("ticket"), new_agent(), {}, "mine").member("name"), "mine");
  made = post(admin, "/tickets", R"({"role":"reviewer"})");
  EXPECT_EQ(redeem(made.member("ticket"), new_agent()).member("name"), "reviewer");
  made = post(admin, "/tickets", R"({"role":"reviewer"})");
  EXPECT_EQ(redeem(made.member("ticket"), new_agent()).member("name"), "reviewer (2)");
  made = post(admin, "/tickets", R"({"role":"other"})");
  EXPECT_EQ(redeem(made.member("ticket"), new_agent(), {}, "a{b").code, "invalid_workspace_fields");
  EXPECT_EQ(redeem(made.member("ticket"), new_agent()).status, 201) << "and was not spent by that";
}

TEST_P(Tickets, ItsCardIsShownAtOnce) {
  Answer joined = redeem(ticket_for("a"), new_agent(), {}, {}, R"({"skills":[{"id":"count"}]})");
  auto id = WorkspaceId::parse(joined.member("workspace_id")).value();
  EXPECT_EQ(directory->find(id)->agent_card.text, R"({"name":"a","skills":[{"id":"count"}]})");
  EXPECT_EQ(redeem(ticket_for("b"), new_agent(), {}, {}, "[1]").code, "invalid_request_body");
}

TEST_P(Tickets, WhatCannotLeadAnywhereIsNotMade) {
  const std::string unknown = random.id<WorkspaceId>().text();
  for (std::string body :
       {std::string("{}"), std::string(R"({"name":""})"), std::string(R"({"name":"a{b"})"),
        R"({"role":")" + std::string(300, 'r') + R"("})",
        std::string(R"({"name":"a","runtime":"langgraph"})"),
        std::string(R"({"name":"a","tier":9})"), std::string(R"({"name":"a","expires_in":59})"),
        std::string(R"({"name":"a","expires_in":604801})"),
        R"({"name":"a","parent_id":")" + unknown + R"("})",
        std::string(R"({"name":"a","platform_url":"ftp://x"})"),
        R"({"name":"a","platform_url":"http://)" + std::string(600, 'h') + R"("})"}) {
    EXPECT_EQ(post(admin, "/tickets", body).status, 400) << body;
  }
  EXPECT_EQ(get(admin, "/tickets").member("count"), "0");
}

TEST_P(Tickets, ATicketEndsWithTheParentItLeadsTo) {
  const WorkspaceId lead = make("lead");
  Answer made =
      post(admin, "/tickets", fmt::format(R"({{"name":"a","parent_id":"{}"}})", lead.text()));
  EXPECT_EQ(ask(admin, Method::del, path(lead)).status, 200);
  EXPECT_EQ(redeem(made.member("ticket"), new_agent()).code, "ticket_revoked");
}

TEST_P(Tickets, AKeyIsTakenAwayByAnOperatorAndForgottenWithItsWorkspace) {
  const std::string ticket = ticket_for("a");
  const Agent agent = new_agent();
  auto id = WorkspaceId::parse(redeem(ticket, agent).member("workspace_id")).value();
  EXPECT_EQ(post(admin, path(id, "/external/rotate")).status, 200);
  EXPECT_EQ(keys->pinned_key(id), agent.key.public_key()) << "a new token changes nothing about it";
  told();
  EXPECT_EQ(ask(admin, Method::del, path(id, "/agent-key")).status, 200);
  EXPECT_EQ(told(), Told{"AGENT_KEY_REMOVED"});
  EXPECT_FALSE(keys->pinned_key(id));
  EXPECT_EQ(ask(admin, Method::del, path(id, "/agent-key")).code, "agent_key_not_found");
  EXPECT_EQ(get(admin, path(id, "/agent-key")).member("fingerprint"), "null");
  EXPECT_EQ(redeem(ticket, agent).code, "ticket_used") << "its ticket does not bring it back";

  const std::string other = ticket_for("b");
  id = WorkspaceId::parse(redeem(other, agent).member("workspace_id")).value();
  ASSERT_TRUE(keys->pinned_key(id));
  EXPECT_EQ(ask(admin, Method::del, path(id)).status, 200);
  EXPECT_FALSE(keys->pinned_key(id));
  EXPECT_EQ(redeem(other, agent).code, "workspace_removed");
  restart();
  EXPECT_FALSE(keys->pinned_key(id));
}

TEST_P(Tickets, OpenOnesAreBoundedAndOldOnesForgotten) {
  for (std::int64_t i = 0; i < Service::open_max; ++i) ASSERT_FALSE(ticket_for("a").empty());
  EXPECT_EQ(post(admin, "/tickets", R"({"name":"a"})").code, "too_many_tickets");
  EXPECT_EQ(get(admin, "/tickets").member("count"), std::to_string(Service::listed_max));
  clock.advance(1h);
  EXPECT_EQ(post(admin, "/tickets", R"({"name":"a"})").status, 201);
  clock.advance(Service::kept_after + 1s);
  run(office->prune());
  EXPECT_EQ(get(admin, "/tickets").member("count"), "1");
}

TEST_P(Tickets, SomebodyKnowsThePlatformOnceThereWasATicket) {
  auto promised = [&] {
    return read(
        [](sql::Read& r) { return r.optional(sql::read_fact, std::string(promised_fact)); });
  };
  EXPECT_FALSE(promised());
  ticket_for("a");
  EXPECT_EQ(promised(), crypto::fingerprint(platform.public_key()));
}

TEST_P(Tickets, EveryStatementPrepares) {
  auto check = [&](const auto& query) { db().check_prepares(query.name, query.text); };
  check(store::add), check(store::find), check(store::list), check(store::count_open);
  check(store::redeem), check(store::redeem_again), check(store::revoke),
      check(store::revoke_below);
  check(store::is_redeemed), check(store::prune), check(store::all_keys), check(store::find_key);
  check(store::pin_key), check(store::forget_key);
}

EACH_DATABASE(Tickets);

}  // namespace
}  // namespace molecule::tickets
