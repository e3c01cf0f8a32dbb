// `molecule events`: what happened, newest last, and what happens.
#include <algorithm>
#include <array>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/find.h"
#include "cli/names_of.h"
#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/times.h"
#include "cli/workspaces.h"
#include "client/follow.h"
#include "wire/api/past_events.h"

namespace molecule::cli {
namespace {

using json::Node;
using EventRecord = client::Record<api::PastEvent>;

constexpr long long page_max = 500;
constexpr long long missed_max = 200;  // Events that are told after a gap, the newest of it.
constexpr std::size_t detail_max = 300;

// As many of the newest as are wanted (0: all), newest first.
io::Task<json::Document> newest(Session& session, std::string path, long long wanted) {
  std::string kept;
  long long count = 0;
  std::string before;
  for (;;) {
    const long long page = wanted == 0 ? page_max : std::min(page_max, wanted - count);
    const json::Document found = co_await session.platform().get(
        fmt::format("{}?limit={}{}", path, page, before.empty() ? "" : "&before=" + before));
    const auto rows = client::records<api::PastEvent>(found.root());
    for (const EventRecord& each : rows) {
      kept += (kept.empty() ? "" : ",") + each.node().text();
      before = each.text("seq");
    }
    count += static_cast<long long>(rows.size());
    if (rows.empty() || (wanted != 0 && count >= wanted)) break;
  }
  json::Limits limits;
  limits.bytes = kept.size() + 16;
  limits.members = 40'000'000;
  limits.nul = json::Nul::kept;
  co_return json::Document::parse("[" + kept + "]", limits);
}

std::string detail_of(Node payload) {
  std::string text = payload.is(json::Type::null) ? std::string() : client::told(payload);
  if (text == "{}") text.clear();
  return json::storable(text, detail_max);
}

std::string list_text(const Session& session, const Names& names, Node list) {
  Table table({{"TIME", 0, 9}, {"EVENT", 12, 9}, {"WORKSPACE", 8, 8}, {"DETAIL", 10, 3}});
  auto rows = client::records<api::PastEvent>(list);
  std::ranges::reverse(rows);
  for (const EventRecord& each : rows)
    table.add({time_text(each.text("created_at")), each.text("event_type"),
               names.of(each.text("workspace_id")), detail_of(each.node("payload"))});
  if (table.empty()) session.say("Nothing happened yet.");
  return table.empty() ? std::string() : table.text(session.screen());
}

// One line of what just happened.
std::string line_of(const Session& session, const Names& names, const client::Event& event) {
  const Screen& screen = session.screen();
  std::string payload = event.payload.text == "{}" ? std::string() : event.payload.text;
  const std::string who = event.workspace.nil() ? "" : names.of(event.workspace.text());
  std::string line = screen.line(fmt::format("{}  {:<24}  {}  {}", time_text(event.at.text()),
                                             event.type, who, json::storable(payload, detail_max)));
  while (line.ends_with(' ')) line.pop_back();
  if (screen.columns) line = text::fitted(line, *screen.columns, text::Cut::end, screen.drawn);
  return line + "\n";
}

std::string data_of(const Session& session, const client::Event& event) {
  json::Object told;
  told.add("event_type", event.type);
  if (event.workspace.nil()) {
    told.add("workspace_id", RawJson("null"));
  } else {
    told.add("workspace_id", event.workspace);
  }
  told.add("payload", event.payload).add("created_at", event.at).add("seq", event.seq);
  const json::Document document = json::Document::parse(told.text(), {.nul = json::Nul::kept});
  return session.streamed(document.root());
}

// The newest of what was shown already.
struct Shown {
  std::int64_t seq = 0;
  Instant at;

  void take(std::int64_t one, Instant when) {
    if (one <= seq) return;
    seq = one;
    at = when;
  }
};

// Whether what stands there now is numbered anew, as that of another platform or of empty data is.
io::Task<bool> began_anew(Session& session, Shown shown, std::int64_t newest_now) {
  if (shown.seq == 0) co_return false;
  if (newest_now < shown.seq) co_return true;
  const json::Document page =
      co_await session.platform().get(fmt::format("/events?limit=1&before={}", shown.seq + 1));
  const auto rows = client::records<api::PastEvent>(page.root());
  if (rows.empty() || rows[0].number("seq") != static_cast<double>(shown.seq)) co_return false;
  co_return Instant::parse(rows[0].text("created_at")) != shown.at;
}

io::Task<int> follow(Session& session, Names names, std::optional<WorkspaceId> only, Shown shown) {
  client::Operator& platform = session.platform();
  client::Follower* follower = nullptr;
  bool was_away = false;
  client::Follower::Ears ears;
  ears.snapshot = [&]() -> io::Task<std::int64_t> {
    // What happened in between is told; after a gap the newest of it.
    const json::Document page = co_await newest(session, "/events", missed_max);
    auto rows = client::records<api::PastEvent>(page.root());
    const auto newest_now =
        rows.empty() ? 0 : static_cast<std::int64_t>(rows[0].number("seq").value_or(0));
    const bool anew = co_await began_anew(session, shown, newest_now);
    if (anew) {
      session.say("the platform counts its events anew: it has other data than before");
      shown = {};
    }
    std::ranges::reverse(rows);
    for (const EventRecord& each : rows) {
      const auto seq = static_cast<std::int64_t>(each.number("seq").value_or(0));
      const auto workspace = WorkspaceId::parse(each.text("workspace_id"));
      const Instant at = Instant::parse(each.text("created_at")).value_or(Instant());
      if (seq > shown.seq && (!only || workspace == only)) {
        client::Event event;
        event.type = each.text("event_type");
        event.workspace = workspace.value_or(WorkspaceId());
        event.at = at;
        event.payload = RawJson(each.node("payload").text());
        event.seq = seq;
        session.print(session.is_table() ? line_of(session, names, event)
                                         : data_of(session, event));
      }
      shown.take(seq, at);
    }
    co_return shown.seq;
  };
  ears.event = [&](const client::Event& event) {
    if (!event.transient) shown.take(event.seq, event.at);
    if (only && event.workspace != *only) return;
    session.print(session.is_table() ? line_of(session, names, event) : data_of(session, event));
  };
  ears.link = [&](client::Link link, const std::string& trouble) {
    if (link == client::Link::away) {
      session.say(trouble + "; waiting for it");
      was_away = true;
    }
    // Its numbers tell of what came back only where they are the same ones.
    if (link == client::Link::live && std::exchange(was_away, false)) follower->refresh();
    // Nobody gives this verb another token.
    if (link == client::Link::refused) throw Fault(Kind::unauthenticated, "refused", trouble);
  };
  client::Follower following(platform.platform(), platform.credential(), std::move(ears),
                             session.random());
  follower = &following;
  co_await following.run();
  co_return 0;
}

io::Task<int> list(Session& session, const Given& given) {
  std::string path = "/events";
  std::optional<WorkspaceId> only;
  if (given.has("workspace")) {
    only = co_await find_workspace(session, given.text("workspace"));
    path += "/" + only->text();
  }
  const json::Document found =
      co_await newest(session, std::move(path), given.number("limit").value_or(50));
  Names names;
  if (session.is_table()) names = co_await names_of(session);
  if (given.has("watch") && !session.is_table()) {
    for (std::size_t i = found.root().size(); i > 0; --i)
      session.print(session.streamed(found.root().at(i - 1)));
  } else {
    session.show(found.root(), [&](Node all) { return list_text(session, names, all); });
  }
  if (!given.has("watch")) co_return 0;
  Shown shown;
  for (const EventRecord& each : client::records<api::PastEvent>(found.root()))
    shown.take(static_cast<std::int64_t>(each.number("seq").value_or(0)),
               Instant::parse(each.text("created_at")).value_or(Instant()));
  co_return co_await follow(session, std::move(names), only, shown);
}

constexpr std::array takes{Option{.name = "-w,--workspace",
                                  .shape = "WORKSPACE",
                                  .help = "Of this one alone",
                                  .names = Option::Names::workspaces},
                           Option{.name = "-l,--limit",
                                  .shape = "N",
                                  .help = "The newest so many; 0: all that are kept (default 50)",
                                  .form = Option::Form::number,
                                  .most = 10'000'000}};

}  // namespace

constinit const Verb events_verb{
    .name = "events",
    .does = "What happened on the platform, and with --watch what happens",
    .takes = takes,
    .run = list,
    .footer =
        "The newest stands last; times are UTC. With --watch and -o json each event is a line.\n\n"
        "Examples:\n"
        "  molecule events --watch\n"
        "  molecule events -w researcher -l 20 -o json",
    .watches = true};

}  // namespace molecule::cli
