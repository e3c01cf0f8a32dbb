#include "server/provision/provision_service.h"

#include <algorithm>
#include <utility>

#include "platform/files/files.h"
#include "platform/log/redaction.h"
#include "platform/process/child.h"
#include "platform/text/terminal.h"
#include "server/provision/machine.h"
#include "server/provision/whole_lines.h"
#include "wire/runtimes/runtimes.h"

namespace molecule::provision {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t tail_default = 200;
constexpr std::int64_t tail_max = 5000;
constexpr std::int64_t wait_max = 60;
constexpr auto look_every = 200ms;
constexpr std::size_t hidden_least = 6;  // A shorter secret hides more of a text than it protects.
constexpr std::size_t hidden_line_least = 12;  // Of a secret of several lines, one by itself.
constexpr std::string_view redacted = "[redacted]";

constexpr auto table = http::table(
    http::get<auth::Operator, &Service::runtimes>("/runtimes")
        .says("The runtimes whose agents this platform starts, and what each needs."),
    http::get<auth::Operator, &Service::process>("/workspaces/{id}/process")
        .says("The agent that was started for a workspace: how it stands, what holds it in.")
        .refuses("workspace_not_found", "agent_not_here"),
    http::get<auth::Operator, &Service::logs>("/workspaces/{id}/logs")
        .says("What the agent that was started for a workspace says, the last `tail` lines or what "
              "follows `since`; `wait` waits for more.")
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "bad_query",
                 "invalid_wait"),
    http::get<auth::Admin, &Service::terminal>("/workspaces/{id}/terminal")
        .says("A shell in the room of the agent that was started for a workspace, over a "
              "WebSocket: bytes as binary messages, words as texts.")
        .gives(101, "")
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "bad_query",
                 "provisioner_unavailable", "terminal_unavailable", "too_many_terminals",
                 "upgrade_required"));

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string without_credentials(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const log::Redaction found = log::credential_at(text, at);
    if (found.hide == 0) {
      out += text[at++];
      continue;
    }
    out += text.substr(at, found.keep);
    out += redacted;
    at += found.keep + found.hide;
  }
  return out;
}

// With one line more, which tells whether the first goes on with it.
sandbox::LogPiece last_whole_lines(Driver& driver, WorkspaceId id, std::int64_t tail) {
  sandbox::LogPiece piece = driver.last_lines(id, static_cast<std::size_t>(tail) + 1);
  const bool more = std::ranges::count(piece.text, '\n') > tail;
  const std::uint64_t since = piece.begin + (more ? piece.text.find('\n') + 1 : 0);
  return whole_lines(std::move(piece), since);
}

// The bytes of an agent are any bytes; an answer is UTF-8.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    lines.push_back(text::on_one_line(line));
  }
  return lines;
}

}  // namespace

const std::span<const http::Route> routes = table;

Fault not_here() {
  return {Kind::not_found, "agent_not_here",
          "this platform has started no agent for this workspace"};
}

Fault elsewhere(const store::Row& row) {
  return conflict("agent_elsewhere",
                  fmt::format("the agent belongs to the machine {}; the platform there has it",
                              row.machine_name));
}

Service::Service(const Parts& parts, io::Loop& loop, metrics::Registry& registry, Settings settings)
    : parts_(parts),
      settings_(std::move(settings)),
      machine_name_(machine_name()),
      terminals_(settings_.terminals, registry),
      supervisor_({parts.db, parts.table, parts.tokens, parts.clock}, loop, registry) {
  // What an engine offers is told by each agent.
  if (on() && !settings_.container) offered_ = sandbox::offered();
  files::make_private_directory(settings_.directory);
  machine_ = machine_of(settings_.directory, parts_.random);
}

io::Task<void> Service::run(io::Scope& scope, std::string platform_url, std::uint16_t port) {
  settings_.process.platform_url = std::move(platform_url);
  settings_.process.platform_port = port;
  settings_.process.directory = settings_.directory;
  settings_.process.tier_max = static_cast<int>(settings_.tier_max);
  if (settings_.container) {
    driver_ = std::make_unique<ContainerDriver>(*settings_.container, settings_.process, machine_);
  } else {
    driver_ = std::make_unique<ProcessDriver>(settings_.process);
  }
  co_await supervisor_.run(
      scope, *driver_, machine_,
      [this](WorkspaceId id, std::string text) { return shown(id, std::move(text)); },
      [this](std::string_view runtime) { return why_not(runtime); });
}

std::optional<std::string> Service::why_not(std::string_view name) const {
  if (!on()) return settings_.why_off;
  const runtimes::Runtime* runtime = runtimes::find(name);
  if (!runtime)
    return fmt::format("there is no runtime {}; there are {}, and external", name,
                       runtimes::names());
  if (!settings_.process.program.empty()) return std::nullopt;
  if (!runtime->there)
    return fmt::format("this version starts no {} yet; it starts {}", runtime->title,
                       runtimes::names_there());
  // What a container has is its image's.
  if (settings_.container) return std::nullopt;
  if (!runtime->program.empty() && process::found(runtime->program, settings_.process.path).empty())
    return fmt::format("{} is not on this machine. Install it: {}", runtime->program,
                       runtime->install);
  return std::nullopt;
}

void Service::check(const workspaces::NewWorkspace& wanted) const {
  if (!on()) return;
  const runtimes::Runtime* runtime = runtimes::find(wanted.runtime);
  if (!runtime) throw bad_request("runtime_unknown", *why_not(wanted.runtime));
  const bool takes_command = runtime->executor == runtimes::Executor::exec;
  if (takes_command && wanted.command.empty())
    throw bad_request("command_required",
                      "command is required: the line that a shell runs for each message");
  require_allowed(wanted.tier);
}

void Service::require_allowed(std::int64_t tier) const {
  if (tier > settings_.tier_max)
    throw bad_request("tier_not_allowed",
                      fmt::format("tier {} is not allowed on this machine; `agents-tier-max` is {}",
                                  tier, settings_.tier_max));
}

void Service::check_change(sql::Tx& tx, const workspaces::Row& row, std::string_view runtime,
                           std::int64_t tier) {
  if (!has(tx, row.id)) return;
  if (tier != row.tier) require_allowed(tier);
  if (runtime == row.runtime) return;
  if (workspaces::joins_by_itself(runtime))
    throw conflict(
        "agent_runs_here",
        "the platform has started this workspace's agent; delete the workspace, and make one "
        "whose agent joins by itself");
  if (!runtimes::find(runtime)) throw bad_request("runtime_unknown", *why_not(runtime));
}

void Service::look_after(sql::Tx& tx, WorkspaceId id) {
  tx.after_commit([this, id] { supervisor_.look(id); });
}

void Service::made(sql::Tx& tx, const workspaces::Row& row, std::string_view command) {
  tx.run(store::add, row.id, machine_, machine_name_, driver_name(), command, row.created_at);
  look_after(tx, row.id);
}

bool Service::has(sql::Tx& tx, WorkspaceId id) {
  const auto row = tx.optional(store::find, id);
  return row && row->wanted != Wish::gone;
}

void Service::pause(sql::Tx& tx, WorkspaceId id) {
  tx.run(store::pause, id);
  look_after(tx, id);
  tx.after_commit([this, id] { terminals_.end(id, "the workspace was paused"); });
}

void Service::start(sql::Tx& tx, WorkspaceId id) {
  const auto row = tx.optional(store::find, id);
  if (row && row->machine != machine_) throw elsewhere(*row);
  if (!on()) throw Fault(Kind::unavailable, "provisioner_unavailable", settings_.why_off);
  tx.run(store::start, id);
  look_after(tx, id);
}

void Service::removed(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  for (WorkspaceId id : ids) {
    if (tx.run(store::leave, id) == 0) continue;
    // Before what it may still write to is removed.
    tx.after_commit([this, id] { terminals_.end(id, "the workspace was removed"); });
    look_after(tx, id);
  }
}

io::Task<api::RuntimeOffers> Service::runtimes(auth::Operator::Caller) {
  api::RuntimeOffers offers;
  offers.agents = on();
  if (!on()) offers.why_not = settings_.why_off;
  offers.machine = machine_name_;
  offers.driver = driver_name();
  offers.tier_max = settings_.tier_max;
  offers.isolation = {offered_.applied, offered_.missing};
  for (const runtimes::Runtime& each : runtimes::all()) {
    api::RuntimeOffer offer;
    offer.id = each.id;
    offer.title = each.title;
    offer.does = each.does;
    for (const std::string_view key : each.keys) offer.keys.emplace_back(key);
    offer.program = each.program;
    offer.install = each.install;
    offer.takes_command = each.executor == runtimes::Executor::exec;
    if (!each.program.empty()) {
      const std::string path = process::found(each.program, settings_.process.path);
      if (!path.empty()) offer.program_path = path;
    }
    const auto reason = why_not(each.id);
    offer.startable = !reason;
    if (reason) offer.why_not = *reason;
    offers.runtimes.push_back(std::move(offer));
  }
  co_return offers;
}

io::Task<store::Row> Service::require_here(WorkspaceId id) {
  auto look = [this, id](sql::Read& read) {
    parts_.table.live(read, id);
    return read.optional(store::find, id);
  };
  const auto row = co_await parts_.db.read(look);
  if (!row) throw not_here();
  co_return *row;
}

io::Task<api::AgentProcess> Service::process(auth::Operator::Caller, WorkspaceId id) {
  const store::Row row = co_await require_here(id);
  api::AgentProcess shown_now;
  shown_now.workspace_id = id;
  shown_now.machine = row.machine_name;
  shown_now.driver = row.driver;
  if (const auto entry = parts_.directory.find(id)) {
    shown_now.runtime = entry->runtime;
    shown_now.tier = entry->tier;
  }
  if (row.machine != machine_ || !driver_) {
    shown_now.state = api::ProcessState::elsewhere;
    co_return shown_now;
  }
  const auto measure = [this, id] { return driver_->measures(id); };
  const sandbox::Measures measures = co_await supervisor_.aside(measure);
  shown_now.isolation = {measures.applied, measures.missing};
  shown_now.directory = driver_->directory(id);
  if (const auto known = supervisor_.known(id)) {
    shown_now.state = known->state;
    if (known->pid != 0) shown_now.pid = known->pid;
    if (known->started_at) shown_now.started_at = *known->started_at;
    shown_now.crashes = known->crashes;
    if (!known->reason.empty()) shown_now.reason = known->reason;
    if (known->next_at) {
      const auto left =
          std::chrono::ceil<std::chrono::seconds>(*known->next_at - parts_.clock.now());
      shown_now.next_start_seconds = std::max<std::int64_t>(left.count(), 0);
    }
  }
  co_return shown_now;
}

io::Task<api::AgentLog> Service::logs(auth::Operator::Caller, WorkspaceId id,
                                      http::Query<LogQuery> query) {
  const std::int64_t tail = query.value.tail.value_or(tail_default);
  if (tail < 0 || tail > tail_max)
    throw bad_request("bad_query", fmt::format("tail is from 0 to {}", tail_max));
  if (query.value.since.value_or(0) < 0) throw bad_request("bad_query", "since is not negative");
  const auto patience = query.value.wait.patience(wait_max);
  const store::Row row = co_await require_here(id);
  if (row.machine != machine_ || !driver_) throw elsewhere(row);
  sandbox::LogPiece piece;
  if (query.value.since) {
    const auto since = static_cast<std::uint64_t>(*query.value.since);
    const auto until = parts_.clock.monotonic() + patience;
    const auto look = [this, id, since] {
      return driver_->lines_from(id, since - std::min(since, line_before));
    };
    for (;;) {
      piece = whole_lines(co_await supervisor_.aside(look), since);
      if (piece.end != since || piece.lost || parts_.clock.monotonic() >= until) break;
      co_await io::sleep(look_every);
    }
  } else {
    const auto look = [this, id, tail] { return last_whole_lines(*driver_, id, tail); };
    piece = co_await supervisor_.aside(look);
  }
  const std::string text = co_await shown(id, std::move(piece.text));
  api::AgentLog answer;
  answer.lines = lines_of(text);
  answer.next = static_cast<std::int64_t>(piece.end);
  answer.lost = piece.lost;
  co_return answer;
}

io::Task<Premises> Service::premises(WorkspaceId id) {
  const store::Row row = co_await require_here(id);
  if (row.machine != machine_ || !driver_) throw elsewhere(row);
  const auto entry = parts_.directory.find(id);
  co_return driver_->premises(id, entry ? static_cast<int>(entry->tier) : 3);
}

Service::Standing Service::standing(WorkspaceId id) const {
  Standing now;
  if (const auto known = supervisor_.known(id)) {
    now.running =
        known->state == api::ProcessState::running || known->state == api::ProcessState::starting;
    now.reason = known->reason;
  }
  if (const auto entry = parts_.directory.find(id)) now.card = entry->agent_card;
  return now;
}

io::Task<std::string> Service::shown(WorkspaceId id, std::string text) {
  if (text.empty()) co_return text;
  const secrets::Service::Values known = co_await parts_.secrets.known_to(id);
  for (const auto& [key, value] : known) {
    if (value.size() >= hidden_least) replace_all(text, value, redacted);
    // A log has a time before each line of one that has several.
    for (std::string_view rest = value; value.find('\n') != std::string::npos && !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.size() >= hidden_line_least) replace_all(text, line, redacted);
    }
  }
  co_return without_credentials(text);
}

}  // namespace molecule::provision
