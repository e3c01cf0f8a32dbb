#include "server/facts/record.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <utility>

#include "platform/log/log.h"
#include "server/facts/record_store.h"

namespace molecule::facts {
namespace {

constexpr std::int64_t page_rows = 1024;  // Heads of facts that are read at once.
constexpr std::int64_t pruned_at_once = 5'000;

std::size_t index_of(const Kind& kind) {
  return std::visit([](auto each) { return static_cast<std::size_t>(each); }, kind);
}

// Nothing for what another program put there.
std::optional<Kind> kind_of(const store::Head& head) {
  if (head.internal) {
    if (auto kind = enum_from<Internal>(head.type)) return *kind;
  } else if (auto type = enum_from<events::Type>(head.type)) {
    return *type;
  }
  return std::nullopt;
}

std::optional<WorkspaceId> some(WorkspaceId workspace) {
  if (workspace.nil()) return std::nullopt;
  return workspace;
}

}  // namespace

void Record::join(Projection& projection) {
  joined_.push_back(&projection);
  for (const Kind& kind : projection.applies()) {
    auto& by_kind = std::holds_alternative<Internal>(kind) ? internal_ : told_;
    const std::size_t index = index_of(kind);
    if (by_kind.size() <= index) by_kind.resize(index + 1);
    by_kind[index].push_back(&projection);
  }
}

const Record::Readers* Record::readers_of(const Kind& kind) const {
  const auto& by_kind = std::holds_alternative<Internal>(kind) ? internal_ : told_;
  const std::size_t index = index_of(kind);
  if (index >= by_kind.size() || by_kind[index].empty()) return nullptr;
  return &by_kind[index];
}

io::Task<void> Record::load() {
  struct Snapshot {
    std::int64_t seq = 0;
    std::vector<Projection::Place> places;
  };
  auto look = [this](sql::Read& read) {
    Snapshot snapshot;
    snapshot.seq = read.one(store::newest);
    for (Projection* each : joined_) snapshot.places.push_back(each->load(read));
    return snapshot;
  };
  Snapshot snapshot = co_await db_.read(std::move(look));
  for (Projection::Place& place : snapshot.places) place();
  // What came since the log was opened is another's.
  if (snapshot.seq > reached_) own_since_ = snapshot.seq;
  begin_at(snapshot.seq);
}

io::Task<void> Record::follow() {
  co_await db_.write([this](sql::Tx& tx) { follow(tx); });
}

void Record::follow(sql::Tx& tx) {
  const std::int64_t newest = tx.one(store::newest);
  if (newest > reached_) feed_between(tx, newest);
}

std::int64_t Record::note(sql::Tx& tx, Fact fact) {
  fact.seq = place(tx);
  tx.post(store::append_internal, fact.seq, fact.at, enum_text(std::get<Internal>(fact.kind)),
          some(fact.workspace), fact.payload);
  const std::int64_t seq = fact.seq;
  feed_after_commit(tx, std::move(fact));
  return seq;
}

void Record::put(sql::Tx& tx, std::int64_t seq, Instant at, events::Type type, WorkspaceId about,
                 const RawJson& payload) {
  tx.post(store::append, seq, at, enum_text(type), some(about), payload);
  const Kind kind = type;
  if (readers_of(kind)) feed_after_commit(tx, {seq, at, kind, about, payload});
}

// Nobody but this process writes facts while a batch of its own has the sequence, so a position
// that does not follow on what was fed shows at the first of a batch.
std::int64_t Record::place(sql::Tx& tx) {
  const std::int64_t seq = tx.next(numbering);
  if (!batch_.expired()) return seq;
  auto batch = std::make_shared<char>();
  batch_ = batch;
  tx.after_batch(&batch_, [batch] {});
  if (seq > reached_ + 1) feed_between(tx, seq - 1);
  return seq;
}

void Record::feed_between(sql::Tx& tx, std::int64_t until) {
  tx.after_commit([this, until] {
    // Otherwise they are this process' own, of earlier transactions in the same batch.
    if (until > reached_) own_since_ = until;
  });
  if (!joined_.empty()) {
    for (Fact& fact : between(tx, reached_, until)) feed_after_commit(tx, std::move(fact));
  }
  tx.after_commit([this, until] { arrived(until); });
}

std::vector<Fact> Record::between(sql::Statements& statements, std::int64_t from,
                                  std::int64_t until) {
  std::vector<Fact> facts;
  while (from < until) {
    auto heads = statements.all(store::heads, from, until, page_rows);
    if (heads.empty()) break;
    from = heads.back().seq;
    for (const store::Head& head : heads) {
      auto kind = kind_of(head);
      if (!kind || !readers_of(*kind)) continue;
      auto row = statements.one(store::find, head.seq);
      facts.push_back({head.seq, row.at, *kind, row.workspace_id.value_or(WorkspaceId{}),
                       std::move(row.payload)});
    }
  }
  return facts;
}

void Record::feed_after_commit(sql::Tx& tx, Fact fact) {
  tx.after_commit([this, fact = std::move(fact)] { feed(fact); });
}

// Memory that missed a fact honours a credential that was revoked, and nobody would know. The next
// start reads what is so.
void Record::feed(const Fact& fact) {
  if (fact.seq <= reached_) return;
  arrived(fact.seq);
  if (const Readers* readers = readers_of(fact.kind)) {
    try {
      for (Projection* each : *readers) each->apply(fact);
    } catch (const std::exception& failure) {
      log::error("a fact on the log cannot be applied to memory; the platform ends",
                 log::field("seq", fact.seq), log::field("cause", failure.what()));
      std::abort();
    }
  }
}

io::Task<void> Record::prune(Instant before, std::chrono::nanoseconds budget) {
  const auto over = clock_.monotonic() + budget;
  std::optional<std::int64_t> from = 0;
  while (from && clock_.monotonic() < over) {
    auto change = [this, before, at = *from](sql::Tx& tx) {
      auto until = aged_until(tx.all(store::slice, at, pruned_at_once), before, clock_.now());
      if (until) tx.run(store::prune, at, *until, before);
      return until;
    };
    from = co_await db_.write(std::move(change));
  }
}

}  // namespace molecule::facts
