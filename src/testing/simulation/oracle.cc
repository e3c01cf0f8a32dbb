#include "testing/simulation/oracle.h"

#include <algorithm>

#include <fmt/format.h>

namespace molecule::simulation {

using messages::End;
using messages::State;

struct Oracle::Row {
  std::int64_t seq = 0;
  WorkspaceId target;
  std::optional<WorkspaceId> source;
  std::string message_id;
  Instant created_at;
  std::optional<State> state;
  std::optional<std::int64_t> epoch;
  std::optional<std::int64_t> attempts;
  std::optional<Instant> expires_at;
  std::optional<End> end;
  std::optional<std::string> body;
  BOOST_DESCRIBE_CLASS(Row, (),
                       (seq, target, source, message_id, created_at, state, epoch, attempts,
                        expires_at, end, body),
                       (), ())
};

namespace {

struct Fact {
  std::string type;
  std::string payload;
};
BOOST_DESCRIBE_STRUCT(Fact, (), (type, payload))

constexpr sql::Query<std::int64_t()> positions{"simulation.positions",
                                               "SELECT seq FROM told ORDER BY seq"};
constexpr sql::Query<Fact()> facts{"simulation.facts", "SELECT type, payload FROM log"};

// The word that no other answer has; empty when the text holds none.
std::string token_in(std::string_view text) {
  const auto at = text.find("answer-");
  if (at == std::string_view::npos) return {};
  const auto end = text.find_first_not_of("0123456789", at + 7);
  return std::string(text.substr(at, end - at));
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

// A refusal that speaks of a delivery, too.
bool Sent::acknowledged() const {
  return std::ranges::any_of(answers, [](const Answer& answer) {
    // An answer to what was called off is told so, and not taken.
    if (has(answer.body, R"("status":"canceled")")) return false;
    return answer.status == 200 || answer.status == 202 ||
           has(answer.body, "\"delivery_confirmed\"");
  });
}

void Oracle::complain(std::string what) {
  constexpr std::size_t complaints_max = 20;
  if (complaints_.size() < complaints_max) complaints_.push_back(std::move(what));
}

std::string Oracle::name(const std::optional<WorkspaceId>& who) const {
  if (!who) return "a person";
  for (const Agent& agent : agents_.all()) {
    if (agent.id == *who) return agent.name;
  }
  return who->text();
}

void Oracle::told(Sent& sent, const Answer& answer) { sent.answers.push_back(answer); }

void Oracle::followed(const events::Frame& frame) {
  if (frame.seq <= followed_to())
    complain(fmt::format("the follower was told fact {} after {}", frame.seq, followed_to()));
  followed_.push_back(frame.seq);
}

std::vector<Oracle::Row> Oracle::rows() {
  static constexpr sql::Query<Row()> all{"simulation.messages", R"(
    SELECT m.seq, m.target_id, m.source_id, m.message_id, m.created_at, d.state, d.epoch, d.attempts, d.expires_at,
           o."end", o.body
      FROM messages m LEFT JOIN deliveries d ON d.seq = m.seq LEFT JOIN outcomes o ON o.seq = m.seq
     ORDER BY m.seq)"};
  return store_.look([](sql::Read& read) { return read.all(all); });
}

int Oracle::goes_out(const proxy::Parcel& parcel) {
  judge_going_out(parcel);
  return ++out_[messages::seq_of(parcel.activity)];
}

// The lease of its carrier was taken over, so that it must not become the message's end.
void Oracle::comes_back(const proxy::Parcel& parcel, int carrier, std::string_view answer) {
  if (carrier != out_[messages::seq_of(parcel.activity)]) void_.insert(token_in(answer));
}

void Oracle::judge_going_out(const proxy::Parcel& parcel) {
  static constexpr sql::Query<Row(std::int64_t)> one{"simulation.message", R"(
    SELECT m.seq, m.target_id, m.source_id, m.message_id, m.created_at, d.state, d.epoch, d.attempts, d.expires_at,
           o."end", o.body
      FROM messages m LEFT JOIN deliveries d ON d.seq = m.seq LEFT JOIN outcomes o ON o.seq = m.seq
     WHERE m.seq = $1)"};
  const std::int64_t seq = messages::seq_of(parcel.activity);
  if (store_.there()) {
    auto row = store_.look([seq](sql::Read& read) { return read.optional(one, seq); });
    const std::string what =
        fmt::format("message {} from {} to {}", seq, name(parcel.source), name(parcel.target.id));
    if (!row) {
      complain(what + " goes out and is not stored");
    } else if (row->end) {
      complain(
          fmt::format("{} goes out after its end ({}) was recorded", what, enum_text(*row->end)));
    } else if (row->state != State::leased && !two_serve_) {
      complain(what + " goes out without a lease");
    } else if (row->expires_at <= clock_.now()) {
      complain(what + " goes out after its time has passed");
    }
  }
}

// Of one sender the agent hears in the order in which the messages were accepted, whatever is
// brought again later.
void Oracle::meets(const proxy::Parcel& parcel) {
  const std::int64_t seq = messages::seq_of(parcel.activity);
  if (two_serve_ || !met_.insert(seq).second) return;
  std::int64_t& newest = newest_met_[{parcel.source.value_or(WorkspaceId{}), parcel.target.id}];
  if (seq < newest)
    complain(fmt::format("message {} from {} to {} is met behind {}", seq, name(parcel.source),
                         name(parcel.target.id), newest));
  newest = std::max(newest, seq);
}

void Oracle::arrives(const proxy::Parcel& parcel) {
  // One that is busy has not begun.
  if (agents_.of(parcel.target.id).manner == Manner::busy) return;
  const std::int64_t seq = messages::seq_of(parcel.activity);
  // A second process may have taken the lease over that this one goes out with.
  if (two_serve_) return;
  if (++brought_[seq] > ledger_.attempts_max)
    complain(fmt::format("message {} was brought to {} {} times", seq, name(parcel.target.id),
                         brought_[seq]));
  if (brought_[seq] > out_[seq])
    complain(fmt::format("message {} was brought to {} {} times and went out {} times", seq,
                         name(parcel.target.id), brought_[seq], out_[seq]));
}

void Oracle::compare(const Process& process) {
  auto held = process.mailboxes().all();
  for (const Row& row : rows()) {
    if (!row.state) continue;
    auto found = held.find(row.seq);
    if (found == held.end()) {
      complain(fmt::format("message {} is open and not in memory", row.seq));
      continue;
    }
    const messages::Open& open = found->second;
    if (open.target != row.target || open.source != row.source || open.state != *row.state ||
        open.epoch != row.epoch || open.attempts != row.attempts)
      complain(fmt::format(
          "message {} is {} at epoch {} with {} attempts, and in memory {} at {} with {}", row.seq,
          enum_text(*row.state), *row.epoch, *row.attempts, enum_text(open.state), open.epoch,
          open.attempts));
    held.erase(found);
    if (*row.state == State::open && brought_.contains(row.seq) &&
        *row.attempts < brought_[row.seq])
      complain(fmt::format("message {} was brought {} times and {} are counted", row.seq,
                           brought_[row.seq], *row.attempts));
  }
  for (const auto& [seq, open] : held)
    complain(fmt::format("message {} is in memory and not open", seq));
}

void Oracle::judge(const Process& process) {
  const auto all = rows();
  judge_messages(all, process);
  judge_log(all);
  compare(process);
}

void Oracle::judge_messages(const std::vector<Row>& rows, const Process& process) {
  using Key = std::tuple<std::optional<WorkspaceId>, WorkspaceId, std::string>;
  std::map<Key, const Row*> stored;
  for (const Row& row : rows) {
    const std::string what = fmt::format("message {} ({}) from {} to {}", row.seq, row.message_id,
                                         name(row.source), name(row.target));
    auto [at, fresh] = stored.emplace(Key{row.source, row.target, row.message_id}, &row);
    if (!fresh) complain(fmt::format("{} is stored again as {}", what, at->second->seq));
    if (row.state && row.end) complain(what + " is open and has its end");
    if (!row.state && !row.end) complain(what + " is neither open nor has it an end");
    if (void_.contains(token_in(row.body.value_or(""))))
      complain(what + " ended with what came back under a void lease");
    if (!row.state) continue;
    if (*row.state == State::leased) complain(what + " is still leased");
    auto brief = process.directory().brief(row.target);
    if (!brief || brief->status == workspaces::Status::removed)
      complain(what + " is open, though its target is gone");
    if (process.directory().delivery(row.target) != workspaces::Delivery::poll)
      complain(what + " is open for no reason");
  }
  for (const Sent& sent : sent_) {
    auto found = stored.find({sent.source, sent.target, sent.id});
    if (found != stored.end()) {
      judge_answers(sent, *found->second);
    } else if (sent.acknowledged()) {
      complain(fmt::format("{} from {} to {} was acknowledged and is not stored", sent.id,
                           name(sent.source), name(sent.target)));
    }
  }
}

void Oracle::judge_answers(const Sent& sent, const Row& row) {
  const std::string kept = token_in(row.body.value_or(""));
  const bool canceled = row.end == End::canceled;
  if (canceled && !sent.called_off)
    complain(sent.id + " ended as canceled, and nobody called it off");
  if (sent.canceled && !canceled)
    complain(fmt::format("{} is canceled, as was told, and ended as {}", sent.id,
                         row.end ? enum_text(*row.end) : "nothing"));
  for (const Answer& answer : sent.answers) {
    if (has(answer.body, R"("state":"canceled")") && !canceled)
      complain(sent.id + " was answered as canceled, and is not");
    const std::string token = token_in(answer.body);
    if (token.empty()) continue;
    if (!row.end) {
      complain(fmt::format("{} was answered with {} and has no end", sent.id, token));
    } else if (token != kept) {
      complain(fmt::format("{} was answered with {} and ended as {} with {}", sent.id, token,
                           enum_text(*row.end), kept.empty() ? "nothing" : kept));
    }
  }
}

void Oracle::judge_log(const std::vector<Row>& rows) {
  const auto stored = store_.look([](sql::Read& read) { return read.all(positions); });
  if (stored != followed_) {
    std::vector<std::int64_t> missed;
    std::ranges::set_difference(stored, followed_, std::back_inserter(missed));
    complain(
        fmt::format("the log has {} facts and the follower was told {}; the first it missed: {}",
                    stored.size(), followed_.size(), missed.empty() ? 0 : missed.front()));
  }
  std::map<std::string, std::map<std::string, int>> told;  // By activity: how often each type.
  for (const Fact& fact : store_.look([](sql::Read& read) { return read.all(facts); })) {
    constexpr std::string_view member = "\"activity_id\":\"";
    const auto at = fact.payload.find(member);
    if (at == std::string::npos) continue;
    ++told[fact.payload.substr(at + member.size(), 36)][fact.type];
  }
  for (const Row& row : rows) {
    auto& types = told[messages::make_id(row.created_at, row.seq).text()];
    const int person = row.source ? 0 : 1, ended = row.end ? 1 : 0;
    const auto expect = [&](const char* type, int times) {
      if (types[type] != times)
        complain(fmt::format("{} was told {} times of message {}, not {}", type, types[type],
                             row.seq, times));
    };
    expect("USER_MESSAGE", person);
    expect("A2A_RESPONSE", person * ended);
    expect("ACTIVITY_LOGGED", 1 + ended);
  }
}

}  // namespace molecule::simulation
