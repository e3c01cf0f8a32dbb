// `molecule ws files`: what lies in the directories of an agent that the platform runs.
#include "cli/agent_files.h"

#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/find.h"
#include "cli/input.h"
#include "cli/table.h"
#include "cli/workspaces.h"
#include "client/record.h"
#include "client/refusal.h"
#include "platform/files/files.h"
#include "platform/json/answer.h"
#include "wire/api/agent_files.h"

namespace molecule::cli {
namespace {

using json::Node;

constexpr std::size_t file_max = 256u << 20;

AgentPath place_of(const std::string& named) {
  AgentPath place;
  if (!named.starts_with('/')) {
    place.path = named;
    return place;
  }
  const std::size_t slash = std::min(named.find('/', 1), named.size());
  place.root = named.substr(0, slash);
  place.path = named.substr(std::min(slash + 1, named.size()));
  return place;
}

std::string address_of(const WorkspaceId& id, std::string_view kind, const AgentPath& place) {
  std::string path;
  for (std::string_view rest = place.path; !rest.empty();) {
    const std::string_view step = rest.substr(0, rest.find('/'));
    path += "/" + client::escaped(step);
    rest.remove_prefix(std::min(rest.size(), step.size() + 1));
  }
  return fmt::format("/workspaces/{}/{}{}?root={}", id.text(), kind, path,
                     client::escaped(place.root));
}

AgentPath file_of(const Given& given) {
  AgentPath place = place_of(given.text("path"));
  if (place.path.empty() || place.path.ends_with('/'))
    throw bad_request(fmt::format("{} names no file", given.text("path")));
  return place;
}

io::Task<client::Answer> granted(Session& session, client::Ask what) {
  client::Answer answer = co_await session.platform().answer_to(std::move(what));
  if (!answer.ok()) throw client::refusal(answer);
  co_return answer;
}

std::string list_text(const Session& session, Node list) {
  Table table({{"PATH", 12}, {"SIZE", 0, 4, text::Cut::end, true}});
  for (const auto& each : client::records<api::AgentFile>(list)) {
    const std::string kind = each.text("kind");
    std::string name = each.text("address");
    if (name.empty()) name = each.text("path");
    if (kind == "directory") name += "/";
    table.add({name, kind == "file" ? each.text("size") : kind == "directory" ? "" : kind});
  }
  if (table.empty()) {
    session.note("There is nothing.");
    return {};
  }
  return table.text(session.screen());
}

}  // namespace

io::Task<json::Document> agent_directory(Session& session, WorkspaceId id, AgentPath at,
                                         long long depth) {
  std::string asked = fmt::format("/workspaces/{}/files?limit=5000&root={}&depth={}", id.text(),
                                  client::escaped(at.root), depth);
  while (at.path.ends_with('/')) at.path.pop_back();
  if (!at.path.empty()) asked += "&path=" + client::escaped(at.path);
  std::string all, cursor;
  do {
    client::Ask what;
    what.path = asked + (cursor.empty() ? "" : "&cursor=" + client::escaped(cursor));
    what.repeatable = true;
    const client::Answer answer = co_await granted(session, std::move(what));
    const json::Document page = json::parse_answer(answer.body);
    for (std::size_t i = 0; i < page.root().size(); ++i)
      all += (all.empty() ? "" : ",") + page.root().at(i).text();
    cursor = answer.header("X-Next-Cursor").value_or("");
  } while (!cursor.empty());
  all = "[" + all + "]";
  co_return json::parse_answer(all);
}

io::Task<int> list_files(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document whole = co_await agent_directory(session, id, place_of(given.text("path")),
                                                        given.number("depth").value_or(1));
  session.show(whole.root(), [&](Node found) { return list_text(session, found); });
  co_return 0;
}

io::Task<std::string> agent_file(Session& session, WorkspaceId id, AgentPath at) {
  client::Ask what;
  what.path = address_of(id, "file-bytes", at);
  what.repeatable = true;
  what.answer_within = std::chrono::minutes(5);
  client::Answer answer = co_await granted(session, std::move(what));
  co_return std::move(answer.body);
}

io::Task<int> cat_file(Session& session, const Given& given) {
  const AgentPath place = file_of(given);
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const std::string bytes = co_await agent_file(session, id, place);
  const Screen& screen = session.screen();
  session.print(screen.is_terminal() ? screen.lines(bytes) + "\n" : bytes);
  co_return 0;
}

io::Task<int> get_file(Session& session, const Given& given) {
  const AgentPath place = file_of(given);
  std::string into = given.text("file");
  if (into.empty()) into = place.path.substr(place.path.rfind('/') + 1);
  if (into != "-" && std::filesystem::exists(into) && !given.has("force"))
    throw bad_request(fmt::format("{} is there already; --force replaces it", into));
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const std::string bytes = co_await agent_file(session, id, place);
  if (into == "-") {
    session.print(bytes);
    co_return 0;
  }
  files::write_private(into, bytes);
  session.say(fmt::format("{} bytes in {}", bytes.size(), into));
  co_return 0;
}

io::Task<json::Document> put_agent_file(Session& session, WorkspaceId id, AgentPath at,
                                        std::string bytes, bool only_new) {
  client::Ask what;
  what.method = http::Method::put;
  what.path = address_of(id, "file-bytes", at);
  what.content_type = "application/octet-stream";
  what.body = std::move(bytes);
  what.repeatable = true;
  what.answer_within = std::chrono::minutes(5);
  if (only_new) what.headers.emplace_back("If-None-Match", "*");
  const client::Answer answer = co_await granted(session, std::move(what));
  co_return json::parse_answer(answer.body);
}

io::Task<int> put_file(Session& session, const Given& given) {
  const std::string from = given.text("file");
  std::string named = given.text("path");
  const std::string base = from.substr(from.rfind('/') + 1);
  if (named.empty() || named.ends_with('/')) {
    if (from == "-") throw bad_request("what comes from standard input needs a path of a file");
    named += base;
  }
  AgentPath place = place_of(named);
  if (place.path.empty()) place.path = base;
  std::string bytes;
  if (from == "-") {
    bytes = standard_input();
  } else {
    auto read = files::read(from, file_max);
    if (!read) throw bad_request(fmt::format("there is no file {}", from));
    bytes = std::move(*read);
  }
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document saved =
      co_await put_agent_file(session, id, place, std::move(bytes), given.has("new"));
  session.show(saved.root(), [&](Node one) {
    const client::Record<api::AgentFileSaved> record(one);
    return session.screen().line(fmt::format("{} {}/{}.",
                                             record.flag("created") ? "Made" : "Replaced",
                                             place.root, record.text("path"))) +
           "\n";
  });
  co_return 0;
}

io::Task<int> remove_file(Session& session, const Given& given) {
  const AgentPath place = file_of(given);
  const Found it = co_await find_named(session, given.text("workspace"));
  const bool whole = given.has("recursive");
  session.confirm(given, fmt::format("Delete {}/{} of {}{}?", place.root, place.path, it.told(),
                                     whole ? ", with all in it" : ""));
  const json::Document done = co_await session.platform().del(address_of(it.id, "files", place) +
                                                              (whole ? "&recursive=true" : ""));
  session.show(done.root(), [&](Node) {
    return session.screen().line(fmt::format("Deleted {}/{}.", place.root, place.path)) + "\n";
  });
  co_return 0;
}

}  // namespace molecule::cli
