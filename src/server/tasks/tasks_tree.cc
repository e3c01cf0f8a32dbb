// The tree of a task: what was asked because of it, what because of that, and how each stands.
//
// A page is a walk down the index over parents that stops when it is full and goes on behind the
// last task of it, so it costs what it shows, however much there is. Parents are older than what is
// part of them: the walk ends.
#include <algorithm>

#include "server/activity/activity.h"
#include "server/tasks/tasks_service.h"

namespace molecule::tasks {
namespace {

constexpr std::int64_t limit_default = 200;
constexpr std::int64_t limit_max = 500;
constexpr std::int64_t read_at_once = 64;  // Of one parent.
constexpr std::size_t summary_max = 200;   // Bytes.
constexpr std::size_t error_max = 500;     // Bytes.
constexpr int path_max = 4096;             // Steps up from where a page goes on.

messages::Record record_of(const store::TreeRow& row) {
  messages::Record record;
  messages::Message& message = record.message;
  message.seq = row.seq;
  message.target = row.target_id;
  message.source = row.source_id;
  message.created_at = row.created_at;
  if (row.end) {
    messages::Outcome outcome;
    outcome.end = *row.end;
    outcome.error = row.error;
    outcome.body = RawJson(row.failure.value_or(""));
    outcome.ended_at = row.ended_at.value_or(Instant{});
    record.outcome = std::move(outcome);
  } else {
    messages::Delivery delivery;
    delivery.state = row.state.value_or(messages::State::open);
    delivery.attempts = row.attempts.value_or(0);
    delivery.why = row.why;
    record.delivery = std::move(delivery);
  }
  return record;
}

// A task on the way down, and how far what is below it was walked.
struct Level {
  std::int64_t message = 0;
  ActivityId id;
  std::int64_t walked = 0;
  std::vector<store::TreeRow> ahead = {};  // Read and not yet walked, the next one last.
  bool all_read = false;
};

ActivityId id_of(const store::TreeRow& row) { return messages::make_id(row.created_at, row.seq); }

struct Placed {
  store::TreeRow row;
  std::optional<ActivityId> parent;
  std::int64_t depth = 0;
};

class Walk {
 public:
  Walk(sql::Statements& statements, std::int64_t limit) : statements_(statements), limit_(limit) {}

  void begin(const store::TreeRow& root, std::optional<ActivityId> parent) { add(root, parent); }
  // Behind a task below the root; false when it is not there.
  bool begin_behind(const store::TreeRow& root, ActivityId last) {
    std::vector<Level> path;
    std::int64_t at = messages::seq_of(last);
    for (int steps = 0; steps < path_max; ++steps) {
      auto row = statements_.optional(store::tree_node, at);
      if (!row || (path.empty() && id_of(*row) != last)) return false;
      path.push_back({row->seq, id_of(*row)});
      if (row->seq == root.seq) break;
      if (!row->parent_seq) return false;
      at = *row->parent_seq;
    }
    if (path.back().message != root.seq) return false;
    std::ranges::reverse(path);
    for (std::size_t i = 0; i + 1 < path.size(); ++i) path[i].walked = path[i + 1].message;
    levels_ = std::move(path);
    return true;
  }
  void go() {
    while (!levels_.empty() && !full()) {
      Level& level = levels_.back();
      if (level.ahead.empty() && !level.all_read) read_on(level);
      if (level.ahead.empty()) {
        levels_.pop_back();
        continue;
      }
      const store::TreeRow row = std::move(level.ahead.back());
      level.ahead.pop_back();
      level.walked = row.seq;
      add(row, level.id);
    }
  }
  bool full() const { return std::ssize(placed_) > limit_; }
  std::vector<Placed> placed() && { return std::move(placed_); }

 private:
  void add(const store::TreeRow& row, std::optional<ActivityId> parent) {
    placed_.push_back({row, parent, std::ssize(levels_)});
    Level level{row.seq, id_of(row)};
    level.all_read = row.below == 0;
    levels_.push_back(std::move(level));
  }
  void read_on(Level& level) {
    level.ahead = statements_.all(store::tree_below, level.message, level.walked, read_at_once);
    level.all_read = std::ssize(level.ahead) < read_at_once;
    std::ranges::reverse(level.ahead);
  }

  sql::Statements& statements_;
  const std::int64_t limit_;
  std::vector<Level> levels_;
  std::vector<Placed> placed_;
};

}  // namespace

api::TaskNode Service::node_of(const Asker& asker, const store::TreeRow& row) const {
  std::optional<proxy::Known> known;
  if (row.task_state) known = proxy::Known{*row.task_state, row.changed_at.value_or(Instant{})};
  const bool polled = !row.end && proxy_.is_polled(row.target_id);
  const proxy::Standing standing = proxy::standing_of(record_of(row), known, polled);
  api::TaskNode node;
  node.id = id_of(row);
  node.kind = row.answer.value_or(0) != 0 ? api::TaskKind::answer
              : row.delegation_id         ? api::TaskKind::delegation
                                          : api::TaskKind::message;
  node.state = standing.state;
  node.standing = standing.word;
  node.created_at = row.created_at;
  node.since = standing.since;
  if (row.ended_at) node.ended_at = *row.ended_at;
  const bool seen =
      !asker.workspace || row.target_id == asker.workspace || row.source_id == asker.workspace;
  if (!seen) {
    node.hidden = true;
    return node;
  }
  node.workspace_id = row.target_id;
  node.name = proxy_.name_of(row.target_id);
  node.source_id.emplace(row.source_id);
  if (row.delegation_id) node.delegation_id = *row.delegation_id;
  if (row.task_id) node.agent_task_id = *row.task_id;
  node.summary = activity::preview(row.summary, summary_max);
  if (row.error) node.error = activity::preview(*row.error, error_max);
  return node;
}

io::Task<api::TaskTree> Service::tree(auth::Member::Caller caller, WorkspaceId id, std::string task,
                                      http::Query<TreeQuery> query) {
  const Asker asker = asker_of(caller, id);
  const std::int64_t limit =
      std::clamp<std::int64_t>(query.value.limit.value_or(limit_default), 1, limit_max);
  std::optional<ActivityId> after;
  if (query.value.after) {
    after = ActivityId::parse(*query.value.after);
    if (!after) throw bad_request("bad_query", "after must be the id of a task of this tree");
  }
  auto placed = co_await db_.read([&, this](sql::Read& read) {
    auto found = look_up(read, asker, task, Bodies::without);
    if (!found) throw a2a::task_not_found();
    auto root = read.optional(store::tree_node, found->record.message.seq);
    if (!root) throw a2a::task_not_found();
    Walk walk(read, limit);
    if (after) {
      if (!walk.begin_behind(*root, *after))
        throw bad_request("bad_query", "after must be the id of a task of this tree");
    } else {
      std::optional<ActivityId> parent;
      if (root->parent_seq) {
        auto above = read.optional(store::tree_node, *root->parent_seq);
        if (above) parent = id_of(*above);
      }
      walk.begin(*root, parent);
    }
    walk.go();
    return std::move(walk).placed();
  });
  api::TaskTree out;
  const bool more = std::ssize(placed) > limit;
  if (more) placed.pop_back();
  for (const Placed& each : placed) {
    api::TaskNode node = node_of(asker, each.row);
    if (each.parent) node.parent_id = *each.parent;
    node.depth = each.depth;
    out.nodes.push_back(std::move(node));
  }
  if (more) out.next = out.nodes.back().id;
  co_return out;
}

}  // namespace molecule::tasks
