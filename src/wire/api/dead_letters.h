// Messages that ended without anybody's word, and what people decide about them.
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

enum class DeadLetterFate { resent, dropped };
BOOST_DESCRIBE_ENUM(DeadLetterFate, resent, dropped)

struct DeadLetter {
  ActivityId id;
  std::int64_t seq = 0;
  WorkspaceId workspace_id;
  std::optional<WorkspaceId> source_id;
  std::string standing;
  std::string summary;
  std::optional<std::string> error;
  Instant created_at;
  Instant ended_at;
  json::Omit<DeadLetterFate> fate;
  json::Omit<Instant> decided_at;
  json::Omit<std::string> decided_by;
  json::Omit<std::string> reason;
  json::Omit<ActivityId> sent_again_as;

  static constexpr std::array about{
      json::About{"source_id", "null: a person"},
      json::About{"standing",
                  "\"dead_letter\": given up after too many deliveries; or \"expired\""},
      json::About{"fate", "with decided_at, decided_by and reason, once somebody has decided"},
      json::About{"sent_again_as", "the message that it became"}};
};
BOOST_DESCRIBE_STRUCT(DeadLetter, (),
                      (id, seq, workspace_id, source_id, standing, summary, error, created_at,
                       ended_at, fate, decided_at, decided_by, reason, sent_again_as))

struct DeadLetterPage {
  std::vector<DeadLetter> items;
  std::optional<std::int64_t> next_before_seq;

  static constexpr std::array about{
      json::About{"next_before_seq", "where the list goes on; null: it does not"}};
};
BOOST_DESCRIBE_STRUCT(DeadLetterPage, (), (items, next_before_seq))

// Body of POST /dead-letters/{id}/resend and /drop.
struct DeadLetterDecision {
  std::optional<std::string> reason;

  static constexpr std::array about{json::About{"reason", "required; at most 1000 bytes"}};
};
BOOST_DESCRIBE_STRUCT(DeadLetterDecision, (), (reason))

struct DeadLetterDecided {
  ActivityId id;
  DeadLetterFate fate = DeadLetterFate::dropped;
  json::Omit<ActivityId> sent_again_as;
};
BOOST_DESCRIBE_STRUCT(DeadLetterDecided, (), (id, fate, sent_again_as))

}  // namespace molecule::api
