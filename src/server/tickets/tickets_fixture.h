// An organisation with a ticket office, and agents that come to it with keys of their own.
#pragma once

#include "platform/crypto/encoding.h"
#include "platform/crypto/token.h"
#include "server/tickets/tickets_service.h"
#include "server/workspaces/org_fixture.h"

namespace molecule::tickets {

struct Agent {
  crypto::SigningKey key;

  std::string proof(std::string_view ticket, std::int64_t attempt = 0) const {
    return crypto::base64url_encode(
        key.sign(proof_statement(TicketText::parse(ticket)->id, attempt)));
  }
};

class TicketOffice : public workspaces::Org {
 protected:
  struct Silent final : workspaces::VitalSigns {
    workspaces::Vitals of(WorkspaceId) const override { return {}; }
    void expect(WorkspaceId, Instant) override {}
  };
  // What is made after the workspaces joins them later.
  struct Late final : workspaces::Departure {
    void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override {
      for (Departure* one : all) one->removed(tx, ids);
    }
    void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override {
      for (Departure* one : all) one->purged(tx, ids);
    }
    std::vector<Departure*> all;
  };

  TicketOffice() : platform(crypto::SigningKey::random(random)) { departures.push_back(&late); }
  workspaces::VitalSigns& vitals() override { return silent; }
  void log_made() override {
    keys = std::make_unique<AgentKeys>(*log);
    log->join(*keys);
    org_keys = std::make_unique<auth::Keys>(db(), clock, random, *log);
    log->join(*org_keys);
  }
  void started() override {
    office = std::make_unique<Service>(Service::Parts{db(), *log, *service, *tokens, *org_keys,
                                                      limits, *keys, platform, clock, random},
                                       workspaces::Settings{});
    router->mount(routes, *office);
    late.all = {keys.get(), office.get()};
  }
  void stop() override {
    late.all.clear();
    router.reset();
    office.reset();
    org_keys.reset();
    keys.reset();
    Org::stop();
  }

  Agent new_agent() { return {crypto::SigningKey::random(random)}; }
  std::string ticket_for(std::string_view name, std::string_view more = "") {
    workspaces::Answer made =
        post(admin, "/tickets", fmt::format(R"({{"name":"{}"{}}})", name, more));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.member("ticket");
  }
  workspaces::Answer redeem(std::string_view ticket, const Agent& agent,
                            std::optional<std::string> proof = {}, std::string name = {},
                            std::string card = {}) {
    ++attempt;
    if (!proof) proof = TicketText::parse(ticket) ? agent.proof(ticket, attempt) : "";
    json::Object body;
    body.add("attempt", attempt);
    body.add("ticket", ticket)
        .add("agent_key", crypto::text_of(agent.key.public_key()))
        .add("proof", *proof);
    if (!name.empty()) body.add("name", name);
    if (!card.empty()) body.add("agent_card", RawJson(card));
    return post(stranger, "/tickets/redeem", body.text());
  }
  // As the agent checks it: with nothing but what its ticket says.
  bool signed_by_platform(std::string_view ticket, const Agent& agent,
                          const workspaces::Answer& answer) {
    const TicketText told = TicketText::parse(ticket).value();
    auto key = crypto::public_key_from(std::string_view(answer.member("platform_key")));
    auto signature = crypto::base64url_decode(answer.member("signature"));
    return key && told.names(*key) && signature &&
           crypto::verify(
               *key,
               answer_statement(told.id, agent.key.public_key(),
                                WorkspaceId::parse(answer.member("workspace_id")).value()),
               *signature);
  }
  std::optional<WorkspaceId> workspace_of(std::string_view token) {
    auto facts = tokens->find(crypto::token_digest(token));
    if (!facts) return std::nullopt;
    return facts->workspace;
  }

  std::int64_t attempt = 0;  // The last that anybody made.
  Silent silent;
  Late late;
  auth::Limits limits{auth::LimitSettings{}};
  crypto::SigningKey platform;
  std::unique_ptr<AgentKeys> keys;
  std::unique_ptr<auth::Keys> org_keys;
  std::unique_ptr<Service> office;
};

}  // namespace molecule::tickets
