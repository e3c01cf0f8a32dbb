#include "server/presence/registration.h"

#include <utility>
#include <vector>

#include "base/fault.h"
#include "platform/json/json.h"
#include "platform/text/names.h"

namespace molecule::presence {

namespace {

constexpr std::string_view no_inbound = "remote://";

Fault bad_body(std::string_view why) {
  return bad_request("invalid_request_body", fmt::format("invalid request body: {}", why));
}

json::Node present(json::Node body, std::string_view name) {
  json::Node node = body.find(name);
  return node.is(json::Type::null) ? json::Node() : node;
}

// What peers and people are shown as who an agent is and what it can do.
void check_shown(json::Node card) {
  json::Node name = present(card, "name");
  if (name.is(json::Type::string) && !name.string().empty()) {
    if (auto flaw = text::flaw_of_name(name.string()))
      throw bad_body(fmt::format("agent_card.name {}", *flaw));
  }
  for (std::string_view member : {"role", "title"}) {
    json::Node line = present(card, member);
    if (!line.is(json::Type::string)) continue;
    if (auto flaw = text::flaw_of_line(line.string()))
      throw bad_body(fmt::format("agent_card.{} {}", member, *flaw));
  }
  json::Node skills = present(card, "skills");
  if (!skills.is(json::Type::array)) return;
  for (std::size_t i = 0; i < skills.size(); ++i) {
    for (std::string_view member : {"id", "name"}) {
      json::Node line = present(skills.at(i), member);
      if (!line.is(json::Type::string)) continue;
      if (auto flaw = text::flaw_of_line(line.string()))
        throw bad_body(fmt::format("agent_card.skills[{}].{} {}", i, member, *flaw));
    }
  }
}

RawJson skill_of(api::SkillText said) {
  if (auto* skill = std::get_if<RawObject>(&said)) return std::move(*skill);
  const std::string& name = std::get<std::string>(said);
  return json::Object{}.add("id", name).add("name", name).raw();
}

struct Card {
  RawJson text;
  std::string url;
};

Card checked(RawJson card) {
  if (card.text.size() > api::card_max) {
    throw Fault(Kind::too_large, "agent_card_too_large",
                fmt::format("the agent card is larger than {} bytes", api::card_max));
  }
  json::Document document = json::Document::parse(card.text);
  check_shown(document.root());
  json::Node url = document.root().find("url");
  const bool is_address = url.is(json::Type::string) && url.string().starts_with("http");
  return {std::move(card), is_address ? std::string(url.string()) : std::string()};
}

// Registration and CardUpdate name a card in the same ways. Empty when they name none.
template <class Said>
Card card_of(Said& said) {
  if (said.agent_card) return checked(std::move(*said.agent_card));
  if (!said.name && !said.description && !said.skills) return {};
  std::vector<RawJson> skills;
  if (said.skills) {
    for (api::SkillText& skill : *said.skills) skills.push_back(skill_of(std::move(skill)));
  }
  json::Object card;
  card.add_some("name", said.name).add_some("description", said.description);
  return {checked(card.add("skills", skills).raw()).text, {}};
}

template <class Said>
WorkspaceId id_of(const Said& said) {
  return said.id ? *said.id : said.workspace_id.value_or(WorkspaceId());
}

}  // namespace

Registration registration_of(api::Registration said) {
  if (said.kind == api::AgentKind::platform) {
    throw Fault(Kind::forbidden, "kind_not_allowed",
                "kind='platform' may not be chosen by an agent");
  }
  Registration wanted;
  wanted.id = id_of(said);
  wanted.delivery = said.delivery_mode;
  wanted.url = std::move(said.url).value_or("");
  if (wanted.url.starts_with(no_inbound)) {
    wanted.url.clear();
    if (!wanted.delivery) wanted.delivery = workspaces::Delivery::poll;
  }
  Card card = card_of(said);
  wanted.card = std::move(card.text);
  wanted.card_url = std::move(card.url);
  return wanted;
}

CardUpdate card_update_of(api::CardUpdate said) {
  CardUpdate update;
  update.id = id_of(said);
  Card card = card_of(said);
  update.card = std::move(card.text);
  update.card_url = std::move(card.url);
  update.url = std::move(said.url);
  if (update.url && update.url->starts_with(no_inbound)) update.url->clear();
  return update;
}

RawJson checked_card(RawJson card) { return checked(std::move(card)).text; }

RawJson reconciled(const RawJson& card, const workspaces::Row& row) {
  json::Document document = json::Document::parse(card.text);
  json::Node root = document.root();
  auto blank = [&](std::string_view name) {
    json::Node node = root.find(name);
    return !node || node.is(json::Type::null) ||
           (node.is(json::Type::string) && node.string().empty());
  };
  json::Node name = root.find("name");
  bool nameless = blank("name") || (name.is(json::Type::string) && name.string() == row.id.text());
  if (!nameless) return card;
  bool add_role = blank("role") && !row.role.empty();
  bool add_description = blank("description") && !row.role.empty();
  json::Object out;
  out.add("name", row.name);
  if (add_description) out.add("description", row.role);
  if (add_role) out.add("role", row.role);
  for (std::size_t i = 0; i < root.size(); ++i) {
    std::string_view member = root.name_at(i);
    bool replaced = member == "name" || (add_role && member == "role") ||
                    (add_description && member == "description");
    if (!replaced) out.add(member, RawJson(root.value_at(i).text()));
  }
  return out.raw();
}

}  // namespace molecule::presence
