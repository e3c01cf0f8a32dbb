#include "tui/recalled.h"

#include <algorithm>
#include <set>

#include "tui/coming.h"
#include "wire/a2a/a2a.h"

namespace molecule::tui {
namespace {

using json::Node;
using json::Type;

std::string text_in(Node of, std::string_view name) {
  const Node found = of.find(name);
  return found.is(Type::string) ? std::string(found.string()) : std::string();
}

Instant time_in(Node row) { return Instant::parse(text_in(row, "created_at")).value_or(Instant()); }

// The answer that a row has, or why it has none.
std::optional<Turn> answer_in(Node row, Instant asked) {
  const Node took = row.find("duration_ms");
  const Instant at =
      took.is(Type::integer) ? asked + std::chrono::milliseconds(took.integer()) : asked;
  if (const std::string trouble = text_in(row, "error_detail"); !trouble.empty())
    return Turn{Turn::Who::note, trouble, at};
  const Node body = row.find("response_body");
  if (!body.is(Type::object)) return std::nullopt;
  std::string text = a2a::text_of(body.find("result"));
  if (text.empty()) return std::nullopt;
  return Turn{Turn::Who::agent, std::move(text), at};
}

}  // namespace

Earlier earlier(Node rows) {
  Earlier told;
  std::vector<Turn>& turns = told.turns;
  // An answer that the agent announced stands in the feed twice: as that, and with its question.
  std::set<std::string> announced;
  const std::size_t count = rows.is(Type::array) ? rows.size() : 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text_in(rows.at(i), "method") == "notify")
      announced.insert(text_in(rows.at(i).find("request_body"), "reply_to"));
  }
  for (std::size_t i = count; i > 0; --i) {
    const Node row = rows.at(i - 1);
    const Instant at = time_in(row);
    const Node data = row.find("data");
    if (text_in(row, "method") == "notify") {
      turns.push_back({Turn::Who::agent, text_in(data, "text"), at});
      continue;
    }
    if (text_in(data, "source") != "canvas_user" || text_in(data, "text").empty()) continue;
    turns.push_back({Turn::Who::person, text_in(data, "text"), at, text_in(row, "message_id"), ""});
    const auto task = a2a::seen_in(row.find("response_body").find("result"));
    told.open.reset();
    if (task && waits_for_person(task->state)) told.open = OpenTask{task->id, task->context_id};
    if (announced.contains(text_in(row, "id"))) continue;
    if (auto answer = answer_in(row, at)) turns.push_back(std::move(*answer));
  }
  // An answer took its time, so it stands behind what was said meanwhile.
  for (std::size_t i = 1; i < turns.size(); ++i) {
    const auto place = std::ranges::upper_bound(
        turns.begin(), turns.begin() + static_cast<std::ptrdiff_t>(i), turns[i].at, {}, &Turn::at);
    std::rotate(place, turns.begin() + static_cast<std::ptrdiff_t>(i),
                turns.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
  if (told.open) turns.push_back({Turn::Who::note, "it waits for an answer", turns.back().at});
  return told;
}

}  // namespace molecule::tui
