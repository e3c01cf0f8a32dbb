// `molecule completion`: the script for a shell, and the names that it asks for.
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/completion.h"
#include "cli/nouns.h"
#include "cli/session.h"
#include "client/record.h"
#include "platform/io/scope.h"
#include "platform/text/names.h"
#include "wire/api/workspaces.h"

namespace molecule::cli {
namespace {

// Whoever pressed Tab waits no longer.
constexpr std::chrono::seconds patience{2};

// One a line, and nothing else: a name that would not be one line is left out.
io::Task<int> print_names(Session& session, const Given& given) {
  std::string lines;
  const auto add = [&lines](const std::string& name) {
    if (!text::flaw_of_line(name)) lines += name + "\n";
  };
  const std::string kind = given.text("names");
  if (kind == "profiles") {
    for (const Profile& each : Profiles::load(profile_file(given)).all()) add(each.name);
  } else if (kind == "dead-letters" || kind == "questions") {
    session.aim(given);
    const std::string path = fmt::format("/{}?limit=200", kind);
    const json::Document page = co_await session.platform().get(path);
    const json::Node items = page.root().find("items");
    for (std::size_t i = 0; items.is(json::Type::array) && i < items.size(); ++i)
      add(client::told(items.at(i).find("id")));
  } else {
    session.aim(given);
    const json::Document list = co_await session.platform().get("/workspaces");
    for (const auto& each : client::records<api::Workspace>(list.root())) add(each.text("name"));
  }
  session.print(lines);
  co_return 0;
}

io::Task<int> complete(Session& session, const Given& given) {
  if (given.has("names")) {
    try {
      co_await io::within<int>(patience, print_names(session, given));
    } catch (const Fault&) {
      // A shell that asks in the middle of a line wants names or nothing.
    }
    co_return 0;
  }
  if (!given.has("shell")) throw bad_request("name the shell: bash, zsh, fish or powershell");
  session.print(completion_script(given.text("shell"), session.program().words()));
  co_return 0;
}

constexpr std::array takes{Option{.name = "shell",
                                  .shape = "bash|zsh|fish|powershell",
                                  .help = "Which shell",
                                  .form = Option::Form::words,
                                  .words = "bash zsh fish powershell"},
                           Option{.name = "--names",
                                  .shape = "workspaces|profiles|dead-letters|questions",
                                  .help = "Print these, as the scripts ask",
                                  .form = Option::Form::words,
                                  .words = "workspaces profiles dead-letters questions"}};

}  // namespace

constinit const Verb completion_verb{
    .name = "completion",
    .does = "Print the completion script of a shell",
    .takes = takes,
    .run = complete,
    .footer =
        "Completes verbs, options, their words, the names of workspaces and profiles, and the ids "
        "of dead letters and questions.\n\n"
        "Examples:\n"
        "  molecule completion bash > ~/.local/share/bash-completion/completions/molecule\n"
        "  molecule completion zsh > ~/.zfunc/_molecule\n"
        "  molecule completion fish > ~/.config/fish/completions/molecule.fish\n"
        "  molecule completion powershell >> $PROFILE",
    .aims_itself = true};

}  // namespace molecule::cli
