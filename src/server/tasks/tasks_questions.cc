// What agents ask people: the tasks that go on only when somebody answers.
#include <algorithm>
#include <limits>

#include "server/tasks/tasks_service.h"

namespace molecule::tasks {
namespace {

constexpr std::int64_t limit_default = 50;
constexpr std::int64_t limit_max = 200;

api::Question shown(store::Asked row) {
  api::Question out;
  out.id = messages::make_id(row.created_at, row.seq);
  out.seq = row.seq;
  out.workspace_id = row.target_id;
  out.state = std::move(row.state);
  out.since = row.changed_at;
  out.summary = std::move(row.summary);
  out.task_id = std::move(row.task_id);
  out.context_id = std::move(row.context_id);
  return out;
}

}  // namespace

io::Task<api::QuestionPage> Service::questions(auth::Operator::Caller,
                                               http::Query<QuestionQuery> query) {
  const std::int64_t limit =
      std::clamp<std::int64_t>(query.value.limit.value_or(limit_default), 1, limit_max);
  const std::int64_t before =
      query.value.before_seq.value_or(std::numeric_limits<std::int64_t>::max());
  auto rows = co_await db_.read(
      [&](sql::Read& read) { return read.all(store::asking, before, limit + 1); });
  api::QuestionPage page;
  const bool more = std::ssize(rows) > limit;
  if (more) rows.pop_back();
  if (more) page.next_before_seq = rows.back().seq;
  for (store::Asked& row : rows) page.items.push_back(shown(std::move(row)));
  co_return page;
}

}  // namespace molecule::tasks
