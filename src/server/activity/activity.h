// The activity feed: what a workspace said, heard and did, one row each. A view: rows of messages
// are read from the ledger of messages, everything else is a report, which only this slice writes.
// Both take their numbers from one sequence, so the feed has one order.
#pragma once

#include <optional>
#include <string>

#include "base/fields.h"
#include "server/messages/messages.h"
#include "wire/api/activity.h"

namespace molecule::activity {

using api::Mail;

// Every kind of row there is: what may be reported, and what only the platform writes.
inline constexpr std::array<std::string_view, 7> reportable{
    "a2a_send",        "a2a_receive",  "task_update", "agent_log",
    "skill_promotion", "memory_write", "error"};
inline constexpr std::array<std::string_view, 3> platforms_own{"delegation", "dead_letter",
                                                               "push_notification"};

// A report as it is written. Empty texts and bodies are stored as NULL.
struct NewReport {
  WorkspaceId workspace;
  std::string_view activity_type;
  std::optional<WorkspaceId> source;  // Empty: a person or the platform.
  std::optional<WorkspaceId> target;
  std::optional<WorkspaceId> author;  // Who wrote its bodies, where that is not its source.
  std::string method;
  std::string summary;
  RawJson request_body;
  RawJson response_body;
  std::optional<std::int64_t> duration_ms;
  std::string_view status = "ok";
  std::optional<std::string> error_detail;
  std::string by;  // The organisation key that reports it; empty: it is none.
};

// What a person reads in a list: at most `max` bytes, cut at a character.
std::string preview(std::string_view text, std::size_t max);

}  // namespace molecule::activity
