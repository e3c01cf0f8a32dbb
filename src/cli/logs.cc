#include "cli/logs.h"

#include <fmt/format.h>

#include "cli/documents.h"
#include "cli/find.h"
#include "cli/table.h"
#include "client/record.h"
#include "wire/api/agents.h"

namespace molecule::cli {
namespace {

using json::Node;

constexpr long long tail_default = 200;
constexpr int wait_seconds = 20;  // Less than an answer may take.

std::string lines_text(const Session& session, Node answer) {
  std::string out;
  const Node lines = answer.find("lines");
  for (std::size_t i = 0; lines.is(json::Type::array) && i < lines.size(); ++i)
    out += session.screen().line(client::told(lines.at(i))) + "\n";
  return out;
}

std::string offers_text(const Session& session, Node answer) {
  const client::Record<api::RuntimeOffers> offers(answer);
  if (!offers.flag("agents")) session.say(offers.text("why_not"));
  Table table({{"RUNTIME", 8}, {"HERE", 0, 8}, {"NEEDS", 8, 4}, {"WHY NOT", 10, 2}});
  for (const auto& each : client::records<api::RuntimeOffer>(offers.node("runtimes"))) {
    std::string keys;
    const Node all = each.node("keys");
    for (std::size_t i = 0; all.is(json::Type::array) && i < all.size(); ++i)
      keys += (keys.empty() ? "" : " or ") + client::told(all.at(i));
    if (each.flag("takes_command")) keys = "--command";
    const bool here = each.flag("startable");
    table.add({each.text("id"), Cell(here ? "yes" : "no", here ? Tone::good : Tone::quiet), keys,
               each.text("why_not")});
  }
  return table.text(session.screen());
}

std::string joined(Node list) {
  std::string out;
  for (std::size_t i = 0; list.is(json::Type::array) && i < list.size(); ++i)
    out += (out.empty() ? "" : "; ") + client::told(list.at(i));
  return out;
}

std::string process_text(const Session& session, Node answer) {
  const client::Record<api::AgentProcess> process(answer);
  const Screen& screen = session.screen();
  std::string out;
  const auto add = [&](std::string_view label, const std::string& text, Tone tone = Tone::plain) {
    if (text.empty()) return;
    out += screen.in(Tone::quiet, fmt::format("{:<14}", label));
    out += screen.in(tone, screen.line(text)) + "\n";
  };
  const std::string state = process.text("state");
  add("state", state, state == "running" ? Tone::good : Tone::worth_a_look);
  add("reason", process.text("reason"), Tone::bad);
  const std::string crashes = process.text("crashes");
  if (crashes != "0") add("crashes", crashes, Tone::bad);
  add("next start", process.text("next_start_seconds"));
  add("machine", process.text("machine"));
  add("process", process.text("pid"));
  add("since", process.text("started_at"));
  add("tier", process.text("tier"));
  add("directory", process.text("directory"));
  const Node isolation = process.node("isolation");
  add("held in by", joined(isolation.find("applied")));
  add("not to be had", joined(isolation.find("missing")), Tone::worth_a_look);
  return out;
}

}  // namespace

io::Task<int> show_logs(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const std::string path = fmt::format("/workspaces/{}/logs", id.text());
  json::Document found = co_await session.platform().get(
      fmt::format("{}?tail={}", path, given.number("tail").value_or(tail_default)));
  const auto text = [&session](Node answer) { return lines_text(session, answer); };
  session.show(found.root(), text);
  while (given.has("follow")) {
    const client::Record<api::AgentLog> last(found.root());
    const auto next = static_cast<std::int64_t>(last.number("next").value_or(0));
    found = co_await session.platform().get(
        fmt::format("{}?since={}&wait={}", path, next, wait_seconds));
    const client::Record<api::AgentLog> more(found.root());
    if (more.flag("lost")) session.say("some lines are lost: it says more than is kept");
    if (more.node("lines").size() > 0) session.show(found.root(), text);
  }
  co_return 0;
}

io::Task<int> show_process(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const auto look = [&session, id] {
    return session.platform().get(fmt::format("/workspaces/{}/process", id.text()));
  };
  const auto text = [&session](Node one) { return process_text(session, one); };
  co_return co_await session.watched(given, look, text);
}

io::Task<int> list_runtimes(Session& session, const Given&) {
  const json::Document found = co_await session.platform().get("/runtimes");
  session.show(found.root(), [&session](Node all) { return offers_text(session, all); });
  co_return 0;
}

}  // namespace molecule::cli
