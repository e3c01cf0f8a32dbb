#include "server/messages/ledger.h"

#include <algorithm>
#include <memory>

namespace molecule::messages {
namespace {

constexpr std::string_view lost_error = "its delivery was lost";
constexpr std::int64_t recovered_at_once = 4096;  // Rows of one statement.

std::optional<std::string_view> some(const RawJson& json) {
  if (json.empty()) return std::nullopt;
  return std::string_view(json.text);
}

Record record_of(store::Row row) {
  Record record;
  Message& message = record.message;
  message.seq = row.seq;
  message.target = row.target_id;
  message.source = row.source_id;
  message.delegation = row.delegation_id;
  message.parent = row.parent_seq;
  message.answer = row.answer.value_or(0) != 0;
  message.hops = row.hops;
  message.created_at = row.created_at;
  message.method = std::move(row.method);
  message.message_id = std::move(row.message_id);
  message.rpc_id = std::move(row.rpc_id);
  message.context_id = std::move(row.context_id);
  record.body = std::move(row.body);
  if (row.state) {
    record.delivery = Delivery{*row.state, row.epoch.value_or(0), row.attempts.value_or(0),
                               row.expires_at.value_or(Instant{}), std::move(row.why)};
  }
  if (row.end) {
    Outcome outcome;
    outcome.end = *row.end;
    outcome.body = RawJson(std::move(row.outcome_body).value_or(""));
    outcome.error = std::move(row.error);
    outcome.trace = RawJson(std::move(row.trace).value_or(""));
    outcome.duration_ms = row.duration_ms;
    outcome.ended_at = row.ended_at.value_or(Instant{});
    record.outcome = std::move(outcome);
  }
  return record;
}

}  // namespace

Ledger::Accepted Ledger::accept(sql::Tx& tx, const NewMessage& message, State state) {
  Accepted accepted;
  if (auto hint = keys_.find(message.key)) {
    auto earlier = find(tx, *hint);
    if (earlier && earlier->message.target == message.target &&
        earlier->message.source == message.source &&
        earlier->message.message_id == message.message_id) {
      accepted.place = {earlier->message.seq, earlier->message.id(), earlier->message.created_at};
      accepted.earlier = std::move(earlier);
      return accepted;
    }
  }
  const Instant now = clock_.now();
  const std::int64_t seq = tx.next(sequence);
  accepted.place = {seq, make_id(now, seq), now};
  const bool leased = state == State::leased;
  accepted.lease = {seq, leased ? 1 : 0};
  const Instant expires_at = message.expires_at.value_or(now + settings_.age_max);
  std::optional<OwnerId> owner;
  std::optional<Instant> lease_until;
  if (leased) {
    owner = owner_;
    lease_until = now + settings_.lease_for;
  }
  std::optional<std::int64_t> answer;
  if (message.answer) answer = 1;
  tx.post(store::insert, seq, message.target, message.source, message.delegation, message.parent,
          answer, message.hops, now, static_cast<std::int64_t>(message.body.size()), message.method,
          message.message_id, message.rpc_id, message.context_id, message.summary, message.body);
  tx.post(store::insert_delivery, seq, message.target, message.source, state, owner, lease_until,
          accepted.lease.epoch, expires_at, message.hops);
  tx.post(store::insert_key, seq, sql::BytesView(message.key));
  keys_.remember(message.key, seq);
  for (Follower* follower : followers_) follower->accepted(tx, message, accepted.place, state);

  Open open;
  open.target = message.target;
  open.source = message.source;
  open.state = state;
  open.epoch = accepted.lease.epoch;
  open.hops = message.hops;
  if (leased) open.lease_until = clock_.monotonic() + settings_.lease_for;
  tx.after_commit([this, seq, open] { mailboxes_.put(seq, open); });
  return accepted;
}

std::optional<Record> Ledger::taken(sql::Tx& tx, const IdBytes& key) {
  auto seq = tx.optional(store::seq_by_key, sql::BytesView(key));
  if (!seq) return std::nullopt;
  auto record = find(tx, *seq);
  if (record) {
    keys_.remember(key, *seq);
  } else {
    tx.run(store::release_key, sql::BytesView(key));
  }
  return record;
}

std::optional<Record> Ledger::find(sql::Statements& statements, std::int64_t seq) const {
  auto row = statements.optional(store::find, seq);
  if (!row) return std::nullopt;
  return record_of(std::move(*row));
}

std::optional<Record> Ledger::find(sql::Statements& statements, ActivityId id) const {
  auto found = find(statements, seq_of(id));
  if (found && found->message.id() != id) return std::nullopt;
  return found;
}

std::optional<Record> Ledger::find_whole(sql::Statements& statements, std::int64_t seq) const {
  auto record = find(statements, seq);
  if (!record || !record->outcome || !is_beginning(record->outcome->body.text)) return record;
  RawJson& body = record->outcome->body;
  for (const Follower* follower : followers_) {
    auto whole = follower->whole(statements, record->message, body.text);
    if (!whole) continue;
    body = RawJson(std::move(*whole));
    break;
  }
  return record;
}

std::optional<Record> Ledger::head(sql::Statements& statements, std::int64_t seq) const {
  auto row = statements.optional(store::head, seq);
  if (!row) return std::nullopt;
  return record_of(std::move(*row));
}

std::optional<Lease> Ledger::lease(sql::Tx& tx, WorkspaceId target, Mailboxes::Next next) {
  const Instant now = clock_.now();
  const Instant until = now + settings_.lease_for;
  if (tx.run(store::lease, next.seq, next.epoch, owner_, until, now) == 0) return std::nullopt;
  const Lease lease{next.seq, next.epoch + 1};
  const auto lease_until = clock_.monotonic() + settings_.lease_for;
  tx.after_commit([this, target, lease, lease_until] {
    mailboxes_.change(target, lease.seq, [&](Open& open) {
      open.state = State::leased;
      open.waited = true;
      open.out.reset();
      open.epoch = lease.epoch;
      open.lease_until = lease_until;
    });
  });
  return lease;
}

bool Ledger::holds(sql::Statements& statements, Lease lease) const {
  return statements.optional(store::leased, lease.seq, lease.epoch).has_value();
}

bool Ledger::renew(sql::Tx& tx, WorkspaceId target, Lease lease) {
  const Instant until = clock_.now() + settings_.lease_for;
  if (tx.run(store::renew, lease.seq, lease.epoch, until) == 0) return false;
  const auto lease_until = clock_.monotonic() + settings_.lease_for;
  tx.after_commit([this, target, seq = lease.seq, lease_until] {
    mailboxes_.change(target, seq, [&](Open& open) { open.lease_until = lease_until; });
  });
  return true;
}

void Ledger::progressed(sql::Tx& tx, WorkspaceId target, Lease lease) {
  if (tx.run(store::progressed, lease.seq, lease.epoch, at_work_why) == 0) return;
  tx.after_commit([this, target, seq = lease.seq] {
    mailboxes_.change(target, seq, [](Open& open) { open.attempts = open.tries = 0; });
  });
}

Ledger::Back Ledger::give_back(sql::Tx& tx, const Message& message, Lease lease,
                               const Returned& returned) {
  auto now = head(tx, message.seq);
  if (!now || !now->delivery || now->delivery->state != State::leased ||
      now->delivery->epoch != lease.epoch) {
    return Back::stale;
  }
  const std::int64_t before = now->delivery->attempts;
  const std::int64_t attempts = returned.at_work ? 0 : before + (returned.seen ? 1 : 0);
  const Instant wall = clock_.now();
  Outcome outcome;
  if (now->delivery->expires_at <= wall) {
    outcome.end = End::expired;
    outcome.error = expired_error;
  } else if (attempts >= settings_.attempts_max) {
    outcome.end = End::dead;
    outcome.error = returned.why;
    outcome.body = returned.told;
  }
  if (outcome.error) {
    outcome.duration_ms = (wall - message.created_at).count() / 1000;
    if (!end(tx, message, lease, outcome)) return Back::stale;
    return outcome.end == End::expired ? Back::expired : Back::dead;
  }
  std::chrono::seconds wait{0};  // What is only behind another has no time of its own.
  if (!returned.behind) {
    const std::int64_t tries = returned.at_work ? 0 : mailboxes_.tries(message.target, message.seq);
    const std::chrono::seconds doubled =
        settings_.retry_after * (1LL << std::min<std::int64_t>(tries, 8));
    wait = std::max(returned.after, std::min(doubled, settings_.wait_longest));
  }
  tx.run(store::give_back, message.seq, lease.epoch, wall + wait, attempts - before, returned.why);
  if (!returned.at_work)
    for (Follower* follower : followers_) follower->waits(tx, message, returned.why);
  const auto not_before = clock_.monotonic() + wait;
  tx.after_commit([this, target = message.target, epoch = lease.epoch + 1, seq = message.seq,
                   source = message.source, attempts, not_before, unreached = returned.unreached,
                   at_work = returned.at_work, behind = returned.behind] {
    if (!at_work && !behind) mailboxes_.halt(target, source);
    mailboxes_.change(target, seq, [&](Open& open) {
      open.state = State::open;
      open.waited = false;
      open.unreached = unreached;
      open.at_work = at_work;
      open.out.reset();
      open.epoch = epoch;
      open.attempts = attempts;
      open.tries = at_work ? 0 : open.tries + (behind ? 0 : 1);
      open.not_before = not_before;
    });
  });
  return Back::waits;
}

void Ledger::take_back(sql::Tx& tx, const Mailboxes::Held& held) {
  auto record = head(tx, held.seq);
  Returned returned;
  returned.why = lost_error;
  returned.seen = true;
  if (record) give_back(tx, record->message, Lease{held.seq, held.epoch}, returned);
}

void Ledger::close(sql::Tx& tx, const Message& message, const Outcome& outcome) {
  tx.post(store::insert_outcome, message.seq, outcome.end, clock_.now(),
          static_cast<std::int64_t>(outcome.body.text.size() + outcome.trace.text.size()) +
              outcome.beside,
          outcome.duration_ms, outcome.error, some(outcome.trace), some(outcome.body));
  const bool arrived = outcome.end == End::answered || outcome.end == End::failed;
  // First, so that whoever a follower wakes does not find it open.
  tx.after_commit([this, target = message.target, seq = message.seq, arrived] {
    mailboxes_.take_out(target, seq, arrived);
  });
  for (Follower* follower : followers_) follower->ended(tx, message, outcome);
}

bool Ledger::end(sql::Tx& tx, const Message& message, Lease lease, const Outcome& outcome) {
  if (tx.run(store::close_leased, message.seq, lease.epoch) == 0) return false;
  close(tx, message, outcome);
  return true;
}

void Ledger::fetched(sql::Tx& tx, WorkspaceId target, std::vector<std::int64_t> messages) {
  for (std::int64_t seq : messages) tx.post(store::fetched, seq, fetched_why);
  tx.after_commit([this, target, messages = std::move(messages)] {
    for (std::int64_t seq : messages)
      mailboxes_.change(target, seq, [](Open& open) { open.fetched = open.state == State::open; });
  });
}

bool Ledger::end_open(sql::Tx& tx, const Message& message, const Outcome& outcome) {
  if (tx.run(store::close_open, message.seq) == 0) return false;
  close(tx, message, outcome);
  return true;
}

bool Ledger::call_off(sql::Tx& tx, const Message& message, const Outcome& outcome) {
  if (tx.run(store::close_any, message.seq) == 0) return false;
  close(tx, message, outcome);
  return true;
}

bool Ledger::amend(sql::Tx& tx, const Message& message, const Outcome& outcome) {
  const auto size = static_cast<std::int64_t>(outcome.body.text.size() + outcome.trace.text.size());
  if (tx.run(store::amend_outcome, message.seq, outcome.end, clock_.now(), size,
             outcome.duration_ms, outcome.error, some(outcome.trace), some(outcome.body)) == 0)
    return false;
  for (Follower* follower : followers_) follower->amended(tx, message, outcome);
  return true;
}

void Ledger::note(sql::Tx& tx, std::int64_t message, const AgentTask& task) {
  for (Follower* follower : followers_) follower->tasked(tx, message, task);
}

void Ledger::pass_on(sql::Tx& tx, std::int64_t message, std::string_view said) {
  for (Follower* follower : followers_) follower->told(tx, message, said);
}

std::size_t Ledger::expire(sql::Tx& tx, std::size_t max) {
  auto due = tx.all(store::expired, clock_.now(), static_cast<std::int64_t>(max));
  for (std::int64_t seq : due) {
    auto record = head(tx, seq);
    if (!record) continue;
    Outcome outcome;
    outcome.end = End::expired;
    outcome.error = expired_error;
    outcome.duration_ms = (clock_.now() - record->message.created_at).count() / 1000;
    end_open(tx, record->message, outcome);
  }
  return due.size();
}

std::size_t Ledger::end_all_for(sql::Tx& tx, WorkspaceId target, std::size_t max) {
  auto all = tx.all(store::open_for, target, static_cast<std::int64_t>(max));
  for (std::int64_t seq : all) {
    auto record = head(tx, seq);
    if (!record || tx.run(store::close_any, seq) == 0) continue;
    Outcome outcome;
    outcome.end = End::removed;
    outcome.error = "the workspace was removed before it answered";
    outcome.duration_ms = (clock_.now() - record->message.created_at).count() / 1000;
    close(tx, record->message, outcome);
  }
  return all.size();
}

void Ledger::erase(sql::Tx& tx, WorkspaceId target, std::int64_t seq) {
  tx.post(store::close_any, seq);
  tx.post(store::erase_outcome, seq);
  tx.post(store::erase_key, seq);
  tx.post(store::erase, seq);
  for (Follower* follower : followers_) follower->erased(tx, seq);
  tx.after_commit([this, target, seq] { mailboxes_.take_out(target, seq, false); });
}

void Ledger::recover(sql::Tx& tx) {
  tx.run(store::take_over, owner_);
  auto newest = tx.all(store::newest_keys, static_cast<std::int64_t>(MessageKeys::known_max));
  keys_.forget_all();
  for (auto each = newest.rbegin(); each != newest.rend(); ++each) {
    keys_.remember(each->message_key.bytes(), each->seq);
  }
  const Instant wall = clock_.now();
  const auto monotonic = clock_.monotonic();
  auto all = std::make_shared<std::vector<std::pair<std::int64_t, Open>>>();
  std::vector<std::int64_t> tried_enough;
  for (std::int64_t from = 0;;) {
    auto rows = tx.all(store::open_after, from, recovered_at_once, at_work_why);
    if (rows.empty()) break;
    from = rows.back().seq;
    for (const store::Open& row : rows) {
      // The last attempt was the other incarnation's, which may have ended because of it. What its
      // agent was at is not given up for that: it comes back seldom enough for all else to go on.
      const bool often = row.state == State::open && row.attempts >= settings_.attempts_max;
      if (often && row.at_work == 0) {
        tried_enough.push_back(row.seq);
        continue;
      }
      Open open;
      open.target = row.target_id;
      open.source = row.source_id;
      open.state = row.state;
      open.epoch = row.epoch;
      open.attempts = row.attempts;
      open.hops = row.hops;
      if (row.not_before && *row.not_before > wall) {
        // No further than anybody may have asked for, should the clock have been wrong then.
        open.not_before = monotonic + std::min<std::chrono::nanoseconds>(*row.not_before - wall,
                                                                         settings_.asked_longest);
      }
      if (often) open.not_before = std::max(open.not_before, monotonic + settings_.wait_longest);
      // Leased by this incarnation: its carrier renews it soon, or there is none and the sweep
      // takes it back.
      if (row.state == State::leased) {
        open.lease_until = monotonic + settings_.recovered_for;
        open.waited = true;  // It may have: then nothing of its sender goes before it.
      }
      all->emplace_back(row.seq, open);
    }
  }
  tx.after_commit([this, all] { mailboxes_.replace(*all); });
  for (std::int64_t seq : tried_enough) {
    auto record = head(tx, seq);
    if (!record) continue;
    Outcome outcome;
    outcome.end = End::dead;
    outcome.error = lost_error;
    outcome.duration_ms = (wall - record->message.created_at).count() / 1000;
    end_open(tx, record->message, outcome);
  }
}

std::optional<std::int64_t> Ledger::aged_until(sql::Tx& tx, std::int64_t from, Instant before,
                                               std::size_t max) const {
  auto aged = tx.all(store::slice, from, static_cast<std::int64_t>(max));
  return molecule::aged_until(aged, before, clock_.now());
}

void Ledger::prune(sql::Tx& tx, std::int64_t from, std::int64_t until, Instant before) {
  tx.run(store::prune, from, until, before);
  tx.run(store::prune_outcomes, from, until);
  for (Follower* follower : followers_) follower->pruned(tx, from, until);
}

bool Ledger::prune_keys(sql::Tx& tx, std::size_t max) {
  return tx.run(store::prune_keys, keys_.oldest(), static_cast<std::int64_t>(max)) > 0;
}

}  // namespace molecule::messages
