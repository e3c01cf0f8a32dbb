#include "server/presence/registration.h"

#include "base/fault.h"
#include "platform/text/names.h"
#include "server/workspaces/workspace_rules.h"

namespace molecule::presence {

namespace {

constexpr std::string_view code = "invalid_request_body";
constexpr std::string_view no_inbound = "remote://";

Fault bad_body(std::string_view why) {
  return bad_request(std::string(code), fmt::format("invalid request body: {}", why));
}

json::Node present(json::Node body, std::string_view name) {
  json::Node node = body.find(name);
  return node.is(json::Type::null) ? json::Node() : node;
}

json::Document parse(std::string_view text) {
  json::Document document = json::Document::parse(text);
  if (!document.root().is(json::Type::object)) throw bad_body("expected a JSON object");
  return document;
}

WorkspaceId id_of(json::Node body) {
  json::Node node = present(body, "id");
  if (!node) node = present(body, "workspace_id");
  auto id = node.is(json::Type::string) ? WorkspaceId::parse(node.string()) : std::nullopt;
  if (!id) throw bad_body("id must be the id of a workspace");
  return *id;
}

std::optional<std::string> text_of(json::Node body, std::string_view name, std::size_t max) {
  json::Node node = present(body, name);
  if (!node) return std::nullopt;
  if (!node.is(json::Type::string)) throw bad_body(fmt::format("{} must be a string", name));
  if (node.string().size() > max)
    throw bad_body(fmt::format("{} is longer than {} bytes", name, max));
  return std::string(node.string());
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

// A skill may be given as its name alone.
std::string skills_text(json::Node skills) {
  if (!skills.is(json::Type::array)) throw bad_body("skills must be a list");
  std::string out = "[";
  for (std::size_t i = 0; i < skills.size(); ++i) {
    if (i > 0) out += ',';
    json::Node skill = skills.at(i);
    if (skill.is(json::Type::string)) {
      json::Object named;
      named.add("id", skill.string()).add("name", skill.string());
      out += named.text();
    } else if (skill.is(json::Type::object)) {
      out += skill.text();
    } else {
      throw bad_body(fmt::format("skills[{}] must be a string or an object", i));
    }
  }
  return out + ']';
}

RawJson card_of(json::Node body) {
  if (json::Node card = present(body, "agent_card")) {
    if (!card.is(json::Type::object)) throw bad_body("agent_card must be an object");
    return checked_card(RawJson(card.text()));
  }
  auto name = text_of(body, "name", workspaces::name_max);
  auto description = text_of(body, "description", card_max);
  json::Node skills = present(body, "skills");
  if (!name && !description && !skills) return {};
  json::Object card;
  card.add_some("name", name).add_some("description", description);
  card.add("skills", RawJson(skills ? skills_text(skills) : "[]"));
  return checked_card(card.raw());
}

std::string card_url_of(json::Node body) {
  json::Node card = present(body, "agent_card");
  json::Node url = card.is(json::Type::object) ? present(card, "url") : json::Node();
  if (!url.is(json::Type::string) || !url.string().starts_with("http")) return {};
  return std::string(url.string());
}

}  // namespace

Registration read_registration(std::string_view text) {
  json::Document document = parse(text);
  json::Node body = document.root();
  Registration wanted;
  wanted.id = id_of(body);
  if (auto mode = text_of(body, "delivery_mode", 20); mode && !mode->empty()) {
    wanted.delivery = enum_from<workspaces::Delivery>(*mode);
    if (!wanted.delivery)
      throw bad_request("invalid_delivery_mode", "delivery_mode must be 'push' or 'poll'");
  }
  if (auto kind = text_of(body, "kind", 20); kind && *kind != "workspace" && !kind->empty()) {
    if (*kind != "platform")
      throw bad_request("invalid_kind", "kind must be 'workspace' or 'platform'");
    throw Fault(Kind::forbidden, "kind_not_allowed",
                "kind='platform' may not be chosen by an agent");
  }
  wanted.url = text_of(body, "url", workspaces::url_max).value_or("");
  if (wanted.url.starts_with(no_inbound)) {
    wanted.url.clear();
    if (!wanted.delivery) wanted.delivery = workspaces::Delivery::poll;
  }
  wanted.card = card_of(body);
  if (wanted.card.empty()) throw bad_body("agent_card is required");
  wanted.card_url = card_url_of(body);
  return wanted;
}

CardUpdate read_card_update(std::string_view text) {
  json::Document document = parse(text);
  json::Node body = document.root();
  CardUpdate update;
  update.id = id_of(body);
  update.card = card_of(body);
  update.card_url = card_url_of(body);
  update.url = text_of(body, "url", workspaces::url_max);
  if (update.url && update.url->starts_with(no_inbound)) update.url->clear();
  if (update.card.empty() && !update.url) throw bad_body("agent_card or url is required");
  return update;
}

RawJson checked_card(RawJson card) {
  if (card.text.size() > card_max) {
    throw Fault(Kind::too_large, "agent_card_too_large",
                fmt::format("the agent card is larger than {} bytes", card_max));
  }
  json::Document document = json::Document::parse(card.text);
  check_shown(document.root());
  return card;
}

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
