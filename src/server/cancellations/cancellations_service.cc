#include "server/cancellations/cancellations_service.h"

#include <algorithm>

#include "platform/log/log.h"
#include "platform/sql/insist.h"

namespace molecule::cancellations {
namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 1s;  // What nobody woke us for is found then.
// What is due, of one look; and looks, where an agent that has all its slots stands before others.
constexpr std::int64_t looked_at = 256;
constexpr std::int64_t looks_max = 16;

}  // namespace

Probe::Probe(metrics::Registry& registry)
    : stopped(registry.counter("molecule_cancellations_stopped_total",
                               "Messages canceled with the one they were part of.")),
      told(registry.counter("molecule_cancellations_told_total",
                            "Agents told to stop what was canceled.")),
      given_up(registry.counter("molecule_cancellations_given_up_total",
                                "Agents that could not be told to stop.")) {}

Service::Service(sql::Database& db, Cancellations& cancellations, messages::Ledger& ledger,
                 const tasks::Tasks& tasks, proxy::Service& proxy, const io::Clock& clock,
                 io::Loop& loop, metrics::Registry& registry, Settings settings)
    : db_(db),
      cancellations_(cancellations),
      ledger_(ledger),
      tasks_(tasks),
      proxy_(proxy),
      clock_(clock),
      settings_(settings),
      probe_(registry) {
  cancellations_.on_due([this, &loop] { loop.post([this] { woken_.notify(); }); });
}

io::Task<void> Service::run(io::Scope& scope) {
  for (;;) {
    try {
      co_await walk();
      co_await begin_telling(scope);
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      log::warn("cancels wait", log::field("error", fault.text()));
    } catch (const std::exception& problem) {
      log::error("cancels wait", log::field("error", problem.what()));
    }
    co_await woken_.wait(look_again);
  }
}

io::Task<void> Service::walk() {
  // Mostly there is nothing, and a transaction that writes is not free.
  const auto first =
      co_await db_.read([](sql::Read& read) { return read.all(store::to_walk, 0, 1); });
  if (first.empty()) co_return;
  std::int64_t from = 0;
  for (;;) {
    auto step = [this, from](sql::Tx& tx) { return cancellations_.walk(tx, from); };
    Cancellations::Walked walked = co_await db_.write(step);
    if (walked.over && from == 0) co_return;
    from = walked.at;
    if (walked.stopped > 0) probe_.stopped.add(static_cast<std::uint64_t>(walked.stopped));
    std::ranges::sort(walked.freed);
    const auto twice = std::ranges::unique(walked.freed);
    walked.freed.erase(twice.begin(), twice.end());
    for (WorkspaceId agent : walked.freed) proxy_.go_on(agent);
  }
}

io::Task<void> Service::begin_telling(io::Scope& scope) {
  const Instant now = clock_.steady();
  for (std::int64_t look = 0; look < looks_max; ++look) {
    if (under_way_.size() >= settings_.slots_max) co_return;
    auto rows = co_await db_.read([&](sql::Read& read) {
      return read.all(store::to_tell, now, looked_at, look * looked_at,
                      now + settings_.waits.longest);
    });
    for (const store::ToTell& due : rows) {
      if (under_way_.size() >= settings_.slots_max) co_return;
      if (under_way_.contains(due.message)) continue;
      std::size_t& slots = agents_[due.target_id];
      if (slots >= settings_.slots_of_agent_max) continue;
      ++slots;
      under_way_.insert(due.message);
      scope.spawn("cancel", tell(due));
    }
    if (std::ssize(rows) < looked_at) co_return;
  }
}

io::Task<void> Service::tell(store::ToTell due) {
  struct Slot {
    Service& self;
    const store::ToTell& due;
    ~Slot() {
      self.under_way_.erase(due.message);
      if (--self.agents_[due.target_id] == 0) self.agents_.erase(due.target_id);
      self.woken_.notify();
    }
  } slot{*this, due};
  std::string why;
  try {
    why = co_await attempt(due);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    why = fault.text();
  }
  const Instant now = clock_.steady();
  if (why.empty() || settings_.waits.over(due.attempts)) {
    co_await sql::insist(db_, [&](sql::Tx& tx) { tx.post(store::told, due.message); });
    if (why.empty()) co_return;
    probe_.given_up.add();
    log::warn("an agent could not be told to stop what was canceled",
              log::field("workspace", due.target_id), log::field("error", why));
    co_return;
  }
  const auto wait = settings_.waits.after(due.attempts);
  co_await sql::insist(db_,
                       [&](sql::Tx& tx) { tx.post(store::tell_again, due.message, now + wait); });
}

io::Task<std::string> Service::attempt(const store::ToTell& due) {
  struct Seen {
    std::optional<messages::Record> record;
    std::optional<tasks::Row> task;
  };
  Seen seen = co_await db_.read([&, this](sql::Read& read) {
    return Seen{ledger_.head(read, due.message), tasks_.of(read, due.message)};
  });
  if (!seen.record || proxy_.is_polled(due.target_id)) co_return std::string();
  const std::string task = seen.task ? seen.task->task_id : std::string();
  const std::string context = seen.task ? seen.task->context_id : std::string();
  auto said = co_await proxy_.ask(seen.record->message, a2a::TaskRequest::cancel, task, context);
  if (!said) co_return std::string("there is no way to its agent now");
  if (said->end == proxy::Carried::End::not_now) co_return std::move(said->error);
  probe_.told.add();
  // Of what it had answered already its word is news: for the rest the ledger has the end.
  const auto& now = said->answer.task;
  const bool goes_on =
      seen.task && seen.record->outcome && seen.record->outcome->end == messages::End::answered;
  if (!goes_on || !now || now->state.empty() || now->state == seen.task->state)
    co_return std::string();
  const messages::AgentTask known{task, context, now->state};
  const messages::Message& message = seen.record->message;
  const std::string told = co_await proxy_.task_told(message, said->answer);
  if (told.empty()) co_return std::string();
  co_await db_.write([&, this](sql::Tx& tx) {
    // Who asked how it stands at the same time may have heard its end.
    const auto row = tasks_.of(tx, message.seq);
    if (row && row->state == seen.task->state) proxy_.amend(tx, message, known, said->answer);
  });
  co_return std::string();
}

}  // namespace molecule::cancellations
