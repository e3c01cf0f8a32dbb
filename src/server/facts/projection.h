// What a process keeps in memory of what the store holds: a projection of the log. It is read once,
// at start, and from then on only facts change it, each once and in the order of the log. Nothing
// else can: what changes it is for the record alone to call.
//
//   class Directory final : public facts::Projection { … };
//   record.join(directory);          // At start, in the order in which they are to be read.
//   co_await record.load();
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <variant>

#include "base/instant.h"
#include "base/raw_json.h"
#include "platform/json/json.h"
#include "platform/sql/database.h"
#include "server/facts/internal.h"
#include "wire/events/payloads.h"

namespace molecule::facts {

// Of a fact: one that is told to others, or an internal one.
using Kind = std::variant<events::Type, Internal>;

// A fact as it stands on the log.
struct Fact {
  std::int64_t seq = 0;
  Instant at;
  Kind kind;
  WorkspaceId workspace;  // What it is about; nil when about no workspace.
  RawJson payload;

  template <class Payload>
  Payload read() const {
    return json::read<Payload>(payload.text, limits);
  }
  // Of payloads, which are ours: what a request may hold is one level deeper in them.
  static constexpr json::Limits limits{
      .bytes = 64u << 20, .depth = 128, .members = 200'000, .nul = json::Nul::kept};
};

class Projection {
 public:
  virtual ~Projection() = default;

 protected:
  using Place = std::move_only_function<void()>;

 private:
  friend class Record;
  // Which facts change it.
  virtual std::span<const Kind> applies() const = 0;
  // Reads the whole of it. What comes back puts it in place; called once, before any fact.
  virtual Place load(sql::Statements& statements) = 0;
  // On the store's thread, once the fact is durable and before its writer resumes: must be short.
  virtual void apply(const Fact& fact) = 0;
};

}  // namespace molecule::facts
