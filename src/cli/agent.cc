// `molecule agent`: agents as their cards show them.
#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/agent_files.h"
#include "cli/find.h"
#include "cli/input.h"
#include "cli/nouns.h"
#include "cli/registry.h"
#include "cli/skills.h"
#include "cli/talk.h"
#include "cli/workspaces.h"
#include "cli/ws.h"
#include "wire/api/registry.h"
#include "wire/api/secrets.h"

namespace molecule::cli {
namespace {

using json::Node;

// The card that --card or --card-json brings; nothing when neither was given.
std::optional<RawJson> card_of(const Given& given) {
  if (given.has("card") && given.has("card-json"))
    throw bad_request("--card and --card-json each bring a card; give one");
  std::string text;
  if (given.has("card")) text = file_or_input(given.text("card"));
  if (given.has("card-json")) text = given.text("card-json");
  if (text.empty()) return std::nullopt;
  try {
    const json::Document card = json::Document::parse(text);
    if (!card.root().is(json::Type::object)) throw bad_request("a card is a JSON object");
    return RawJson(card.root().text());
  } catch (const Fault& fault) {
    throw bad_request("bad_card", fmt::format("the card is not one: {}", fault.text()));
  }
}

io::Task<json::Document> put_card(Session& session, WorkspaceId id, RawJson card) {
  json::Object body;
  body.add("id", id).add("agent_card", card);
  return session.platform().post("/registry/update-card", body.text());
}

io::Task<int> spawn(Session& session, const Given& given) {
  const std::optional<RawJson> card = card_of(given);
  std::string body = co_await new_workspace(session, given);
  const json::Document made = co_await session.platform().post("/workspaces", std::move(body));
  session.show(made.root(), [&session](Node one) { return made_text(session, one); });
  const auto id = WorkspaceId::parse(client::told(made.root().find("id")));
  if (!card || !id) co_return 0;
  std::string trouble;
  try {
    co_await put_card(session, *id, *card);
  } catch (const Fault& fault) {
    trouble = fault.text();
  }
  if (!trouble.empty()) session.say("warning: its card was not taken: " + trouble);
  co_return 0;
}

io::Task<int> edit(Session& session, const Given& given) {
  const std::optional<RawJson> card = card_of(given);
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  std::string body = co_await workspace_change(session, given);
  if (body.empty() && !card)
    throw bad_request("nothing is to be changed; `molecule agent edit --help` lists what can be");
  json::Document done = json::Document::parse(R"({"status":"updated"})");
  if (!body.empty()) {
    done = co_await session.platform().patch(fmt::format("/workspaces/{}", id.text()),
                                             std::move(body));
  }
  if (card) co_await put_card(session, id, *card);
  session.show(done.root(), [](Node) { return std::string("Updated.\n"); });
  co_return 0;
}

io::Task<int> get_card(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document found =
      co_await session.platform().get(fmt::format("/workspaces/{}", id.text()));
  const Node card = WorkspaceRecord(found.root()).node("agent_card");
  session.show(card, [&session](Node one) {
    if (!one.is(json::Type::object)) return std::string("It has no card yet.\n");
    return session.screen().lines(one.text()) + "\n";
  });
  co_return 0;
}

io::Task<int> set_card(Session& session, const Given& given) {
  const std::optional<RawJson> card = card_of(given);
  if (!card)
    throw bad_request("there is no card: name its file with --card, or - for standard input");
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document done = co_await put_card(session, id, *card);
  session.show(done.root(), [](Node) { return std::string("The card is set.\n"); });
  co_return 0;
}

std::string model_path(const WorkspaceId& id) {
  return fmt::format("/workspaces/{}/model", id.text());
}

io::Task<int> get_model(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document found = co_await session.platform().get(model_path(id));
  session.show(found.root(), [&session](Node one) {
    const std::string model = client::Record<api::Model>(one).text("model");
    return session.screen().line(model.empty() ? "the agent's own default" : model) + "\n";
  });
  co_return 0;
}

io::Task<int> set_model(Session& session, const Given& given) {
  const Found found = co_await find_named(session, given.text("workspace"));
  json::Object body;
  body.add("model", given.text("model"));
  const json::Document done = co_await session.platform().put(model_path(found.id), body.text());
  session.show(done.root(), [&](Node) {
    return session.screen().line(fmt::format("Saved the model of {}.", found.told())) + "\n";
  });
  co_return 0;
}

constexpr Option card_option{.name = "-f,--card,--file",
                             .shape = "FILE",
                             .help = "An A2A card; - reads standard input",
                             .names = Option::Names::files};
constexpr Option card_json_option{
    .name = "--card-json", .shape = "JSON", .help = "The card itself"};

constexpr std::array one{workspace_argument};
constexpr std::array spawn_takes{
    Option{.name = "-n,--name", .shape = "NAME", .help = "Its name", .required = true},
    role_option,
    runtime_option,
    tier_option,
    parent_option,
    card_option,
    card_json_option};
constexpr std::array edit_takes{workspace_argument, name_option,   role_option, runtime_option,
                                tier_option,        parent_option, card_option, card_json_option};
constexpr std::array card_takes{workspace_argument, card_option, card_json_option};
constexpr std::array model_takes{workspace_argument,
                                 Option{.name = "model",
                                        .shape = "MODEL",
                                        .help = "Empty: the agent's own default",
                                        .required = true}};

constexpr std::array card_verbs{
    Verb{.name = "get",
         .does = "Its card",
         .takes = one,
         .run = get_card,
         .footer = "Example:\n  molecule agent card get researcher -o json"},
    Verb{.name = "set",
         .does = "Give it another card",
         .takes = card_takes,
         .run = set_card,
         .footer = "Example:\n  molecule agent card set researcher --card card.json"}};
constexpr std::array model_verbs{
    Verb{.name = "get",
         .does = "The model that it is to use",
         .takes = one,
         .run = get_model,
         .footer = "Example:\n  molecule agent model get researcher"},
    Verb{.name = "set",
         .does = "Choose the model that it is to use",
         .takes = model_takes,
         .run = set_model,
         .footer = "Example:\n  molecule agent model set researcher anthropic:claude-sonnet"}};
constexpr std::array verbs{
    Verb{.name = "list",
         .does = "As molecule ws list",
         .takes = list_workspaces_takes,
         .run = list_workspaces,
         .aliases = "ls",
         .footer = "Example:\n  molecule agent list --status degraded",
         .watches = true},
    Verb{.name = "get",
         .does = "As molecule ws get",
         .takes = one,
         .run = show_workspace,
         .aliases = "inspect show",
         .footer = "Example:\n  molecule agent get researcher",
         .watches = true},
    Verb{.name = "peers",
         .does = "As molecule registry peers",
         .takes = one,
         .run = list_peers,
         .footer = "Example:\n  molecule agent peers researcher",
         .watches = true},
    Verb{.name = "spawn",
         .does = "Make a workspace, with a card",
         .takes = spawn_takes,
         .run = spawn,
         .footer = "A card that is not taken is a warning.\n\nExample:\n"
                   "  molecule agent spawn --name researcher --runtime external --card card.json"},
    Verb{.name = "edit",
         .does = "Change a workspace, or its card",
         .takes = edit_takes,
         .run = edit,
         .footer = "Example:\n  molecule agent edit researcher --role 'Reads sources'"},
    Verb{.name = "send",
         .does = "As molecule send",
         .takes = send_takes,
         .run = send,
         .footer = "Example:\n  molecule agent send researcher 'Summarise README.md'"},
    Verb{.name = "chat",
         .does = "As molecule chat",
         .takes = chat_takes,
         .run = chat,
         .footer = "Example:\n  molecule agent chat researcher -m 'Summarise README.md'"},
    Verb{.name = "card", .does = "Look at a card, set it", .verbs = card_verbs},
    Verb{.name = "model", .does = "Look at a model, choose it", .verbs = model_verbs},
    Verb{.name = "config", .does = "As molecule ws config", .verbs = ws_config_verbs},
    Verb{.name = "files", .does = "As molecule ws files", .verbs = ws_files_verbs},
    Verb{.name = "skill",
         .does = "Skills of an agent that the platform runs",
         .verbs = skill_verbs,
         .aliases = "skills"}};

}  // namespace

constinit const Verb agent_noun{.name = "agent",
                                .does = "Agents: make, change, their cards, models and skills",
                                .verbs = verbs};

}  // namespace molecule::cli
