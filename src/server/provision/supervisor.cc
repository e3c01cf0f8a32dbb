#include "server/provision/supervisor.h"

#include <algorithm>
#include <utility>

#include "platform/log/log.h"
#include "server/provision/last_words.h"
#include "server/provision/whole_lines.h"

namespace molecule::provision {
namespace {

using namespace std::chrono_literals;
using workspaces::Trigger;

constexpr auto look_every = 250ms;
constexpr auto end_step = 20ms;
constexpr int status_stopped = 0;
constexpr int status_wrong_configuration = 2;

}  // namespace

Order order_of(const workspaces::Row& workspace, const store::Row& row) {
  Order order;
  order.id = workspace.id;
  order.name = workspace.name;
  order.role = workspace.role;
  order.runtime = workspace.runtime;
  order.model = workspace.model;
  order.command = row.command;
  order.tier = workspace.tier;
  if (workspace.workspace_access != workspaces::Access::none) {
    order.shared = workspace.workspace_dir;
    order.shared_writable = workspace.workspace_access == workspaces::Access::read_write;
  }
  return order;
}

Probe::Probe(metrics::Registry& registry)
    : running(registry.gauge("molecule_agents_running", "Agents that this machine runs.")),
      started(registry.counter("molecule_agents_started_total", "Agents that were started.")),
      crashed(registry.counter("molecule_agents_crashed_total",
                               "Agents that ended without being asked to.")) {}

Supervisor::Supervisor(const Parts& parts, io::Loop& loop, metrics::Registry& registry,
                       Patience patience)
    : parts_(parts), loop_(loop), patience_(patience), probe_(registry) {}

void Supervisor::look(WorkspaceId id) {
  loop_.post([this, id] {
    auto& agent = agents_[id];
    if (!agent) agent = std::make_unique<Agent>();
    agent->looked = true;
    woken_.notify();
  });
}

std::optional<Supervisor::Known> Supervisor::known(WorkspaceId id) const {
  return known_.read([&](const auto& all) -> std::optional<Known> {
    const auto found = all.find(id);
    if (found == all.end()) return std::nullopt;
    return found->second;
  });
}

void Supervisor::tell(WorkspaceId id, const Agent& agent, api::ProcessState state) {
  const auto since = [&](std::chrono::nanoseconds at) {
    return parts_.clock.now() +
           std::chrono::duration_cast<std::chrono::microseconds>(at - parts_.clock.monotonic());
  };
  Known now;
  now.state = state;
  if (agent.running) {
    now.pid = agent.running->pid();
    now.started_at = since(agent.started);
  }
  now.crashes = agent.crashes;
  now.reason = agent.reason;
  if (state == api::ProcessState::waiting) now.next_at = since(agent.next);
  known_.write([&](auto& all) { all[id] = std::move(now); });
  std::int64_t running = 0;
  for (const auto& [other, each] : agents_) running += each->running ? 1 : 0;
  probe_.running.set(running);
}

io::Task<void> Supervisor::load() {
  auto look_up = [this](sql::Read& read) { return read.all(store::of_machine, machine_); };
  const auto ours = co_await parts_.db.read(look_up);
  for (WorkspaceId id : ours) {
    auto& agent = agents_[id];
    if (!agent) agent = std::make_unique<Agent>();
    const auto look = [this, id] { return driver_->find(id); };
    agent->running = co_await hands_.run(look);
    if (!agent->running) continue;
    agent->started = parts_.clock.monotonic();
    agent->joined = !is_awaited(id);
    log::info("agent taken over", log::field("workspace", id),
              log::field("pid", agent->running->pid()));
  }
  const auto here = co_await hands_.run([this] { return driver_->all_here(); });
  for (WorkspaceId id : here) {
    if (agents_.contains(id)) continue;
    const auto look = [this, id] { return driver_->find(id); };
    const auto stray = co_await hands_.run(look);
    if (!stray) continue;
    // Its files stay: the store may be one from before it was made.
    log::warn("agent of no workspace is ended, its files are left",
              log::field("directory", driver_->directory(id)));
    stray->kill();
  }
}

io::Task<void> Supervisor::run(io::Scope& scope, Driver& driver, std::string machine, Words words,
                               WhyNot why_not) {
  driver_ = &driver;
  machine_ = std::move(machine);
  words_ = std::move(words);
  why_not_ = std::move(why_not);
  co_await load();
  for (;;) {
    for (auto& [id, agent] : agents_) {
      if (agent->busy || !is_due(id, *agent)) continue;
      agent->busy = true;
      scope.spawn("agent", act(id));
    }
    co_await woken_.wait(look_every);
  }
}

bool Supervisor::is_awaited(WorkspaceId id) const {
  const auto brief = parts_.table.directory().brief(id);
  return brief && brief->status == workspaces::Status::provisioning;
}

bool Supervisor::is_due(WorkspaceId id, const Agent& agent) const {
  if (agent.looked) return true;
  if (agent.left) return parts_.clock.monotonic() >= agent.next;
  if (agent.running) {
    if (agent.running->ended()) return true;
    if (agent.joined) return false;
    return !is_awaited(id) || parts_.clock.monotonic() - agent.started >= patience_.to_join;
  }
  return agent.wanted == Wish::running && !agent.settled && parts_.clock.monotonic() >= agent.next;
}

io::Task<void> Supervisor::act(WorkspaceId id) {
  Agent& agent = *agents_.at(id);
  std::string failure;
  try {
    co_await attend(id, agent);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    failure = fault.text();
  }
  if (!failure.empty()) {
    // The store was away, or the disk is full: tried again soon.
    log::error("agent not attended to", log::field("workspace", id), log::field("error", failure));
    agent.next = parts_.clock.monotonic() + patience_.first;
    agent.looked = false;
    co_await io::sleep(patience_.first);
    agent.looked = true;
  }
  agent.busy = false;
  if (agent.wanted == Wish::gone && !agent.looked && !agent.left) {
    known_.write([&](auto& all) { all.erase(id); });
    agents_.erase(id);
  }
  woken_.notify();
}

io::Task<void> Supervisor::attend(WorkspaceId id, Agent& agent) {
  const bool told = std::exchange(agent.looked, false);
  auto find = [id](sql::Read& read) { return read.optional(store::find, id); };
  const std::optional<store::Row> row = co_await parts_.db.read(find);
  // One that is another machine's is nothing to this one.
  if (!row || row->machine != machine_) {
    agent.wanted = Wish::gone;
    if (agent.running) co_await end(id, agent);
    co_return;
  }
  agent.wanted = row->wanted;
  const bool anew = row->round != row->started_round;
  if (told) agent.settled = false;
  if (row->wanted == Wish::gone) {
    co_await end(id, agent);
    const auto erase = [this, id] { return driver_->erase(id); };
    const auto began = parts_.clock.monotonic();
    const bool erased = co_await removers_.run(erase);
    if (!erased) {
      put_off_removal(id, agent, parts_.clock.monotonic() - began);
      co_return;
    }
    agent.left = false;
    auto forget = [id](sql::Tx& tx) { tx.run(store::erase, id); };
    co_await parts_.db.write(forget);
    log::info("agent removed", log::field("workspace", id));
    co_return;
  }
  if (row->wanted == Wish::stopped) {
    co_await end(id, agent);
    if (row->token_id) {
      auto revoke = [this, id, token = *row->token_id](sql::Tx& tx) {
        parts_.tokens.revoke(tx, id, token);
      };
      co_await parts_.db.write(revoke);
    }
    agent.settled = true;
    agent.crashes = 0;
    agent.reason.clear();
    tell(id, agent, api::ProcessState::stopped);
    co_return;
  }
  if (agent.running && agent.running->ended() && !anew) {
    co_await conclude(id, agent);
    co_return;
  }
  if (anew) {
    co_await end(id, agent);
    agent.crashes = 0;
    agent.next = parts_.clock.monotonic();
    agent.reason.clear();
  }
  if (!agent.running && parts_.clock.monotonic() >= agent.next) {
    co_await start(id, agent, *row);
  } else if (agent.running && !agent.joined) {
    co_await watch_joining(id, agent);
  } else if (agent.running) {
    tell(id, agent, api::ProcessState::running);
  }
}

void Supervisor::put_off_removal(WorkspaceId id, Agent& agent, std::chrono::nanoseconds took) {
  agent.left = true;
  // Whoever used up a turn has come further.
  if (took >= Driver::erase_turn) {
    agent.removals = 0;
    agent.next = parts_.clock.monotonic();
    return;
  }
  if (agent.removals++ == 0) {
    log::error("agent cannot be removed, tried again", log::field("workspace", id),
               log::field("directory", driver_->directory(id)));
  }
  const auto doubled = patience_.first * (1LL << std::min<std::int64_t>(agent.removals - 1, 20));
  agent.next =
      parts_.clock.monotonic() + std::min<std::chrono::seconds>(doubled, patience_.longest);
}

io::Task<void> Supervisor::start(WorkspaceId id, Agent& agent, const store::Row& row) {
  tell(id, agent, api::ProcessState::starting);
  auto prepare = [this, id, &row, reason = agent.reason](sql::Tx& tx) {
    const workspaces::Row workspace = parts_.table.live(tx, id);
    if (row.token_id) parts_.tokens.revoke(tx, id, *row.token_id);
    auto options = auth::TokenOptions::by("platform");
    options.label = "agent on " + row.machine_name;
    options.label->resize(std::min(options.label->size(), auth::Tokens::label_max));
    auth::MintedToken minted = parts_.tokens.mint(tx, id, options);
    tx.run(store::started, id, row.round, minted.id);
    parts_.table.start(tx, workspace, Trigger::starting, reason);
    Order order = order_of(workspace, row);
    order.token = std::move(minted.text);
    return order;
  };
  // What is missing on the machine is looked for again with each start that somebody asks for.
  std::string failure;
  auto ask = [this, id](sql::Read& read) { return parts_.table.live(read, id).runtime; };
  const std::string runtime = co_await parts_.db.read(ask);
  if (auto why = why_not_(runtime)) {
    auto taken_up = [id, round = row.round](sql::Tx& tx) { tx.run(store::taken_up, id, round); };
    co_await parts_.db.write(taken_up);
    co_await broke(id, agent, std::move(*why), false);
    co_return;
  }
  const Order order = co_await parts_.db.write(prepare);
  try {
    agent.running = co_await hands_.run([&] { return driver_->start(order); });
  } catch (const Fault& fault) {
    failure = fault.text();
  }
  if (!failure.empty()) {
    co_await broke(id, agent, std::move(failure), true);
    co_return;
  }
  agent.started = parts_.clock.monotonic();
  agent.joined = false;
  probe_.started.add();
  log::info("agent started", log::field("workspace", id), log::field("runtime", order.runtime),
            log::field("pid", agent.running->pid()));
  tell(id, agent, api::ProcessState::running);
}

io::Task<void> Supervisor::end(WorkspaceId id, Agent& agent) {
  if (!agent.running) co_return;
  tell(id, agent, api::ProcessState::stopping);
  agent.running->stop();
  const auto until = parts_.clock.monotonic() + patience_.to_end;
  bool killed = false;
  while (!agent.running->ended()) {
    if (!killed && parts_.clock.monotonic() > until) {
      agent.running->kill();
      killed = true;
    }
    co_await io::sleep(end_step);
  }
  agent.running.reset();
}

io::Task<void> Supervisor::conclude(WorkspaceId id, Agent& agent) {
  const auto ran = parts_.clock.monotonic() - agent.started;
  agent.running.reset();
  // Another keeper was before ours on this directory: one that a platform before us had just begun.
  const auto look = [this, id] { return driver_->find(id); };
  agent.running = co_await hands_.run(look);
  if (agent.running) {
    tell(id, agent, api::ProcessState::running);
    co_return;
  }
  const auto look_how = [this, id] { return driver_->how_it_ended(id); };
  const auto how = co_await hands_.run(look_how);
  if (how && how->asked) {
    // Not by us: whoever operates the machine ended it, or it outlived a platform.
    agent.next = parts_.clock.monotonic();
    agent.looked = true;
    co_return;
  }
  if (ran >= patience_.settled) agent.crashes = 0;
  std::string said = co_await last_words(id);
  if (!how) {
    co_await broke(id, agent, "it was killed, and so was who kept it", true);
  } else if (!how->reason.empty()) {
    // It could not be started, or took more than it may: the same again would end the same.
    const bool may_pass = how->status != 127 && how->reason.find("disk") == std::string::npos;
    co_await broke(id, agent, how->reason, may_pass);
  } else if (how->status == status_stopped) {
    agent.settled = true;
    agent.reason = "it ended by itself";
    auto move = [this, id](sql::Tx& tx) { parts_.table.move(tx, id, Trigger::ended); };
    co_await parts_.db.write(move);
    tell(id, agent, api::ProcessState::ended);
  } else if (how->status == status_wrong_configuration) {
    co_await broke(id, agent, "its configuration is wrong: " + said, false);
  } else {
    const std::string status = how->status > 128 ? fmt::format("signal {}", how->status - 128)
                                                 : fmt::format("status {}", how->status);
    co_await broke(id, agent,
                   fmt::format("it ended with {}{}{}", status, said.empty() ? "" : ": ", said),
                   true);
  }
}

io::Task<void> Supervisor::broke(WorkspaceId id, Agent& agent, std::string reason, bool again) {
  ++agent.crashes;
  probe_.crashed.add();
  agent.settled = !again;
  agent.reason = std::move(reason);
  const auto doubled = patience_.first * (1LL << std::min<std::int64_t>(agent.crashes - 1, 20));
  const auto wait = std::min<std::chrono::seconds>(doubled, patience_.longest);
  agent.next = parts_.clock.monotonic() + wait;
  const bool failed = !again || agent.crashes >= patience_.crashes_told;
  std::string told = agent.reason;
  if (again && failed)
    told = fmt::format("{} ({} times in a row; tried again every {} s)", told, agent.crashes,
                       wait.count());
  auto move = [this, id, failed, told](sql::Tx& tx) {
    const auto row = parts_.table.find(tx, id);
    if (!row || row->status == workspaces::Status::removed) return;
    if (failed) {
      parts_.table.fail(tx, id, told, Trigger::broken);
    } else {
      parts_.table.start(tx, *row, Trigger::starting, told);
    }
  };
  co_await parts_.db.write(move);
  log::warn("agent ended", log::field("workspace", id), log::field("crashes", agent.crashes),
            log::field("reason", agent.reason));
  tell(id, agent, again ? api::ProcessState::waiting : api::ProcessState::ended);
}

io::Task<void> Supervisor::watch_joining(WorkspaceId id, Agent& agent) {
  const bool waits = is_awaited(id);
  agent.joined = true;
  if (!waits) {
    agent.reason.clear();
    tell(id, agent, api::ProcessState::running);
    co_return;
  }
  const std::string said = co_await last_words(id);
  agent.reason = fmt::format("it runs, but has not registered within {} s{}{}",
                             patience_.to_join.count(), said.empty() ? "" : ": ", said);
  auto move = [this, id, reason = agent.reason](sql::Tx& tx) {
    parts_.table.fail(tx, id, reason, Trigger::broken);
  };
  co_await parts_.db.write(move);
  tell(id, agent, api::ProcessState::running);
}

io::Task<std::string> Supervisor::last_words(WorkspaceId id) {
  const auto look = [this, id] { return driver_->last_lines(id, LastWords::looked_at); };
  auto piece = co_await hands_.run(look);
  const std::uint64_t begin = piece.begin;
  piece = whole_lines(std::move(piece), begin);
  std::string said = co_await words_(id, piece.text);
  co_return LastWords::of(said);
}

}  // namespace molecule::provision
