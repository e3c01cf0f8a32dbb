// What was asked because of a task, and what agents ask people.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/json/shape.h"

namespace molecule::api {

enum class TaskKind { delegation, message, answer };
BOOST_DESCRIBE_ENUM(TaskKind, delegation, message, answer)

struct TaskNode {
  ActivityId id;
  json::Omit<ActivityId> parent_id;
  std::int64_t depth = 0;
  TaskKind kind = TaskKind::message;
  std::string state;
  std::string standing;
  Instant created_at;
  Instant since;
  json::Omit<Instant> ended_at;
  json::Omit<bool> hidden;
  json::Omit<WorkspaceId> workspace_id;
  json::Omit<std::string> name;
  json::Omit<std::optional<WorkspaceId>> source_id;
  json::Omit<DelegationId> delegation_id;
  json::Omit<std::string> agent_task_id;
  json::Omit<std::string> summary;
  json::Omit<std::string> error;

  static constexpr std::array about{
      json::About{"parent_id", "the task whose work this one is part of, as long as that is kept"},
      json::About{"depth", "steps from the task that was asked for"},
      json::About{"kind", "\"answer\": it answers its parent, and is no work for it"},
      json::About{"state", "as A2A 0.3 names it"},
      json::About{"standing", "where its message stands, in one word"},
      json::About{"since", "when it came into this state"},
      json::About{"hidden", "true: neither from nor to who asks, who sees nothing else of it"},
      json::About{"workspace_id", "whose agent has it, and what that is called"},
      json::About{"source_id", "null: a person"},
      json::About{"agent_task_id", "what its agent calls it"},
      json::About{"summary", "the beginning of what it says"},
      json::About{"error", "why it came to nothing"}};
};
BOOST_DESCRIBE_STRUCT(TaskNode, (),
                      (id, parent_id, depth, kind, state, standing, created_at, since, ended_at,
                       hidden, workspace_id, name, source_id, delegation_id, agent_task_id, summary,
                       error))

struct TaskTree {
  std::vector<TaskNode> nodes;
  json::Omit<ActivityId> next;

  static constexpr std::array about{
      json::About{"nodes", "each behind its parent, with all that is below it before the next"},
      json::About{"next", "there are more: ask for them with `after`"}};
};
BOOST_DESCRIBE_STRUCT(TaskTree, (), (nodes, next))

struct Question {
  ActivityId id;
  std::int64_t seq = 0;
  WorkspaceId workspace_id;
  std::string state;
  Instant since;
  std::string summary;
  std::string task_id;
  std::string context_id;

  static constexpr std::array about{
      json::About{"id", "of the message; its activity's response_body has the question"},
      json::About{"workspace_id", "whose agent asks"},
      json::About{"state", "\"input-required\" or \"auth-required\""},
      json::About{"since", "when it came into this state"},
      json::About{"summary", "the beginning of the message"},
      json::About{"task_id", "of the agent's task; the answer is a message with it"}};
};
BOOST_DESCRIBE_STRUCT(Question, (),
                      (id, seq, workspace_id, state, since, summary, task_id, context_id))

struct QuestionPage {
  std::vector<Question> items;
  std::optional<std::int64_t> next_before_seq;

  static constexpr std::array about{
      json::About{"next_before_seq", "where the list goes on; null: it does not"}};
};
BOOST_DESCRIBE_STRUCT(QuestionPage, (), (items, next_before_seq))

}  // namespace molecule::api
