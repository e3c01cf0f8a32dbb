#include "app/tickets.h"

#include <iostream>

#include <fmt/format.h>

#include "app/operator.h"
#include "base/fault.h"
#include "base/id.h"
#include "platform/json/json.h"
#include "platform/net/url.h"
#include "wire/api/tickets.h"

namespace molecule::app {
namespace {

bool only_here(const std::string& url) {
  const net::Url read = net::Url::parse(url);
  return read.host == "localhost" || read.host == "::1" || read.host.starts_with("127.");
}

std::string who(const api::Ticket& ticket) {
  if (ticket.name.empty()) return ticket.role;
  return ticket.role.empty() ? ticket.name : fmt::format("{}, {}", ticket.name, ticket.role);
}

std::string when(const api::Ticket& ticket) {
  switch (ticket.state) {
    case api::TicketState::open: return "until " + ticket.expires_at.text();
    case api::TicketState::redeemed:
      return fmt::format("{}, workspace {}", ticket.redeemed_at->text(),
                         ticket.workspace_id->text());
    default: return "made " + ticket.created_at.text();
  }
}

}  // namespace

void create_ticket(const Config& config, const TicketOptions& options) {
  json::Object body;
  if (!options.name.empty()) body.add("name", options.name);
  if (!options.role.empty()) body.add("role", options.role);
  if (!options.parent.empty()) body.add("parent_id", options.parent);
  body.add_some("tier", options.tier);
  body.add_some("expires_in", options.expires_in);
  const std::string& reached_at = config.text("platform-url");
  if (!reached_at.empty()) body.add("platform_url", reached_at);
  const std::string answer =
      OperatorCall(config, options.url).ask(http::Method::post, "/tickets", body.text(), 201);
  if (options.output == "json") {
    std::cout << answer << "\n";
    return;
  }
  const auto made = json::read<api::TicketMade>(answer);
  std::cout << made.command << "\n";
  std::cerr << fmt::format(
      "Run that on the other machine. Good once, until {}; it leads to {}, known by {}.\n",
      made.expires_at.text(), made.platform_url, made.fingerprint);
  if (only_here(made.platform_url)) {
    std::cerr << fmt::format(
        "{} is this machine to whoever runs it: say where others reach the platform with "
        "--platform-url.\n",
        made.platform_url);
  }
}

void list_tickets(const Config& config, const TicketOptions& options) {
  const std::string answer =
      OperatorCall(config, options.url).ask(http::Method::get, "/tickets", "", 200);
  if (options.output == "json") {
    std::cout << answer << "\n";
    return;
  }
  const auto page = json::read<api::TicketPage>(answer);
  for (const api::Ticket& ticket : page.tickets) {
    std::cout << fmt::format("{}  {:<8}  {}  ({})\n", ticket.id.text(), enum_text(ticket.state),
                             who(ticket), when(ticket));
  }
  if (page.tickets.empty())
    std::cerr << "There is no ticket; `molecule ticket create` makes one.\n";
}

void revoke_ticket(const Config& config, const TicketOptions& options) {
  auto id = TicketId::parse(options.id);
  if (!id) {
    throw bad_request(
        "bad_id", fmt::format("{} is no ticket's id; `molecule ticket list` has them", options.id));
  }
  const std::string answer =
      OperatorCall(config, options.url).ask(http::Method::del, "/tickets/" + id->text(), "", 200);
  if (options.output == "json") {
    std::cout << answer << "\n";
    return;
  }
  std::cout << "Revoked; nobody can join with it any more.\n";
}

}  // namespace molecule::app
