#include "app/verbs.h"
#include "platform/log/log.h"

namespace molecule::app {
namespace {

void run_ticket(const Arguments& arguments,
                void (*verb)(const Config& config, const TicketOptions& options)) {
  Config config = Config::load(arguments.flags, arguments.file);
  log::start(log::Level::warn);
  verb(config, arguments.ticket);
}

CLI::App* add_ticket_verb(CLI::App& verbs, Arguments& arguments, const char* name, const char* does,
                          void (*run)(const Config&, const TicketOptions&)) {
  CLI::App* verb = verbs.add_subcommand(name, does);
  add_url(*verb, arguments.ticket.url);
  add_output(*verb, arguments.ticket.output);
  verb->callback([&arguments, run] { run_ticket(arguments, run); });
  return verb;
}

}  // namespace

void add_ticket_verbs(CLI::App& cli, Arguments& arguments) {
  TicketOptions& ticket = arguments.ticket;
  CLI::App* verbs = cli.add_subcommand("ticket", "Let agents of other machines join");
  verbs->require_subcommand(1);
  verbs->footer("molecule ticket VERB --help says more.");
  CLI::App* create =
      add_ticket_verb(*verbs, arguments, "create",
                      "Make a ticket by which one agent may join, once", create_ticket);
  add_settings(*create, arguments, {"data", "tls-cert", "platform-url"});
  create->add_option("--name", ticket.name, "Of the workspace that it becomes")->type_name("NAME");
  create->add_option("--role", ticket.role, "What it is for; it or a name is needed")
      ->type_name("ROLE");
  create->add_option("--parent", ticket.parent, "Id of the workspace it stands below")
      ->type_name("ID");
  create
      ->add_option(
          "--tier", ticket.tier,
          "How it is classed: 1 sandboxed, 2 standard, 3 privileged, 4 full access (default 3)")
      ->type_name("N");
  create
      ->add_option("--expires-in", ticket.expires_in,
                   "Seconds that it is good, 60 to 604800 (default 3600)")
      ->type_name("SECONDS");
  create->footer(
      "Prints one line to run on the other machine. Whoever has it may join in its place, once: hand\n"
      "it over as you would a password.\n"
      "\nExamples:\n"
      "  molecule ticket create --data ./d --name researcher --role 'Reads sources'\n"
      "  molecule ticket create --name ci --platform-url https://molecule.example --expires-in 600");
  CLI::App* list =
      add_ticket_verb(*verbs, arguments, "list", "The tickets of late, newest first", list_tickets);
  add_settings(*list, arguments, {"data", "tls-cert"});
  list->footer("Shows no ticket's text.\n\nExample:\n  molecule ticket list --data ./d -o json");
  CLI::App* revoke = add_ticket_verb(*verbs, arguments, "revoke",
                                     "Take a ticket back that nobody has redeemed", revoke_ticket);
  add_settings(*revoke, arguments, {"data", "tls-cert"});
  revoke->add_option("id", ticket.id, "The ticket's, as list shows it")
      ->required()
      ->type_name("ID");
  revoke->footer(
      "Example:\n  molecule ticket revoke 01890a5d-ac96-774b-bcce-b302099a8057 --data ./d");
}

}  // namespace molecule::app
